import { createHash } from "node:crypto";
import { ArtifactStore } from "../../src/artifacts/store.ts";
import type { Backend, Body, Capabilities } from "../../src/backend/backend.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import type { FileTree, SourceFile } from "../../src/backend/file-tree.ts";

export const MiB: number = 1024 * 1024;

export function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Bytes that differ from place to place and from seed to seed. */
export function sampleBytes(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = seed >>> 0;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

export async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}

/** A pseudo-random stream that holds nothing, one buffer used again and again. */
export async function* endless(total: number, chunk: number, seed = 1): AsyncGenerator<Uint8Array> {
  const buffer = sampleBytes(chunk, seed);
  for (let at = 0; at < total; at += chunk) {
    buffer[0] = at / chunk;
    yield buffer.subarray(0, Math.min(chunk, total - at));
  }
}

export interface Spy {
  readonly backend: Backend;
  /** `create blobs/…`, … in the order of the calls. */
  readonly calls: string[];
  keys(prefix?: string): Promise<string[]>;
}

/** A memory backend that records calls, with other capabilities if asked. */
export function spied(capabilities: Partial<Capabilities> = {}, inner: Backend = memoryBackend()): Spy {
  const calls: string[] = [];
  const backend = new Proxy(inner, {
    get(target, property) {
      if (property === "capabilities") return { ...inner.capabilities, ...capabilities };
      const member: unknown = Reflect.get(target, property, target);
      if (typeof member !== "function") return member;
      return (...args: unknown[]): unknown => {
        calls.push(`${String(property)} ${String(args[0])}`);
        return (member as (...args: unknown[]) => unknown).apply(target, args);
      };
    },
  });
  const keys = async (prefix = ""): Promise<string[]> => {
    const found: string[] = [];
    for await (const { key } of inner.list(prefix)) found.push(key);
    return found;
  };
  return { backend, calls, keys };
}

/** As `inner`, with some methods done differently. */
export function override(inner: Backend, methods: (inner: Backend) => Partial<Backend>): Backend {
  const own = methods(inner);
  return new Proxy(inner, {
    get(target, property) {
      if (Object.hasOwn(own, property)) return Reflect.get(own, property);
      const member: unknown = Reflect.get(target, property, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

let counter = 0;
export function artifacts(backend: Backend, onTrouble?: (error: LedgerError) => void): ArtifactStore {
  const clock = { ...systemClock, now: () => 1_700_000_000_000 };
  const ids = (): string => `id${(counter++).toString(36).padStart(8, "0")}`;
  return new ArtifactStore({
    backend,
    clock,
    ids,
    readTable: () => Promise.reject(new Error("no tables here")),
    ...(onTrouble === undefined ? {} : { onTrouble }),
  });
}

/** Files of a tree, by path. */
export function fileTree(files: Record<string, Uint8Array | string | SourceFile>, single = false): FileTree {
  return {
    kind: "runledger.files",
    single,
    async *files() {
      for (const [path, content] of Object.entries(files)) {
        if (typeof content === "object" && "open" in content) yield { ...content, path };
        else {
          const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
          yield { path, size: bytes.byteLength, open: () => chunked(bytes, 64 * 1024) };
        }
      }
    },
  };
}

export async function failure(work: Promise<unknown> | (() => unknown)): Promise<LedgerError> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    if (LedgerError.is(error)) return error;
    throw error;
  }
  throw new Error("did not fail");
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export async function readAll(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

/** Puts an object in place of another. */
export async function replace(backend: Backend, key: string, body: Body): Promise<void> {
  await backend.remove(key);
  await backend.create(key, body);
}
