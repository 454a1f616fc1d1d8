import type { Backend } from "../src/backend/backend.ts";
import { memoryBackend } from "./library.ts";

/** A memory backend that keeps of blobs only how large they were, so that what is measured is the library's own work. */
export function discardingBackend(): Backend {
  const inner = memoryBackend();
  const sizes = new Map<string, number>();
  return {
    contract: 1,
    name: "discarding",
    capabilities: { ...inner.capabilities, move: true },
    async create(key, body, options) {
      if (!key.startsWith("blobs/")) return await inner.create(key, body, options);
      let size = 0;
      if (body instanceof Uint8Array) size = body.byteLength;
      else for await (const chunk of body) size += chunk.byteLength;
      sizes.set(key, size);
    },
    async move(from, to) {
      sizes.set(to, sizes.get(from) ?? 0);
      sizes.delete(from);
    },
    async stat(key, options) {
      const size = sizes.get(key);
      return size === undefined ? await inner.stat(key, options) : { size };
    },
    append: async (key, bytes, options) => await inner.append!(key, bytes, options),
    read: (key, options) => inner.read(key, options),
    list: (prefix, options) => inner.list(prefix, options),
    remove: (key, options) => inner.remove(key, options),
  };
}
