import type { Backend } from "../src/backend/backend.ts";

/** A backend that adds up what `read` returns. */
export interface CountingBackend extends Backend {
  readonly reads: { calls: number; bytes: number };
}

export function countingBackend(inner: Backend): CountingBackend {
  const reads = { calls: 0, bytes: 0 };
  return {
    reads,
    contract: 1,
    name: inner.name,
    capabilities: inner.capabilities,
    create: (key, body, options) => inner.create(key, body, options),
    async read(key, options) {
      const bytes = await inner.read(key, options);
      reads.calls += 1;
      reads.bytes += bytes.byteLength;
      return bytes;
    },
    stat: (key, options) => inner.stat(key, options),
    list: (prefix, options) => inner.list(prefix, options),
    remove: (key, options) => inner.remove(key, options),
    append: async (key, bytes, options) => await inner.append!(key, bytes, options),
    move: async (from, to, options) => await inner.move!(from, to, options),
  };
}
