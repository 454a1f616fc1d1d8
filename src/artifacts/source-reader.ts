import { isBytes, messageOf } from "../platform/any-realm.ts";
import { abortable } from "../platform/abort.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import { LedgerError, describeType } from "../errors/ledger-error.ts";
import type { Sha256 } from "../bytes/digest.ts";
import type { Content } from "./source.ts";

/** Smaller chunks are joined, because each step through a stream costs some microseconds. */
const GATHER_BELOW = 32 * 1024;
const GATHER_BYTES = 256 * 1024;

/**
 * Reads chunks that the caller's code yields. Checks them, joins small ones, stops at once when aborted, and keeps the
 * source's failure apart from failures of the backend.
 */
export class SourceReader {
  readonly #signal: AbortSignal | undefined;
  readonly #iterator: AsyncIterator<Uint8Array> | undefined;
  /** Where small chunks are joined. Made for the second small chunk, because most small files have only one. */
  #gather: Uint8Array | undefined;
  /** A chunk that did not fit among the joined ones. */
  #kept: Uint8Array | undefined;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(open: () => AsyncIterable<Uint8Array>, signal: AbortSignal | undefined) {
    this.#signal = signal;
    try {
      this.#iterator = open()[Symbol.asyncIterator]();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Why reading failed, if it did. It says more than the error that a backend then throws. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Returns the next chunk that is not empty, or `undefined` at the end. The chunk is valid until the next call. */
  async next(): Promise<Uint8Array | undefined> {
    if (this.#failure !== undefined) throw this.#failure.error;
    let gathered = 0;
    let only: Uint8Array | undefined;
    try {
      for (let chunk = this.#kept ?? (await this.#pull()); chunk !== undefined; chunk = await this.#pull()) {
        this.#kept = undefined;
        if (gathered === 0 && chunk.byteLength >= GATHER_BELOW) return chunk;
        if (chunk.byteLength === 0) continue;
        if (gathered + chunk.byteLength > GATHER_BYTES) {
          this.#kept = chunk;
          break;
        }
        // A copy, because the source may reuse the memory of a chunk when it is asked for the next one.
        if (gathered === 0 && this.#gather === undefined) only = new Uint8Array(chunk);
        else {
          this.#gather ??= new Uint8Array(GATHER_BYTES);
          if (only !== undefined) this.#gather.set(only);
          only = undefined;
          this.#gather.set(chunk, gathered);
        }
        gathered += chunk.byteLength;
      }
      return gathered === 0 ? undefined : (only ?? this.#gather?.subarray(0, gathered));
    } catch (error) {
      throw this.fail(error);
    }
  }

  async #pull(): Promise<Uint8Array | undefined> {
    if (this.#ended || this.#iterator === undefined) return undefined;
    this.#signal?.throwIfAborted();
    const result = await abortable(Promise.resolve(this.#iterator.next()), this.#signal);
    if (result.done === true) {
      this.#ended = true;
      return undefined;
    }
    const chunk: unknown = result.value;
    if (!isBytes(chunk)) throw noChunk(chunk);
    return chunk;
  }

  /** Records a failure while a chunk was handled, and returns the error to throw. */
  fail(error: unknown): unknown {
    if (this.#failure === undefined) {
      if (this.#signal?.aborted === true) this.#failure = { error: this.#signal.reason };
      else this.#failure = { error: sourceFailed(error) };
    }
    return this.#failure.error;
  }

  /** Closes the source without waiting for it, because a source may hang. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    try {
      this.#iterator?.return?.().then(undefined, () => {});
    } catch {
      // Nothing depends on whether the source can be closed.
    }
  }
}

function noChunk(value: unknown): LedgerError {
  const received = describeType(value);
  return new LedgerError("INVALID_ARGUMENT", `source must yield Uint8Array chunks, but yields ${received}`, {
    field: "source",
    received,
  });
}

/** Returns an error of the caller's source as a `LedgerError`. */
export function sourceFailed(cause: unknown): LedgerError {
  if (LedgerError.is(cause)) return cause;
  const why = messageOf(cause, describeType(cause));
  return new LedgerError("IO", `the source of the artifact failed: ${why}`, {
    field: "source",
    operation: "read",
    cause,
  });
}

/** The bytes that a second reading must yield. `key` is the key of the object that is read, if it is a stored one. */
interface Check {
  readonly hash: Sha256;
  readonly hex: string;
  readonly key?: string;
}

/**
 * Yields exactly `size` bytes, or throws. Checks the digest before it yields the last chunk, so that no wrong content
 * is stored whole.
 */
export async function* checked(
  reader: SourceReader,
  size: number,
  check: Check | undefined,
  tell?: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) {
    bytes += chunk.byteLength;
    if (bytes > size) throw reader.fail(changed(check?.key));
    check?.hash.update(chunk);
    await breakIfDue();
    if (bytes === size && check !== undefined && check.hash.digestHex() !== check.hex)
      throw reader.fail(changed(check.key));
    yield chunk;
    try {
      tell?.(chunk.byteLength);
    } catch (error) {
      throw reader.fail(error);
    }
  }
  if (bytes < size) throw reader.fail(changed(check?.key));
}

/** Passes every chunk to `take`. Rejects with `CONFLICT` unless they have `size` bytes in all. */
export async function drain(reader: SourceReader, take: (chunk: Uint8Array) => void, size: number): Promise<void> {
  try {
    let bytes = 0;
    for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) {
      bytes += chunk.byteLength;
      if (bytes > size) break;
      take(chunk);
      // Chunks of what is in memory come without any pause.
      await breakIfDue();
    }
    if (bytes !== size) throw changed();
  } finally {
    reader.close();
  }
}

/**
 * Returns all bytes of a content that can be opened again. Rejects with `CONFLICT` if it does not have its stated size.
 */
export async function readWhole(
  content: Content & { kind: "reopenable" },
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(content.size);
  let at = 0;
  const take = (chunk: Uint8Array): void => {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  };
  await drain(new SourceReader(() => content.open(signal), signal), take, content.size);
  return bytes;
}

function changed(key?: string): LedgerError {
  if (key !== undefined)
    return new LedgerError("CORRUPT", `${key} does not hold the bytes that were written to it`, { key });
  return new LedgerError("CONFLICT", "the source changed while it was read; nothing of it was stored", {
    field: "source",
  });
}
