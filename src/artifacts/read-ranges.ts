import type { Backend, ByteRange } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { callOptions } from "../backend/call-options.ts";

const RANGE_BYTES = 4 * 1024 * 1024;

/** A part of an object: from one byte to before another. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/**
 * Yields the bytes of an object of a known size, or of a part of it, in ranges of 4 MiB. Throws `CORRUPT` if the object
 * is missing or shorter, or if the last range of the object shows that it is longer.
 */
export async function* readRanges(
  backend: Backend,
  key: string,
  size: number,
  signal: AbortSignal | undefined,
  { start, end }: Part = { start: 0, end: size },
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = start;
  do {
    const next = Math.min(at + RANGE_BYTES, end);
    const bytes = await readPart(backend, key, size, { start: at, end: next }, signal);
    at = next;
    if (bytes.byteLength > 0) yield bytes;
  } while (at < end);
}

/** Returns a part of an object of a known size, with one request. Rejects as {@link readRanges} throws. */
export async function readPart(
  backend: Backend,
  key: string,
  size: number,
  { start, end }: Part,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const wanted = end - start;
  // The last part asks for one byte too many, to notice an object that is longer.
  const length = end === size ? wanted + 1 : wanted;
  const bytes = await readRange(backend, key, { offset: start, length }, signal);
  if (bytes.byteLength === wanted) return bytes;
  const found = bytes.byteLength > wanted ? "more" : `${start + bytes.byteLength}`;
  throw new LedgerError("CORRUPT", `${key} should have ${size} bytes, but has ${found}`, { key, operation: "read" });
}

/** Returns bytes of an object. Rejects with `CORRUPT` if the object is missing. */
export async function readRange(
  backend: Backend,
  key: string,
  range: ByteRange,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  try {
    return await backend.read(key, { ...callOptions(signal), range });
  } catch (cause) {
    if (!LedgerError.hasCode(cause, "NOT_FOUND")) throw cause;
    throw new LedgerError("CORRUPT", `${key} is missing`, { key, operation: "read", cause });
  }
}
