import { isBytes } from "../platform/any-realm.ts";
import type { Backend, Entry } from "../backend/backend.ts";
import { type Operation, intercept, observeBody } from "./intercept.ts";

/** Entries that one request of a listing gives, as S3 counts. */
const PAGE = 1000;

/** How much a backend was used: calls by operation, requests and bytes. */
export interface Counters extends Record<Operation, number> {
  /** What an object store would charge for: every call one, a list one for each 1000 entries it gave, at least one. */
  requests: number;
  /** Bytes taken by `create` and `append`. */
  bytesIn: number;
  /** Bytes given by `read`. */
  bytesOut: number;
}

/** A backend that counts the calls it gets. */
export interface CountingBackend extends Backend {
  /** Calls by operation, and what they moved. Failed calls count too. */
  readonly counters: Readonly<Counters>;
  /** Sets every counter to 0. */
  reset(): void;
}

/** `inner`, and how often and how much it is used. */
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
