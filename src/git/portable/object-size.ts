/** Deflate makes bytes at most this many times smaller. */
const MAX_RATIO = 1032;

/**
 * Resolves to whether deflated bytes inflate to at most `max` bytes. Keeps none of them. Assumes that they do where the
 * platform cannot inflate a stream.
 */
export async function inflatesWithin(deflated: Uint8Array, max: number): Promise<boolean> {
  if (deflated.length * MAX_RATIO <= max || typeof DecompressionStream === "undefined") return true;
  const stream = new Blob([deflated as Uint8Array<ArrayBuffer>]).stream();
  const reader = stream.pipeThrough(new DecompressionStream("deflate")).getReader();
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return true;
      size += value.length;
      if (size > max) {
        await reader.cancel();
        return false;
      }
    }
  } catch {
    return false; // Damaged.
  }
}
