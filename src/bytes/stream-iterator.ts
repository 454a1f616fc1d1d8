import { describeType, LedgerError } from "../errors/ledger-error.ts";

/**
 * Returns an iterator over the items of a stream of the caller. Uses `getReader`, because Safari's streams cannot be
 * iterated. Locks the stream at once. Throws `INVALID_ARGUMENT` if it has another reader.
 */
export function streamIterator<T>(stream: ReadableStream<T>): AsyncIterator<T, undefined> {
  const reader = openReader(stream);
  return {
    next: async () => {
      const { done, value } = await reader.read();
      return done ? { done: true, value: undefined } : { done: false, value };
    },
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

function openReader<T>(stream: ReadableStream<T>): ReadableStreamDefaultReader<T> {
  try {
    return stream.getReader();
  } catch (cause) {
    throw new LedgerError("INVALID_ARGUMENT", "source must be a stream without another reader, but is locked", {
      field: "source",
      received: describeType(stream),
      cause,
    });
  }
}
