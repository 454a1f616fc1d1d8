import type { Clock } from "../../../src/platform/clock.ts";
import type { S3Backend, S3BackendOptions } from "../../../src/backends/s3/index.ts";
import { s3Backend } from "../../../src/backends/s3/index.ts";
import type { FakeS3Options, S3Call } from "../../servers/fake-s3.ts";
import { FAKE_KEYS, FakeS3 } from "../../servers/fake-s3.ts";

/** A clock whose sleeps take no time but are counted, and advance it. */
export function quickClock(
  start: number = Date.now(),
): Partial<Clock> & { readonly slept: number[]; advance(ms: number): void } {
  let passed = 0;
  const slept: number[] = [];
  return {
    slept,
    advance: (ms) => void (passed += ms),
    now: () => start + passed,
    monotonic: () => passed,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      slept.push(ms);
      passed += ms;
      await Promise.resolve();
    },
  };
}

/** Options for a backend on the fake. Sleeps take no time, and the pauses have their greatest length. */
export function onFake(fake: FakeS3, more: Partial<S3BackendOptions> = {}): S3BackendOptions {
  const base = {
    endpoint: "http://localhost:9000",
    region: "us-east-1",
    bucket: "bucket",
    credentials: FAKE_KEYS,
    fetch: fake.fetch,
  };
  return { ...base, clock: quickClock(), random: () => 1, ...more };
}

/** A fake, and a backend on it that has probed already or need not. */
export async function place(
  fakeOptions: FakeS3Options = {},
  options: Partial<S3BackendOptions> = {},
): Promise<{ fake: FakeS3; backend: S3Backend }> {
  const fake = new FakeS3(fakeOptions);
  const conditionalWrites = fakeOptions.ifNoneMatch === undefined ? "atomic" : undefined;
  const backend = s3Backend(onFake(fake, { conditionalWrites, ...options }));
  await backend.probe();
  fake.calls.length = 0;
  return { fake, backend };
}

export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

export function bytes(size: number, seed = 1): Uint8Array {
  const out = new Uint8Array(size);
  let state = seed;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out[i] = state >>> 24;
  }
  return out;
}

export const isPut = ({ method }: S3Call): boolean => method === "PUT";
export const isGet = ({ method }: S3Call): boolean => method === "GET";
export const isPart = ({ query }: S3Call): boolean => query.has("partNumber");
export const isComplete = ({ method, query }: S3Call): boolean => method === "POST" && query.has("uploadId");

/** Returns the error with which a promise rejects. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => {
      throw new Error("it was to fail");
    },
    (error: unknown) => error,
  );
}

/** All of a listing. */
export async function keys(backend: S3Backend, prefix = "", startAfter?: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of backend.list(prefix, startAfter === undefined ? {} : { startAfter })) found.push(key);
  return found;
}

/** The faults on the way to a store and back, by their names in the fake and in the fault proxy. */
export const FAULTS = [
  "lost-ack",
  "late",
  "reset",
  "error-before",
  "error-after",
  "bare-503-after",
  "slow-down",
  "cut-body",
] as const;

/** Keys that are valid and that careless clients store under other names. */
export const ODD_KEYS = [
  "a+b",
  "q'()!",
  "sp ace/x",
  "100%25",
  "q#x&y=z",
  "ü/😀",
  "a=b&c;d,e@f$g",
  "&amp;",
  "'",
  "%2e%2e/x",
  "~`^{}[]",
] as const;
