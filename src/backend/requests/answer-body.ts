import { concatBytes } from "../body.ts";

/** The body of a response is shorter than stated. The request can be repeated. */
export class CutShort extends Error {}
/** The body of a response is longer than allowed. */
export class TooLong extends Error {}

/**
 * Returns the whole body of a response, and checks its Content-Length. Rejects with {@link CutShort} or
 * {@link TooLong}. Calls `progress` for each chunk.
 */
export async function readBody(response: Response, maxBytes: number, progress: () => void): Promise<Uint8Array> {
  const stated = response.headers.get("content-encoding") === null ? statedLength(response.headers) : undefined;
  if (stated !== undefined && stated > maxBytes) {
    await dropBody(response);
    throw new TooLong();
  }
  const chunks: Uint8Array[] = [];
  let total = 0;
  if (response.body !== null) {
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      progress();
      chunks.push(value);
      total += value.byteLength;
      if (total > maxBytes) {
        reader.cancel().catch(() => {});
        throw new TooLong();
      }
    }
  }
  if (stated !== undefined && total !== stated) throw new CutShort();
  return concatBytes(chunks, total);
}

/** Reads a body and returns its length. */
export async function countBody(response: Response, progress: () => void): Promise<number> {
  if (response.body === null) return 0;
  const reader = response.body.getReader();
  for (let total = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return total;
    progress();
    total += value.byteLength;
  }
}

/** Cancels a body that is not needed. */
export async function dropBody(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => {});
}

/** Returns the Content-Length header, if it is valid. */
export function statedLength(headers: Headers): number | undefined {
  const value = headers.get("content-length");
  return value !== null && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}
