import { utf8Encoder } from "../bytes/utf8.ts";
import type { Backend, ByteStream, Entry } from "../backend/backend.ts";
import { hold } from "./assertions.ts";
import { contract } from "./contract.ts";

/** Returns `length` bytes that look random and depend only on `seed`. */
export function sample(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = (seed * 0x9e3779b1) | 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer).slice(0, length);
}

export function text(value: string): Uint8Array<ArrayBuffer> {
  return utf8Encoder().encode(value);
}

/** Returns a stream of these chunks. It throws `failure`, if given, after the last one. */
export function streamOf(
  chunks: readonly Uint8Array[],
  options: { size?: number; failure?: unknown } = {},
): ByteStream {
  async function* generate(): AsyncGenerator<Uint8Array, void, undefined> {
    yield* chunks;
    if ("failure" in options) throw options.failure;
  }
  const chunksOnce = generate();
  const stream = { [Symbol.asyncIterator]: () => chunksOnce };
  return options.size === undefined ? stream : Object.assign(stream, { size: options.size });
}

/** Returns `bytes` in chunks of `length`. */
export function chunked(bytes: Uint8Array, length: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += length) chunks.push(bytes.slice(at, at + length));
  return chunks;
}

/** Returns a stream that yields one chunk, then waits until `release` is called. `reached` resolves when it waits. */
export function pausedStream(
  first: Uint8Array,
  rest: Uint8Array,
  size?: number,
): { body: ByteStream; reached: Promise<void>; release: () => void } {
  const reached = deferred<void>();
  const gate = deferred<void>();
  async function* generate(): AsyncGenerator<Uint8Array, void, undefined> {
    yield first;
    reached.resolve();
    await gate.promise;
    yield rest;
  }
  const chunks = generate();
  const stream = { [Symbol.asyncIterator]: () => chunks };
  const body = size === undefined ? stream : Object.assign(stream, { size });
  return { body, reached: reached.promise, release: gate.resolve };
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Returns every entry of a list, with only the members that the contract names. */
export async function listAll(backend: Backend, prefix: string, startAfter?: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  let last: string | undefined;
  for await (const { key, size } of backend.list(prefix, startAfter === undefined ? {} : { startAfter })) {
    // Checked here, because a list that starts again would never end.
    hold(
      last === undefined || key > last,
      contract.listOrder,
      () => `list yields ${JSON.stringify(key)} after ${JSON.stringify(last)}`,
    );
    last = key;
    entries.push({ key, size });
  }
  return entries;
}

/** Returns the keys of a list, in the order of the list. */
export async function keysOf(backend: Backend, prefix: string, startAfter?: string): Promise<string[]> {
  return (await listAll(backend, prefix, startAfter)).map((entry) => entry.key);
}

/** Creates an object of one byte under each key, several at a time. */
export async function createAll(backend: Backend, keys: readonly string[], atOnce = 16): Promise<void> {
  const byte = Uint8Array.of(1);
  const pending = keys[Symbol.iterator]();
  async function work(): Promise<void> {
    for (const key of pending) await backend.create(key, byte);
  }
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** Resolves after timers and I/O have had their turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}
