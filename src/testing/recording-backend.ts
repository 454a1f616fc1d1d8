import { isBytes } from "../platform/any-realm.ts";
import type { Backend, ByteRange, Entry } from "../backend/backend.ts";
import { concatBytes } from "../backend/body.ts";
import { type Call, type Operation, intercept, observeBody } from "./intercept.ts";

/** One call and how it ended. */
export interface RecordedCall {
  /** What was called. */
  readonly operation: Operation;
  /** The key. For `list` the prefix, for `move` the old key. */
  readonly key: string;
  /** The new key of a `move`. */
  readonly to?: string;
  /** The range of a `read`. */
  readonly range?: ByteRange;
  /** The `startAfter` of a `list`. */
  readonly startAfter?: string;
  /** `true` if `create` or `append` had to survive a power cut. */
  readonly durable?: true;
  /** The size that `append` expected, in bytes. */
  readonly at?: number;
  /** A copy of the bytes that `create` or `append` got. For a stream, the bytes read so far. */
  readonly bytes?: Uint8Array;
  /** The value to which the call resolved: for `read` a copy of the bytes, for `list` the entries yielded so far. */
  result?: unknown;
  /** The error with which the call rejected. */
  error?: unknown;
}

/** A backend that keeps a record of the calls it gets. */
export interface RecordingBackend extends Backend {
  /** Every call, in order, since the start or since the array was emptied. */
  readonly calls: RecordedCall[];
}

/** Returns a backend that passes calls on to `inner` and records them. */
export function recordingBackend(inner: Backend): RecordingBackend {
  const calls: RecordedCall[] = [];
  const record = ({ operation, key, to, range, startAfter, durable, at }: Call): RecordedCall => {
    const made: RecordedCall = {
      operation,
      key,
      ...(to !== undefined && { to }),
      ...(range && { range }),
      ...(startAfter !== undefined && { startAfter }),
      ...(durable && { durable }),
      ...(at !== undefined && { at }),
    };
    calls.push(made);
    return made;
  };
  const backend = intercept(inner, {
    async call(call, proceed) {
      const made = record(call);
      const { body } = call;
      try {
        const result = await proceed(body && observeBody(body, recordBytes(made)));
        if (result !== undefined) made.result = isBytes(result) ? new Uint8Array(result) : result;
        return result;
      } catch (error) {
        made.error = error;
        throw error;
      }
    },
    list(call, proceed) {
      const made = record(call);
      return recorded(made, proceed);
    },
  });
  return Object.assign(backend, { calls });
}

async function* recorded(made: RecordedCall, proceed: () => AsyncIterable<Entry>): AsyncGenerator<Entry> {
  const entries: Entry[] = [];
  made.result = entries;
  try {
    for await (const entry of proceed()) {
      entries.push(entry);
      yield entry;
    }
  } catch (error) {
    made.error = error;
    throw error;
  }
}

/** Joins the chunks only when `bytes` is read, because a stream may have many. */
function recordBytes(made: RecordedCall): (chunk: Uint8Array) => void {
  const chunks: Uint8Array[] = [];
  Object.defineProperty(made, "bytes", { get: () => concatBytes(chunks), enumerable: true });
  return (chunk) => void chunks.push(new Uint8Array(chunk));
}
