import { expect, test } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { openLedger } from "../../src/index.ts";

/** Errors of which nothing can be read. */
const ERRORS: readonly [string, () => unknown][] = [
  [
    "a message that throws",
    () =>
      Object.defineProperty(new Error("x"), "message", {
        get() {
          throw 42;
        },
      }),
  ],
  [
    "a proxy that refuses every question",
    () =>
      new Proxy(new Error("x"), {
        get() {
          throw 42;
        },
        getPrototypeOf() {
          throw 42;
        },
      }),
  ],
  ["a message that is no text", () => Object.assign(new Error("x"), { message: { toString: 1, valueOf: 1 } })],
];

test.each(ERRORS)("a backend that throws an error with %s: calls reject with IO", async (_, make) => {
  const inner = memoryBackend();
  const ledger = await openLedger(inner);
  const run = await ledger.startRun({ id: "r", environment: false });
  await run.finish();
  const fail = (): never => {
    throw make();
  };
  const backend: Backend = {
    contract: 1,
    name: "broken",
    capabilities: { ...inner.capabilities, append: false, move: false },
    create: async () => fail(),
    remove: async () => fail(),
    stat: async () => fail(),
    read: (key, options) => (key === "ledger.json" ? inner.read(key, options) : fail()),
    // oxlint-disable-next-line require-yield -- it fails before it yields
    async *list() {
      fail();
    },
  };
  const broken = await openLedger(backend, { onError() {} });
  for (const call of [
    () => broken.getRun("r"),
    () => broken.searchRuns(),
    () => broken.startRun(),
    () => broken.resumeRun("r"),
    () => broken.deleteRun("r"),
    () => broken.history("r", "x"),
    () => broken.rebuildCatalog(),
    () => broken.artifactVersions("a"),
  ])
    await expect(call()).rejects.toMatchObject({ name: "LedgerError", code: "IO" });
});
