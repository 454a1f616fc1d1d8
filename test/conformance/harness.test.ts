import { describe, expect, test } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import {
  type ConformanceCase,
  type ConformanceHarness,
  type ConformancePlace,
  checkHarness,
  conformance,
  conformanceCases,
  runCase,
} from "../../src/conformance/index.ts";

const good: ConformanceHarness = {
  name: "good",
  setup: async () => {
    const place = memoryBackend();
    return { open: async () => place.open(), teardown: async () => {} };
  },
};
const wrong = (setup: () => Promise<unknown>): ConformanceHarness => ({
  name: "wrong",
  limitMs: 200,
  setup: setup as () => Promise<ConformancePlace>,
});
const teardown = async (): Promise<void> => {};
const never = (): Promise<never> => new Promise(() => {});

test("a correct harness passes, and leaves nothing open", async () => {
  await expect(checkHarness(good)).resolves.toBeUndefined();
});

const shared = memoryBackend();
const one = memoryBackend();
describe.each<[what: string, harness: ConformanceHarness, message: string]>([
  ["no place", wrong(async () => undefined), "setup() must return an object with open() and teardown()"],
  [
    "no teardown",
    wrong(async () => ({ open: async () => memoryBackend() })),
    "setup() must return an object with open() and teardown()",
  ],
  [
    "setup that fails",
    wrong(async () => {
      throw new Error("no disk");
    }),
    "setup() failed with Error: no disk",
  ],
  ["setup that hangs", wrong(never), "setup() did not end within 0.2 s"],
  [
    "open that returns nothing",
    wrong(async () => ({ open: async () => undefined, teardown })),
    "open() must return a backend",
  ],
  [
    "one handle for all",
    wrong(async () => ({ open: async () => one, teardown })),
    "open() returned the same handle twice",
  ],
  [
    "a place for each handle",
    wrong(async () => ({ open: async () => memoryBackend(), teardown })),
    "open() must open the same place again",
  ],
  [
    "a place for all",
    wrong(async () => ({ open: async () => shared.open(), teardown })),
    "setup() returned the same place twice",
  ],
  [
    "a place in use",
    wrong(async () => {
      const place = memoryBackend();
      await place.create("left/over", new Uint8Array(1));
      return { open: async () => place.open(), teardown };
    }),
    'setup() must make an empty place, but it holds "left/over"',
  ],
  [
    "teardown that hangs",
    wrong(async () => {
      const place = memoryBackend();
      return { open: async () => place.open(), teardown: never };
    }),
    "teardown() did not end within 0.2 s",
  ],
])("%s", (_, harness, message) => {
  test("is reported, so that no case fails for a wrong reason", async () => {
    await expect(checkHarness(harness)).rejects.toThrow(message);
    const registered: (() => Promise<void>)[] = [];
    conformance(harness, (_name, run) => registered.push(run));
    await expect(registered[1]!()).rejects.toThrow('the harness "wrong" is wrong');
  });
});

/** Returns a harness of backends with some members changed. */
function changed(change: (backend: Backend) => object): ConformanceHarness {
  return {
    name: "changed",
    limitMs: 100,
    setup: async () => {
      const place = memoryBackend();
      const open = async (): Promise<Backend> => {
        const handle = place.open();
        const own = Object.fromEntries(
          ["create", "read", "stat", "list", "remove", "append", "move", "close"].map((name) => [
            name,
            (handle[name as keyof Backend] as (...input: unknown[]) => unknown).bind(handle),
          ]),
        );
        const { name, capabilities } = handle;
        return { contract: 1, name, capabilities, ...own, ...change(handle) } as unknown as Backend;
      };
      return { open, teardown };
    },
  };
}

test.each([
  ["create", "the backend has no method create", "Stores a new object, whole or not at all"],
  ["read", "the backend has no method read", "Returns the bytes of an object, or of a range of it"],
  ["stat", "the backend has no method stat", "Returns the size in bytes, or `undefined` if there is no such object"],
  ["list", "the backend has no method list", "The empty prefix finds everything"],
  ["remove", "the backend has no method remove", "Removes one object, never those under its key"],
  ["append", "append is declared, but missing", "`append` exists and adds bytes to the end of an object"],
])("without %s, every case reports that, with its sentence", async (method, message, sentence) => {
  const harness = changed(() => ({ [method]: undefined }));
  await expect(checkHarness(harness)).resolves.toBeUndefined();
  for (const each of conformanceCases.filter(({ needs }) => needs === undefined).slice(0, 5)) {
    const error = (await runCase(harness, each).catch((reason: unknown) => reason)) as Error;
    expect(error.message).toContain(`changed: ${each.name}\n  ${message}`);
    expect(error.message).toContain(`The contract says: "${sentence}`);
  }
});

test("a case that hangs fails with its name after the time that the harness allows", async () => {
  const hanging: ConformanceCase = { name: "hangs", run: ({ backend }) => backend.stat("k").then(() => {}) };
  const harness = changed(() => ({ stat: never }));
  await expect(runCase(harness, hanging)).rejects.toThrow("changed: hangs\n  the case did not end within 0.1 s");
});

test("a handle that cannot be closed also fails the case, in time", async () => {
  const quick: ConformanceCase = { name: "quick", run: async () => {} };
  await expect(
    runCase(
      changed(() => ({ close: never })),
      quick,
    ),
  ).rejects.toThrow("close() or teardown() did not end within 0.1 s");
});

test("an aborted append that adds a part of its bytes is found", async () => {
  const each = conformanceCases.find(({ name }) => name.startsWith("abort: an append aborted while it runs"))!;
  const torn = changed((backend) => ({
    append: async (key: string, bytes: Uint8Array, options?: { signal?: AbortSignal }) => {
      await Promise.resolve();
      if (!options?.signal?.aborted) return await backend.append!(key, bytes);
      await backend.append!(key, bytes.slice(0, bytes.length >> 1));
      throw options.signal.reason;
    },
  }));
  await expect(runCase(torn, each)).rejects.toThrow("an aborted append of 300000 bytes left 151001 in all");
});
