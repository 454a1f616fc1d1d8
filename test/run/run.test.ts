import { describe, expect, test } from "vitest";
import { type LedgerError, openLedger } from "../../src/index.ts";
import { createTestClock, createTestLedger, faultyBackend } from "../../src/testing/index.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { forgetCompaction, keepingJournals } from "./kept-journals.ts";

const code = (expected: string, field?: string): object =>
  expect.objectContaining({ code: expected, ...(field !== undefined && { field }) });

test("a run's record holds all that was said of it, while it runs and after", async () => {
  const { ledger, clock } = await createTestLedger({ clock: createTestClock() });
  const run = await ledger.startRun({
    experiment: "mnist",
    name: "baseline",
    note: "first",
    group: "g",
    jobType: "train",
    params: { optimizer: { name: "adam", lr: 1e-3 }, __proto__x: 1, limit: Infinity },
    tags: { a: "1", b: "2" },
    environment: { gpu: "none" },
  });
  const child = await run.startChild({ name: "fold-1" });
  run.setParams({ optimizer: { beta: 0.9 } });
  run.setTags({ b: "3", c: 4 });
  run.removeTag("a");
  run.setNote("second");
  run.defineMetric("val/*", { goal: "maximize", unit: "%" });
  run.log({ "val/acc": 0.5 });
  run.log({ "val/acc": 0.9 });
  run.log({ "val/acc": 0.8 });
  await clock.advance(2000);
  const expected = {
    name: "baseline",
    experiment: "mnist",
    status: "running",
    note: "second",
    group: "g",
    jobType: "train",
    params: { optimizer: { name: "adam", lr: 1e-3, beta: 0.9 }, __proto__x: 1, limit: Infinity },
    tags: { b: "3", c: "4" },
    environment: { gpu: "none" },
    damage: [],
    dropped: 0,
    metrics: { "val/acc": { count: 3, best: { value: 0.9, step: 1 }, last: { value: 0.8, step: 2 } } },
  };
  expect(await ledger.getRun(run.id)).toMatchObject(expected);
  await run.finish();
  const record = await ledger.getRun(run.id);
  expect(record).toMatchObject({ ...expected, status: "finished" });
  expect(record.endTime).toBe(clock.now());
  await child.fail(new TypeError("no data"));
  expect(await ledger.getRun(child.id)).toMatchObject({
    parent: run.id,
    experiment: "mnist",
    status: "failed",
    error: { name: "TypeError", message: "no data" },
  });
});

test("the record written at the end is the fold of the journals", async () => {
  const place = keepingJournals(memoryBackend());
  const ledger = await openLedger(place);
  const run = await ledger.startRun({ params: { a: 1 } });
  for (let i = 0; i < 500; i++) run.log(i % 3 ? { x: Math.sin(i), y: i } : { z: i / 7 }, { step: 500 - i });
  await run.logArtifact("m", { text: "text" });
  await run.finish();
  const written = await ledger.getRun(run.id);
  const histories = await ledger.histories(run.id);
  await forgetCompaction(place, run.id);
  expect(await ledger.getRun(run.id)).toEqual(written);
  expect(await ledger.histories(run.id)).toEqual(histories);
});

test("a param keeps its value unless it is to be replaced", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun({ params: { opt: { lr: 1 } } });
  run.setParams({ opt: { lr: 1 } });
  expect(() => run.setParams({ opt: { lr: 2 } })).toThrow(code("PARAM_CONFLICT", "params.opt.lr"));
  run.setParams({ opt: { lr: 2 } }, { overwrite: true });
  await run.finish();
  expect((await ledger.getRun(run.id)).params).toEqual({ opt: { lr: 2 } });
});

describe("bad options name the field, and no run begins", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic["a"] = cyclic;
  let deep: unknown = 1;
  for (let i = 0; i < 10_000; i++) deep = { deep };
  test.each([
    [{ experiment: "" }, "experiment"],
    [{ experiment: "x".repeat(300) }, "experiment"],
    [{ experiment: 5 }, "experiment"],
    [{ name: "a\nb" }, "name"],
    [{ params: cyclic }, undefined],
    [{ params: { f: () => 1 } }, "params.f"],
    [{ params: { s: Symbol("x") } }, "params.s"],
    [{ params: deep }, undefined],
    [{ params: 5 }, "params"],
    [{ tags: { a: {} } }, "tags.a"],
    [{ tags: [] }, "tags"],
    [{ note: 5 }, "note"],
    [{ parent: "../x" }, "parent"],
    [{ heartbeatMs: -1 }, "heartbeatMs"],
    [{ flush: { maxPoints: 0 } }, "flush.maxPoints"],
    [{ environment: "x" }, "environment"],
  ])("%#", async (options, field) => {
    const { ledger, backend } = await createTestLedger();
    await expect(ledger.startRun(options as never)).rejects.toThrow(code("INVALID_ARGUMENT", field));
    const keys: string[] = [];
    for await (const { key } of backend.list("")) keys.push(key);
    expect(keys).toEqual(["experiments/=complete", "ledger.json"]);
  });

  test("an option of a later version", async () => {
    const { ledger } = await createTestLedger();
    await expect(ledger.startRun({ colour: "red" } as never)).rejects.toThrow(code("UNSUPPORTED", "colour"));
  });

  test("params keep __proto__ as data", async () => {
    const { ledger } = await createTestLedger();
    const run = await ledger.startRun({
      params: JSON.parse('{"__proto__":{"polluted":1},"a":{"__proto__":2}}') as object,
    });
    await run.finish();
    const { params } = await ledger.getRun(run.id);
    expect(Object.keys(params).sort()).toEqual(["__proto__", "a"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

test("a failing backend shows in stats, onError and flush, never in log; a later flush brings all", async () => {
  const errors: LedgerError[] = [];
  const backend = faultyBackend(memoryBackend(), [
    { at: 1, times: 2, mode: "error-before", only: ["append"], error: { code: "UNAVAILABLE" } },
  ]);
  const ledger = await openLedger(backend, { onError: (error) => void errors.push(error) });
  const run = await ledger.startRun();
  run.log({ a: 1 });
  await expect(run.flush()).rejects.toThrow(code("UNAVAILABLE"));
  run.log({ a: 2 });
  await expect(run.flush()).rejects.toThrow(code("UNAVAILABLE"));
  expect(run.stats).toMatchObject({
    points: 2,
    acknowledged: 0,
    buffered: 2,
    dropped: 0,
    lastError: { code: "UNAVAILABLE" },
  });
  expect(errors.map((error) => error.code)).toEqual(["UNAVAILABLE", "UNAVAILABLE"]);
  await run.flush();
  expect(run.stats).toMatchObject({ acknowledged: 2, buffered: 0 });
  await run.finish();
  expect([...(await ledger.history(run.id, "a")).values]).toEqual([1, 2]);
});

test("finish can be tried again when the backend failed, wherever it did", async () => {
  const place = memoryBackend();
  await openLedger(place);
  let failed = 0;
  for (let at = 1; ; at++) {
    const backend = faultyBackend(place, [{ at, mode: "error-before", key: /^runs/ }]);
    const ledger = await openLedger(backend);
    const run = await ledger.startRun().catch(() => undefined);
    if (!run) continue;
    run.log({ a: at });
    await run.finish().catch(() => failed++);
    await run.finish();
    expect(run.status).toBe("finished");
    expect(await (await openLedger(place)).getRun(run.id)).toMatchObject({
      status: "finished",
      metrics: { a: { count: 1 } },
    });
    if (!backend.operations.log.some(({ fault }) => fault !== undefined)) break;
  }
  expect(failed).toBe(8);
});

test("withRun finishes on return and records what was thrown", async () => {
  const { ledger } = await createTestLedger();
  let id = "";
  expect(await ledger.withRun({}, (run) => ((id = run.id), 7))).toBe(7);
  expect((await ledger.getRun(id)).status).toBe("finished");
  const work = ledger.withRun({}, (run) => {
    id = run.id;
    throw new RangeError("boom");
  });
  await expect(work).rejects.toThrow("boom");
  expect(await ledger.getRun(id)).toMatchObject({ status: "failed", error: { name: "RangeError", message: "boom" } });
});

test("a signal closes a run as killed, or keeps it from starting", async () => {
  const { ledger } = await createTestLedger();
  await expect(ledger.startRun({ signal: AbortSignal.abort("no") })).rejects.toBe("no");
  const controller = new AbortController();
  const run = await ledger.startRun({ signal: controller.signal });
  run.log({ a: 1 });
  controller.abort();
  await run.finish();
  expect(await ledger.getRun(run.id)).toMatchObject({ status: "killed", metrics: { a: { count: 1 } } });
});

test("artifacts and inputs are on the run's record; the same content is stored once", async () => {
  const { ledger, backend } = await createTestLedger();
  const run = await ledger.startRun();
  const bytes = new Uint8Array([1, 2, 3]);
  const pending = run.logArtifact("model", bytes, { aliases: ["best"], type: "model", metadata: { f1: Number.NaN } });
  bytes.fill(9);
  const version = await pending;
  expect(version).toMatchObject({
    name: "model",
    version: "v0",
    size: 3,
    aliases: ["best"],
    type: "model",
    runId: run.id,
  });
  expect(
    (await run.logArtifact("model", new Uint8Array([1, 2, 3]), { type: "model", metadata: { f1: Number.NaN } }))
      .version,
  ).toBe("v0");
  expect((await run.logArtifact("model", new Uint8Array([4]))).version).toBe("v1");
  const other = await ledger.startRun();
  await other.useArtifact("model:best");
  await other.finish();
  await run.finish();
  expect((await ledger.getRun(other.id)).inputs).toMatchObject([{ name: "model", version: "v0" }]);
  expect((await ledger.getRun(run.id)).artifacts.map((one) => one.version)).toEqual(["v0", "v1"]);
  const opened = await ledger.openArtifact("model:best");
  expect(await opened.read()).toEqual(new Uint8Array([1, 2, 3]));
  expect(await opened.verify()).toMatchObject({ intact: true });
  await expect(ledger.openArtifact("model:v9")).rejects.toThrow(code("ARTIFACT_NOT_FOUND"));
  let blobs = 0;
  for await (const _ of backend.list("blobs")) blobs++;
  expect(blobs).toBe(2);
});

test("finish waits for an artifact that is still being stored", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  const upload = run.logArtifact("a", { text: "text" });
  await run.finish();
  await upload;
  expect((await ledger.getRun(run.id)).artifacts).toMatchObject([{ name: "a" }]);
});

test("the same script gives the same bytes", async () => {
  const script = async (): Promise<[string, string][]> => {
    const { ledger, backend, clock } = await createTestLedger({ seed: 7 });
    const run = await ledger.startRun({ params: { a: 1 }, environment: false });
    for (let i = 0; i < 100; i++) {
      run.log({ loss: 1 / (i + 1) });
      await clock.advance(100);
    }
    await run.logArtifact("m", { text: "content" });
    await run.finish();
    const objects: [string, string][] = [];
    for await (const { key } of backend.list(""))
      objects.push([key, Buffer.from(await backend.read(key)).toString("hex")]);
    return objects;
  };
  expect(await script()).toEqual(await script());
});
