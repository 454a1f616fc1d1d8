import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import { equalBytes } from "../../src/backend/body.ts";
import { parseJson } from "../../src/bytes/parse-json.ts";
import { readBounded } from "../../src/backend/read-bounded.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { recordingBackend } from "../../src/testing/index.ts";
import { processorMs } from "../processor-time.ts";

/** A store whose object `k` says that it has `size` bytes. Counts the bytes that it hands out. */
function sparse(size: number): { backend: Backend; given: () => number } {
  let given = 0;
  const backend: Backend = {
    ...memoryBackend(),
    capabilities: { append: true, exclusiveCreate: true, durable: false },
    stat: async () => ({ size }),
    read: async (_, options) => {
      const { offset = 0, length = size } = options?.range ?? {};
      const count = Math.max(0, Math.min(length, size - offset));
      given += count;
      return new Uint8Array(count);
    },
  };
  return { backend, given: () => given };
}

describe("readBounded", () => {
  test("an object that is removed after its beginning was read is missing, and not cut", async () => {
    const { backend } = sparse(300_000);
    const removed: Backend = { ...backend, stat: async () => undefined };
    await expect(readBounded(removed, "k", 1_000_000)).rejects.toMatchObject({ code: "NOT_FOUND", key: "k" });
  });

  test.each([
    [true, 0, 1],
    [true, 65_535, 1],
    [true, 65_536, 2],
    [true, 65_537, 3],
    [true, 300_000, 3],
    [false, 300_000, 1],
    [false, 1_048_576, 2],
    [false, 1_048_577, 3],
  ])("append %s: an object of %i bytes takes %i requests", async (append, size, requests) => {
    const inner = memoryBackend();
    const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 7) & 255);
    await inner.create("k", bytes);
    const backend = recordingBackend(inner);
    const seen: Backend = new Proxy(backend, {
      get: (target, name) =>
        name === "capabilities" ? { ...inner.capabilities, append } : (Reflect.get(target, name) as unknown),
    });
    expect(equalBytes(await readBounded(seen, "k", 2_000_000), bytes)).toBe(true);
    expect(backend.calls).toHaveLength(requests);
  });

  test("only a first piece of a too long object is read", async () => {
    for (const size of [2001, 70_000, 1.5e9, 2 ** 52]) {
      const { backend, given } = sparse(size);
      await expect(readBounded(backend, "k", 2000)).rejects.toMatchObject({ code: "CORRUPT", key: "k" });
      expect(given()).toBeLessThanOrEqual(2001);
      const large = sparse(size * 100_000);
      await expect(readBounded(large.backend, "k", 1e6)).rejects.toMatchObject({ code: "CORRUPT" });
      expect(large.given()).toBeLessThanOrEqual(65_536);
    }
    expect(await readBounded(sparse(2000).backend, "k", 2000)).toHaveLength(2000);
  });

  test("NOT_FOUND is passed on unchanged", async () => {
    await expect(readBounded(memoryBackend(), "k", 10)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("parseJson", () => {
  const count = (value: unknown): number =>
    typeof value === "object" && value !== null
      ? Object.values(value).reduce<number>((sum, each) => sum + count(each), 1)
      : 1;

  test("accepts the greatest number of values, and refuses one more, whatever is in its texts", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(undefined, 1, 2), (text, indent) => {
        const value: unknown = JSON.parse(text);
        const written = JSON.stringify(value, null, indent);
        const values = count(value);
        expect(parseJson(written, { chars: written.length, values })).toEqual(value);
        // A text this short is not counted: it cannot take much.
        if (values > 1 && written.length > 2 * (values - 1))
          expect(() => parseJson(written, { chars: 1e6, values: values - 1 })).toThrow(/more than/);
        expect(() => parseJson(written, { chars: written.length - 1, values })).toThrow(/longer than/);
      }),
    );
  });

  test.each(["[],", "{},", "0,", '"",', "[[]],", '{"a":[]},'])(
    "10 MB of %s are refused before they are parsed",
    async (item) => {
      const before = process.memoryUsage().heapUsed;
      const text = `[${item.repeat(Math.floor(10e6 / item.length))}0]`;
      const limits = { chars: 16e6, values: 1e6 };
      const took = await processorMs(() =>
        expect(() => parseJson(text, limits)).toThrow(expect.objectContaining({ code: "CORRUPT" }) as Error),
      );
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(40e6);
      expect(took).toBeLessThan(5000);
    },
  );
});
