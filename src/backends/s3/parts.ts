import type { Body } from "../../backend/backend.ts";
import { bodyChunks, bodySize } from "../../backend/body.ts";

/** A part of a body in a buffer of its own. */
export interface Part {
  readonly bytes: Uint8Array;
  readonly last: boolean;
  /** Allows the buffer to be reused for a later part. */
  done(): void;
}

const FIRST_BUFFER = 64 * 1024;

/**
 * Yields a body in parts of `limit` bytes. The last part may be shorter or empty. Yields at least one. Keeps one
 * part in memory at a time. Errors name `key`.
 */
export async function* partsOf(
  body: Body,
  limit: number,
  signal: AbortSignal,
  key: string,
): AsyncGenerator<Part, void, undefined> {
  let buffer = new Uint8Array(Math.min(limit, bodySize(body) ?? FIRST_BUFFER));
  let filled = 0;
  const free: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of bodyChunks(body, signal, key)) {
    for (let at = 0; at < chunk.byteLength;) {
      if (filled === limit) {
        const full = buffer;
        yield { bytes: full, last: false, done: () => void free.push(full) };
        // Reuses a buffer. Otherwise memory would grow by a part each time until they are collected.
        buffer = free.pop() ?? new Uint8Array(limit);
        filled = 0;
      }
      const count = Math.min(limit - filled, chunk.byteLength - at);
      const needed = filled + count;
      if (needed > buffer.byteLength) buffer = grown(buffer, Math.min(limit, Math.max(2 * buffer.byteLength, needed)));
      buffer.set(chunk.subarray(at, at + count), filled);
      filled = needed;
      at += count;
    }
  }
  yield { bytes: buffer.subarray(0, filled), last: true, done: () => {} };
}

function grown(buffer: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(size);
  larger.set(buffer);
  return larger;
}
