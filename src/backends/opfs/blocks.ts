import { concatBytes } from "../../backend/body.ts";

/** Streams are stored in blocks of this size, in bytes. */
export const BLOCK_BYTES: number = 1024 * 1024;

/** Yields copies of the bytes: whole blocks, and what is left. Yields one empty block for an empty stream. */
export async function* inBlocks(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let parts: Uint8Array[] = [];
  let size = 0;
  let isEmpty = true;
  const block = (): Uint8Array<ArrayBuffer> => concatBytes(parts, size) as Uint8Array<ArrayBuffer>;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.byteLength;) {
      const part = new Uint8Array(chunk.subarray(at, at + BLOCK_BYTES - size));
      parts.push(part);
      size += part.byteLength;
      at += part.byteLength;
      if (size < BLOCK_BYTES) continue;
      yield block();
      isEmpty = false;
      parts = [];
      size = 0;
    }
  }
  if (size > 0 || isEmpty) yield block();
}
