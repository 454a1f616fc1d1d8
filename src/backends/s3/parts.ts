import type { Body } from "../../backend/backend.ts";
import { bodyChunks, bodySize } from "../../backend/body.ts";
import { untilAborted } from "./abort.ts";

/** A piece of a body, in a buffer of its own. */
export interface Part {
  readonly bytes: Uint8Array;
  readonly last: boolean;
}

const FIRST_BUFFER = 64 * 1024;

/** A body in parts of `limit` bytes, the last one shorter or empty. Holds one part at a time; always gives at least one. */
export async function* partsOf(body: Body, limit: number, signal: AbortSignal): AsyncGenerator<Part, void, undefined> {
  const chunks = bodyChunks(body, signal);
  let buffer = new Uint8Array(Math.min(limit, bodySize(body) ?? FIRST_BUFFER));
  let filled = 0;
  try {
    for (;;) {
      const next = await untilAborted(chunks.next(), signal);
      if (next.done === true) break;
      const chunk = next.value;
      for (let at = 0; at < chunk.byteLength;) {
        if (filled === limit) {
          yield { bytes: buffer, last: false };
          buffer = new Uint8Array(limit);
          filled = 0;
        }
        const count = Math.min(limit - filled, chunk.byteLength - at);
        if (filled + count > buffer.byteLength)
          buffer = grown(buffer, filled, Math.min(limit, Math.max(2 * buffer.byteLength, filled + count)));
        buffer.set(chunk.subarray(at, at + count), filled);
        filled += count;
        at += count;
      }
    }
    yield { bytes: buffer.subarray(0, filled), last: true };
  } finally {
    // Not waited for: a source that hangs would hold up an abort.
    chunks.return().catch(() => {});
  }
}

function grown(buffer: Uint8Array, filled: number, size: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(size);
  larger.set(buffer.subarray(0, filled));
  return larger;
}
