import { expect, test, vi } from "vitest";
import { openLedger } from "runledger";
import { type OpfsBackendOptions, opfsBackend, serveOpfs } from "runledger/backends/opfs";
import { LedgerError } from "../../../src/errors/ledger-error.ts";
import { toLedgerError } from "../../../src/backends/opfs/errors.ts";

// What needs a browser is in test/platforms. Node has none of its storages.

test("without any storage of a browser, a ledger is kept in memory, and the console says so", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  const backend = await opfsBackend();
  expect(backend).toMatchObject({ name: "memory", storage: "memory", capabilities: { append: true, durable: false } });
  expect(backend.fallbacks.map(({ storage, error }) => [storage, error.code])).toEqual([
    ["opfs-sync", "UNSUPPORTED"],
    ["opfs-async", "UNSUPPORTED"],
    ["indexeddb", "UNSUPPORTED"],
  ]);
  const lines = warned.mock.calls.map(String);
  warned.mockRestore();
  expect(lines[0]).toMatch(/^runledger: the storage opfs-sync cannot be used \(.*\): opfs-async is used instead$/);
  expect(lines[2]).toMatch(/the ledger is kept in memory, and a reload loses it$/);
  const ledger = await openLedger(backend);
  const run = await ledger.startRun();
  run.log({ loss: 1 });
  await run.finish();
  expect((await ledger.getRun(run.id)).metrics["loss"]?.count).toBe(1);
  await backend.close();
  await expect(backend.read("a")).rejects.toMatchObject({ code: "CLOSED" });
});

test("onError hears each storage that cannot be used, instead of the console", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
  const heard: LedgerError[] = [];
  const onError = (error: LedgerError): void => {
    heard.push(error);
    throw new Error("the listener's own");
  };
  const { fallbacks } = await opfsBackend({ storage: ["indexeddb", "memory"], onError });
  expect(heard).toEqual(fallbacks.map(({ error }) => error));
  expect(heard).toHaveLength(1);
  expect(warned).not.toHaveBeenCalled();
  warned.mockRestore();
});

test("it is an error if none of the allowed storages works", async () => {
  await expect(opfsBackend({ storage: ["opfs-sync", "indexeddb"] })).rejects.toMatchObject({
    code: "UNSUPPORTED",
    message: expect.stringMatching(/opfs-sync cannot be used .*; the storage indexeddb cannot be used/),
  });
});

test.each<[string, object, string]>([
  ["an empty directory", { directory: "" }, "directory"],
  ["a directory that leads out", { directory: "../other" }, "directory"],
  ["a hidden directory", { directory: ".tmp" }, "directory"],
  ["a directory with an empty name", { directory: "a//b" }, "directory"],
  ["a directory that is no text", { directory: 5 }, "directory"],
  ["no storage", { storage: [] }, "storage"],
  ["a storage instead of a list", { storage: "memory" }, "storage"],
  ["an unknown storage", { storage: ["opfs"] }, "storage[0]"],
  ["a worker that is already there", { worker: {} }, "worker"],
  ["a listener that is none", { onError: "warn" }, "onError"],
])("%s is refused", async (_, options, field) => {
  await expect(opfsBackend(options as OpfsBackendOptions)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field });
});

test("serveOpfs is for dedicated workers", () => {
  expect(serveOpfs).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
});

test("an unknown option is refused", async () => {
  await expect(opfsBackend({ dir: "a" } as never)).rejects.toMatchObject({ code: "UNSUPPORTED", field: "dir" });
});

test.each([
  ["QuotaExceededError", "append", "NO_SPACE", false],
  ["NoModificationAllowedError", "append", "UNAVAILABLE", true],
  ["SecurityError", "read", "PERMISSION_DENIED", false],
  ["TypeMismatchError", "create", "CONFLICT", false],
  ["NotFoundError", "read", "NOT_FOUND", false],
  ["NotFoundError", "create", "IO", true],
  ["UnknownError", "create", "IO", false],
])("a %s in %s is a %s", (name, operation, code, transient) => {
  const cause = new DOMException("why", name);
  const error = toLedgerError(cause, operation, "a/b");
  expect(error).toMatchObject({ code, transient, operation, key: "a/b", cause });
  expect(error.message).toContain(`cannot ${operation} "a/b": `);
});

test("what is no error of the browser is translated too", () => {
  expect(toLedgerError("text", "read", "a")).toMatchObject({ code: "IO", key: "a" });
  const own = new LedgerError("CLOSED", "it was closed");
  expect(toLedgerError(own, "read", "a")).toBe(own);
});
