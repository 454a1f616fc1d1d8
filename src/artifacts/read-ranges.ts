import type { Backend, ByteRange } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { callOptions } from "../backend/call-options.ts";

const RANGE_BYTES = 4 * 1024 * 1024;

/**
 * Yields the bytes of an object of a known size in ranges of 4 MiB. Throws `CORRUPT` if the object is missing or
 * shorter, or if the last range shows that it is longer.
 */
export async function* readRanges(
  backend: Backend,
  key: string,
  size: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let offset = 0;
  do {
    const wanted = Math.min(RANGE_BYTES, size - offset);
    // The last range asks for one byte too many, to notice an object that is longer.
    const length = offset + wanted === size ? wanted + 1 : wanted;
    const bytes = await readRange(backend, key, { offset, length }, signal);
    if (bytes.byteLength !== wanted) {
      const found = bytes.byteLength > wanted ? "more" : `${offset + bytes.byteLength}`;
      throw new LedgerError("CORRUPT", `${key} should have ${size} bytes, but has ${found}`, {
        key,
        operation: "read",
      });
    }
    offset += wanted;
    if (wanted > 0) yield bytes;
  } while (offset < size);
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
