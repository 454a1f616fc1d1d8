import { isBytes } from "../platform/any-realm.ts";
import type { Backend, Entry } from "../backend/backend.ts";
import { type Operation, intercept, observeBody } from "./intercept.ts";

/** The number of entries that one request of a listing returns, as in S3. */
const PAGE = 1000;

/** The use of a backend: calls by operation, requests and bytes. */
export interface Counters extends Record<Operation, number> {
  /**
   * The requests that an object store would charge for: one for each call; for a list, one for each 1000 entries that
   * it yielded, and at least one.
   */
  requests: number;
  /** The bytes that `create` and `append` took. */
  bytesIn: number;
  /** The bytes that `read` returned. */
  bytesOut: number;
}

/** A backend that counts the calls it gets. */
export interface CountingBackend extends Backend {
  /** The calls by operation, and the bytes they moved. Failed calls count too. */
  readonly counters: Readonly<Counters>;
  /** Sets every counter to 0. */
  reset(): void;
}

/** Returns a backend that passes calls on to `inner` and counts them. */
export function countingBackend(inner: Backend): CountingBackend {
  const counters = zero();
  const backend = intercept(inner, {
    async call(call, proceed) {
      counters[call.operation]++;
      counters.requests++;
      const counted = call.body && observeBody(call.body, (chunk) => void (counters.bytesIn += chunk.byteLength));
      const result = await proceed(counted);
      if (isBytes(result)) counters.bytesOut += result.byteLength;
      return result;
    },
    list(_call, proceed) {
      counters.list++;
      counters.requests++;
      return counted(proceed(), counters);
    },
  });
  return Object.assign(backend, { counters, reset: () => void Object.assign(counters, zero()) });
}

async function* counted(entries: AsyncIterable<Entry>, counters: Counters): AsyncGenerator<Entry> {
  let given = 0;
  for await (const entry of entries) {
    if (given > 0 && given % PAGE === 0) counters.requests++;
    given++;
    yield entry;
  }
}

function zero(): Counters {
  return { create: 0, read: 0, stat: 0, list: 0, remove: 0, append: 0, move: 0, requests: 0, bytesIn: 0, bytesOut: 0 };
}
