import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Metrics } from "../../src/index.ts";
import { createTestLedger } from "../../src/testing/index.ts";

const code = (expected: string, field?: string): object =>
  expect.objectContaining({ code: expected, ...(field !== undefined && { field }) });

test("values come back bit for bit, nested ones under joined names", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  const values = [Number.NaN, Infinity, -Infinity, -0, 5e-324, 0.1, 2 ** 53];
  for (const value of values) run.log({ a: { b: value } });
  run.log({ big: 2n ** 60n, skipped: undefined });
  await run.finish();
  const { values: read, steps } = await ledger.history(run.id, "a/b");
  expect([...read].every((value, i) => Object.is(value, values[i]))).toBe(true);
  expect([...steps]).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect([...(await ledger.histories(run.id)).keys()].sort()).toEqual(["a/b", "big"]);
  expect((await ledger.history(run.id, "big")).values[0]).toBe(2 ** 60);
});

test("a call that has only undefined logs nothing, and is reported once", async () => {
  const told: unknown[] = [];
  const { ledger } = await createTestLedger({
    onError: (error) => told.push([error.code, error.field, error.message]),
  });
  const run = await ledger.startRun();
  run.log({});
  run.log({ loss: 1, accuracy: undefined });
  expect(told).toEqual([]);
  for (let i = 0; i < 3; i++) run.log({ loss: undefined, accuracy: undefined });
  run.log({ loss: 2 });
  await run.finish();
  const message = 'log() got no value for "loss", and logged nothing: undefined is skipped';
  expect(told).toEqual([["INVALID_ARGUMENT", "loss", expect.stringContaining(message)]]);
  expect([...(await ledger.history(run.id, "loss")).steps]).toEqual([0, 1]);
});

test("a call of setParams that has only undefined sets nothing, and is reported once", async () => {
  const told: unknown[] = [];
  const { ledger } = await createTestLedger({
    onError: (error) => told.push([error.code, error.field, error.operation, error.message]),
  });
  const run = await ledger.startRun();
  run.setParams({});
  run.setParams({ lr: 1, epochs: undefined });
  expect(told).toEqual([]);
  for (let i = 0; i < 3; i++) run.setParams({ f: undefined });
  const message = 'setParams() got no value for "f", and set nothing: undefined is skipped';
  expect(told).toEqual([["INVALID_ARGUMENT", "f", "setParams", message]]);
  await run.finish();
  expect((await ledger.getRun(run.id)).params).toEqual({ lr: 1 });
});

test("steps may repeat, go back, be negative, skip or be huge; history is in step order, ties in the order of logging", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.integer({ min: -5, max: 5 }), fc.maxSafeInteger()), { maxLength: 40 }),
      async (steps) => {
        const { ledger } = await createTestLedger();
        const run = await ledger.startRun();
        for (const [i, step] of steps.entries()) run.log({ m: i }, { step, time: 1000 + i });
        await run.flush();
        const expected = steps
          .map((step, i) => [step, 1000 + i, i])
          .sort((a, b) => (a[0] as number) - (b[0] as number) || (a[2] as number) - (b[2] as number));
        const series = await ledger.history(run.id, "m");
        expect([...series.steps].map((step, i) => [step, series.times[i], series.values[i]])).toEqual(expected);
        await run.finish();
      },
    ),
    { numRuns: 30 },
  );
});

test("a range takes the steps from and to, both included", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  for (let i = 0; i < 10; i++) run.log({ m: i });
  await run.finish();
  expect([...(await ledger.history(run.id, "m", { from: 3, to: 5 })).values]).toEqual([3, 4, 5]);
  expect((await ledger.history(run.id, "none")).values.length).toBe(0);
});

describe("bad metrics are refused at the call, and nothing of the call or before it is lost or kept", () => {
  class Tensor {
    dataSync(): number[] {
      return [1];
    }
  }
  const cyclic: Record<string, unknown> = {};
  cyclic["again"] = cyclic;
  let deep: Record<string, unknown> = { x: 1 };
  for (let i = 0; i < 10_000; i++) deep = { d: deep };
  const wide = Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`k${i}`, i]));
  const cases: [string, unknown, RegExp][] = [
    ["a string", { loss: "0.5" }, /"loss" must be a number.*string.*Number\(\)/],
    ["a tensor", { loss: new Tensor() }, /Tensor.*dataSync\(\)/],
    ["null", { loss: null }, /null/],
    ["a boolean", { loss: true }, /boolean/],
    ["an array", { loss: [1] }, /array/],
    ["a typed array", { loss: new Float32Array(1) }, /Float32Array/],
    ["a function", { loss: () => 1 }, /function/],
    ["a symbol", { loss: Symbol("x") }, /symbol/],
    ["a date", { loss: new Date() }, /Date/],
    ["an inexact bigint", { loss: 2n ** 53n + 1n }, /bigint/],
    ["a huge bigint", { loss: 10n ** 400n }, /bigint/],
    ["an empty name", { "": 1 }, /empty/],
    ["a huge name", { ["x".repeat(600)]: 1 }, /longer than 512/],
    ["a control character", { "a\u0000b": 1 }, /control/],
    ["a lone surrogate", { "a\ud800": 1 }, /surrogate/],
    ["one name twice", { "a/b": 1, a: { b: 2 } }, /twice/],
    ["a cycle", cyclic, /nested/],
    ["10,000 levels", deep, /nested/],
    ["10,001 metrics", wide, /10000|10,000/],
    ["no object", 5, /object/],
  ];
  test.each(cases)("%s", async (_name, metrics, message) => {
    const { ledger } = await createTestLedger();
    const run = await ledger.startRun();
    run.log({ loss: 1 });
    expect(() =>
      run.log({ before: 1, ...(typeof metrics === "object" ? metrics : {}), after: 2 } as Metrics),
    ).toSatisfy((call: () => void) => {
      if (typeof metrics !== "object") return true;
      expect(call).toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringMatching(message) as string }),
      );
      return true;
    });
    expect(() => run.log(metrics as Metrics)).toThrow(code("INVALID_ARGUMENT"));
    run.log({ loss: 2 });
    await run.finish();
    const histories = await ledger.histories(run.id);
    expect([...histories.keys()]).toEqual(["loss"]);
    expect([...(histories.get("loss")?.values ?? [])]).toEqual([1, 2]);
  });

  test.each([
    [{ step: 1.5 }],
    [{ step: Number.NaN }],
    [{ step: 2 ** 53 }],
    [{ step: "1" }],
    [{ time: Number.NaN }],
    [{ time: 1e17 }],
    [{ time: "now" }],
  ])("position %o", async (at) => {
    const { ledger } = await createTestLedger();
    const run = await ledger.startRun();
    expect(() => run.log({ a: 1 }, at as never)).toThrow(code("INVALID_ARGUMENT"));
    expect(run.stats.points).toBe(0);
    await run.finish();
  });
});

test("__proto__ is a metric like another", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  run.log(JSON.parse('{"__proto__": 3, "constructor": 4}') as Metrics);
  await run.finish();
  const record = await ledger.getRun(run.id);
  expect(Object.keys(record.metrics).sort()).toEqual(["__proto__", "constructor"]);
  expect(record.metrics["__proto__"]?.last.value).toBe(3);
  expect(({} as Record<string, unknown>)["last"]).toBeUndefined();
});

test("a metric whose name begins with a byte order mark is another one than that without", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  run.log({ "\ufeffa": 1, a: 2 });
  await run.flush();
  for (const isFinished of [false, true]) {
    if (isFinished) await run.finish();
    const histories = await ledger.histories(run.id);
    expect([...histories].map(([key, { values }]) => [key, ...values])).toEqual([
      ["a", 2],
      ["\ufeffa", 1],
    ]);
  }
});

test("a finished run refuses later calls with RUN_CLOSED", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  await run.finish();
  for (const call of [
    () => run.log({ a: 1 }),
    () => run.setParams({ a: 1 }),
    () => run.setTags({ a: "1" }),
    () => run.setNote("x"),
    () => run.defineMetric("a", {}),
    () => run.removeTag("a"),
  ]) {
    expect(call).toThrow(code("RUN_CLOSED"));
  }
  await expect(run.logArtifact("a", { text: "x" })).rejects.toThrow(code("RUN_CLOSED"));
  await run.finish("failed");
  expect((await ledger.getRun(run.id)).status).toBe("finished");
});

test("waiting records are written by age, and a quiet run records signs of life", async () => {
  const { ledger, backend, clock } = await createTestLedger();
  const run = await ledger.startRun({ heartbeatMs: 5000 });
  run.log({ a: 1 });
  expect(run.stats).toMatchObject({ points: 1, buffered: 1, acknowledged: 0 });
  await clock.advance(1000);
  expect(run.stats).toMatchObject({ buffered: 0, acknowledged: 1, flushes: 1 });
  const size = async (): Promise<number> => {
    let bytes = 0;
    for await (const entry of backend.list(`runs/${run.id}/journal`)) bytes += entry.size;
    return bytes;
  };
  const before = await size();
  await clock.advance(20_000);
  expect(await size()).toBeGreaterThan(before);
  await run.finish();
});
