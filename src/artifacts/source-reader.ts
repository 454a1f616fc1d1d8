import { isBytes, isError } from "../platform/any-realm.ts";
import { abortable } from "../platform/abort.ts";
import { LedgerError, describeType } from "../errors/ledger-error.ts";
import type { Sha256 } from "../bytes/digest.ts";
import type { Content } from "./source.ts";

/** Smaller chunks are put together: each step through the streams on the way costs some microseconds. */
const GATHER_BELOW = 32 * 1024;
const GATHER_BYTES = 256 * 1024;

/**
 * Reads chunks that come from people's code: checks them, stops at once when aborted, and keeps the failure apart from those of the
 * backend the chunks go to. Small chunks are put together.
 */
export class SourceReader {
  readonly #signal: AbortSignal | undefined;
  readonly #iterator: AsyncIterator<Uint8Array> | undefined;
  #gather: Uint8Array | undefined;
  /** A chunk that found no room among the gathered ones. */
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

  /** Why reading failed, if it did: more to the point than what a backend makes of it. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** The next chunk that is not empty, or `undefined` at the end. The chunk is valid until the next call. */
  async next(): Promise<Uint8Array | undefined> {
    if (this.#failure !== undefined) throw this.#failure.error;
    let gathered = 0;
    try {
      for (let chunk = this.#kept ?? (await this.#pull()); chunk !== undefined; chunk = await this.#pull()) {
        this.#kept = undefined;
        if (gathered === 0 && chunk.byteLength >= GATHER_BELOW) return chunk;
        this.#gather ??= new Uint8Array(GATHER_BYTES);
        if (gathered + chunk.byteLength > GATHER_BYTES) {
          this.#kept = chunk;
          break;
        }
        this.#gather.set(chunk, gathered);
        gathered += chunk.byteLength;
      }
      return gathered === 0 ? undefined : this.#gather?.subarray(0, gathered);
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

  /** Records a failure met while handling a chunk, and gives it as it is to be thrown. */
  fail(error: unknown): unknown {
    if (this.#failure === undefined) {
      if (this.#signal?.aborted === true) this.#failure = { error: this.#signal.reason };
      else this.#failure = { error: sourceFailed(error) };
    }
    return this.#failure.error;
  }

  /** Lets go of the source. Nothing is waited for: a source that hangs must not hang us. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    try {
      this.#iterator?.return?.().then(undefined, () => {});
    } catch {
      // A source that cannot be closed is left to itself.
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

/** An error of people's code, as one of ours. */
export function sourceFailed(cause: unknown): LedgerError {
  if (LedgerError.is(cause)) return cause;
  const why = isError(cause) ? cause.message : describeType(cause);
  return new LedgerError("IO", `the source of the artifact failed: ${why}`, {
    field: "source",
    operation: "read",
    cause,
  });
}

/** What a second reading must give. `key` is that of a stored object, when it is one that is read. */
interface Check {
  readonly hash: Sha256;
  readonly hex: string;
  readonly key?: string;
}

/** Yields exactly `size` bytes. Looks at the digest before the last chunk goes out, so that a wrong content is never stored whole. */
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

/** Hands every chunk to `take`. `CONFLICT` unless they are `size` bytes together. */
export async function drain(reader: SourceReader, take: (chunk: Uint8Array) => void, size: number): Promise<void> {
  try {
    let bytes = 0;
    for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) {
      bytes += chunk.byteLength;
      if (bytes > size) break;
      take(chunk);
    }
    if (bytes !== size) throw changed();
  } finally {
    reader.close();
  }
}

/** All bytes of a content that can be opened again. `CONFLICT` when it is not as long as it said. */
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
