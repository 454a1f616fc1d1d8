import { describeType, LedgerError } from "../errors/ledger-error.ts";
import { streamIterator } from "../bytes/stream-iterator.ts";
import { abortable } from "../platform/abort.ts";
import { isBytes, messageOf } from "../platform/any-realm.ts";

/** A stream of the caller whose first item tells what it yields. */
export class OpenedStream {
  readonly #iterator: AsyncIterator<unknown>;
  readonly #signal: AbortSignal | undefined;
  readonly #first: IteratorResult<unknown>;

  private constructor(
    iterator: AsyncIterator<unknown>,
    first: IteratorResult<unknown>,
    signal: AbortSignal | undefined,
  ) {
    this.#iterator = iterator;
    this.#first = first;
    this.#signal = signal;
  }

  static async open(
    source: AsyncIterable<unknown> | ReadableStream<unknown>,
    signal: AbortSignal | undefined,
  ): Promise<OpenedStream> {
    const iterator = "getReader" in source ? streamIterator(source) : source[Symbol.asyncIterator]();
    return new OpenedStream(iterator, await nextOf(iterator, signal), signal);
  }

  /** Whether the stream yields bytes, or nothing. */
  get isOfBytes(): boolean {
    return this.#first.done === true || isBytes(this.#first.value);
  }

  /** Yields all items, the first included. Closes the stream at the end. */
  async *all(): AsyncGenerator<unknown, void, undefined> {
    let hasEnded = false;
    try {
      for (let item = this.#first; item.done !== true; item = await nextOf(this.#iterator, this.#signal))
        yield item.value;
      hasEnded = true;
    } finally {
      if (!hasEnded) this.close();
    }
  }

  /** Closes the stream without waiting for it, because a stream may hang. */
  close(): void {
    try {
      this.#iterator.return?.().then(undefined, () => {});
    } catch {
      // Nothing depends on whether the stream can be closed.
    }
  }
}

async function nextOf(
  iterator: AsyncIterator<unknown>,
  signal: AbortSignal | undefined,
): Promise<IteratorResult<unknown>> {
  try {
    return await abortable(Promise.resolve(iterator.next()), signal);
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    if (LedgerError.is(cause)) throw cause;
    const message = `the source of the data set failed: ${messageOf(cause, describeType(cause))}`;
    throw new LedgerError("IO", message, { field: "source", operation: "read", cause });
  }
}
