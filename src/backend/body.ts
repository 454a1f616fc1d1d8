import { isBytes } from "../platform/any-realm.ts";
import { abortable } from "../platform/abort.ts";
import type { Body, ByteRange, ByteStream } from "./backend.ts";
import { LedgerError, invalidArgument } from "../errors/ledger-error.ts";

/** Returns the exact size of a body in bytes, or `undefined` if it is not known beforehand. */
export function bodySize(body: Body): number | undefined {
  return isBytes(body) ? body.byteLength : body.size;
}

/**
 * Yields the chunks of a body, none of them empty. Throws `INVALID_ARGUMENT` if a chunk is not a `Uint8Array`, or if
 * the total differs from the stated size. Stops with the signal's reason when the signal is aborted, even while the
 * stream stands still. An error of the stream itself is passed on unchanged. Errors that are made here name `key`.
 */
export async function* bodyChunks(
  body: Body,
  signal?: AbortSignal,
  key?: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  signal?.throwIfAborted();
  if (isBytes(body)) {
    if (body.byteLength > 0) yield body;
    return;
  }
  const size = body.size;
  const chunks = body[Symbol.asyncIterator]();
  let total = 0;
  let open = true;
  try {
    for (;;) {
      const step = await abortable(Promise.resolve(chunks.next()), signal).catch((error: unknown) => {
        open = signal?.aborted === true; // A stream that failed has closed itself. After an abort it has not.
        throw error;
      });
      if (step.done === true) {
        open = false;
        break;
      }
      signal?.throwIfAborted();
      const chunk: unknown = step.value;
      if (!isBytes(chunk)) throw wrongBody(invalidArgument("body", "a stream of Uint8Array", chunk), key);
      total += chunk.byteLength;
      if (size !== undefined && total > size) throw wrongSize(size, total, key);
      if (chunk.byteLength > 0) yield chunk;
    }
    if (size !== undefined && total !== size) throw wrongSize(size, total, key);
  } finally {
    if (open) await stopStream(chunks, signal?.aborted === true);
  }
}

/** Closes a stream. With `leave`, does not wait for it, because it may never answer. */
async function stopStream(chunks: AsyncIterator<Uint8Array>, leave: boolean): Promise<void> {
  const told = (async (): Promise<void> => {
    await chunks.return?.();
  })().catch(() => {});
  if (!leave) await told;
}

function wrongSize(stated: number, actual: number, key: string | undefined): LedgerError {
  const how = actual > stated ? `more than the ${stated}` : `${actual} of the ${stated}`;
  return new LedgerError("INVALID_ARGUMENT", `body yields ${how} bytes that its size states`, {
    field: "body.size",
    received: "number",
    key,
  });
}

function wrongBody(error: LedgerError, key: string | undefined): LedgerError {
  return new LedgerError(error.code, error.message, { field: error.field, received: error.received, key });
}

/** Returns all bytes of a body in a buffer of their own. Rejects as {@link bodyChunks} throws. */
export async function collectBody(body: Body, signal?: AbortSignal, key?: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of bodyChunks(body, signal, key)) {
    chunks.push(new Uint8Array(chunk)); // Not slice(), which does not copy for Node's Buffer.
    total += chunk.byteLength;
  }
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : concatBytes(chunks, total);
}

/** Returns the parts joined in a new buffer. */
export function concatBytes(parts: readonly Uint8Array[], total: number = sumOf(parts)): Uint8Array {
  const out = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.byteLength;
  }
  return out;
}

function sumOf(parts: readonly Uint8Array[]): number {
  let total = 0;
  for (const part of parts) total += part.byteLength;
  return total;
}

/** Returns a {@link ByteStream} over chunks, with its size if that is known. */
export function byteStream(chunks: AsyncIterable<Uint8Array>, size?: number): ByteStream {
  const stream = { [Symbol.asyncIterator]: () => chunks[Symbol.asyncIterator]() };
  return size === undefined ? stream : Object.assign(stream, { size });
}

/**
 * Returns where a range begins and ends in an object of `size` bytes. It ends at the end of the object at the latest.
 */
export function clampRange(
  range: ByteRange | undefined,
  size: number,
): {
  /** The index of the first byte. */
  start: number;
  /** The index after the last byte. */
  end: number;
} {
  if (range === undefined) return { start: 0, end: size };
  const { offset, length } = range;
  if (!Number.isSafeInteger(offset) || offset < 0)
    throw invalidArgument("range.offset", "a non-negative safe integer", offset);
  if (length !== undefined && (!Number.isSafeInteger(length) || length < 0)) {
    throw invalidArgument("range.length", "a non-negative safe integer", length);
  }
  const start = Math.min(offset, size);
  return { start, end: length === undefined ? size : Math.min(start + length, size) };
}

/** Returns whether both hold the same bytes. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  const { length } = a; // Reading it in each turn of the loop takes five times as long.
  if (length !== b.length) return false;
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false;
  return true;
}
