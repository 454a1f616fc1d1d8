import { type } from "arktype";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { defineExperiment, LedgerError } from "runledger";
import { createTestLedger } from "runledger/testing";

/** Returns the code, the field and the message of what a promise rejects with. */
async function refusal(
  work: Promise<unknown>,
): Promise<{ code?: string; field?: string | undefined; message: string }> {
  const error: unknown = await work.then(
    () => new Error("it did not reject"),
    (reason: unknown) => reason,
  );
  if (!LedgerError.is(error)) throw error;
  const { code, field, message } = error;
  return { code, field, message };
}

describe("defineExperiment", () => {
  const schemas = {
    zod: z.object({
      lr: z.coerce.number().positive(),
      optimizer: z.object({ name: z.enum(["sgd", "adam"]) }),
      epochs: z.number().default(3),
    }),
    valibot: v.object({
      lr: v.pipe(v.union([v.number(), v.string()]), v.transform(Number), v.number(), v.minValue(0)),
      optimizer: v.object({ name: v.picklist(["sgd", "adam"]) }),
      epochs: v.optional(v.number(), 3),
    }),
    arktype: type({
      lr: "number > 0 | string.numeric.parse",
      optimizer: { name: "'sgd' | 'adam'" },
      epochs: "number = 3",
    }),
  };

  test.each(Object.entries(schemas))(
    "%s: stores what the schema returns, and names every bad field",
    async (_, params) => {
      const { ledger } = await createTestLedger();
      const experiment = defineExperiment({ name: "digits", params, metrics: { loss: { goal: "minimize" } } });
      const run = await experiment.start(ledger, {
        params: { lr: "0.5", optimizer: { name: "sgd" } },
        name: "first",
      } as never);
      run.log({ loss: 2 });
      run.log({ loss: 1 });
      await run.finish();
      const record = await ledger.getRun(run.id);
      expect(record).toMatchObject({
        name: "first",
        experiment: "digits",
        params: { lr: 0.5, optimizer: { name: "sgd" }, epochs: 3 },
        metricDefinitions: { loss: { goal: "minimize" } },
        metrics: { loss: { best: { value: 1 } } },
      });

      const bad = experiment.start(ledger, { params: { lr: [], optimizer: { name: "sdg" }, epochs: "x" } } as never);
      const { code, field, message } = await refusal(bad);
      expect(code).toBe("INVALID_ARGUMENT");
      for (const path of ["params.lr", "params.optimizer.name", "params.epochs"])
        expect(message).toContain(`${path}: `);
      expect(field).toMatch(/^params\.(lr|optimizer\.name|epochs)$/);
      expect((await ledger.searchRuns()).runs).toHaveLength(1);
    },
  );

  test("startRun, withRun, startChild and search take the experiment", async () => {
    const { ledger } = await createTestLedger();
    const experiment = defineExperiment({ name: "e", params: z.object({ lr: z.number() }), metrics: { "val/*": {} } });
    const first = await ledger.startRun({ schema: experiment, params: { lr: 1 }, tags: { a: 1 } });
    const child = await first.startChild({ schema: experiment, params: { lr: 2 } });
    await child.finish();
    await first.finish();
    const id = await experiment.withRun(ledger, { params: { lr: 3 } }, (run) => {
      run.log({ val: { loss: 3 } });
      return run.id;
    });
    await ledger.withRun({ schema: experiment, params: { lr: 4 } }, (run) => run.log({ "val/loss": 4 }));
    await ledger.withRun({ experiment: "other", params: { lr: 3 } }, (run) => run.log({ "val/loss": 3 }));
    const { runs } = await experiment.search(ledger, { orderBy: "params.lr" });
    expect(runs.map(({ params, parent }) => [params.lr, parent])).toEqual([
      [1, undefined],
      [2, first.id],
      [3, undefined],
      [4, undefined],
    ]);
    const found = await experiment.search(ledger, {
      filter: (where) => where.metric("val/loss").lt(4).and(where.param("lr").gte(3)),
    });
    expect(found.runs.map((run) => run.id)).toEqual([id]);
    expect((await experiment.search(ledger, { filter: "params.lr > 3" })).runs).toHaveLength(1);
    expect((await experiment.search(ledger, { fields: ["params"], limit: 1 })).runs).toEqual([
      { id: runs[3]!.id, params: { lr: 4 } },
    ]);
    expect((await ledger.getRun(first.id)).tags).toEqual({ a: "1" });
  });

  test("a name that the compiler would refuse is logged all the same", async () => {
    const { ledger } = await createTestLedger();
    const experiment = defineExperiment({ name: "e", metrics: { loss: {} } });
    const run = await experiment.start(ledger);
    run.log({ other: 1 } as never);
    await run.finish();
    expect((await ledger.history(run.id, "other")).values).toEqual(Float64Array.of(1));
  });

  test("a schema that waits, and an abort meanwhile", async () => {
    const { ledger } = await createTestLedger();
    const waiting = (value: unknown) =>
      ({ "~standard": { version: 1, vendor: "own", validate: () => value } }) as never;
    const later = defineExperiment({ name: "e", params: waiting(Promise.resolve({ value: { a: 1 } })) });
    const run = await later.start(ledger, {} as never);
    await run.finish();
    expect((await ledger.getRun(run.id)).params).toEqual({ a: 1 });
    const never = defineExperiment({ name: "e", params: waiting(new Promise(() => {})) });
    const controller = new AbortController();
    const stopped = never.start(ledger, { signal: controller.signal } as never);
    controller.abort("stop");
    await expect(stopped).rejects.toBe("stop");
    expect((await ledger.searchRuns()).runs).toHaveLength(1);
  });

  const schema = (validate: () => unknown) => ({ "~standard": { version: 1, vendor: "own", validate } }) as never;
  test.each<[string, () => unknown, string, RegExp]>([
    [
      "throws",
      () => {
        throw new Error("secret");
      },
      "params",
      /cannot be checked/,
    ],
    ["rejects", () => Promise.reject(new Error("x")), "params", /cannot be checked/],
    ["returns nothing", () => undefined, "params", /cannot be checked/],
    ["returns a list", () => ({ value: [] }), "params", /must be an object/],
    ["returns what JSON cannot hold", () => ({ value: { at: new Map() } }), "params.at", /params\.at/],
    ["says what is no list", () => ({ issues: {} }), "params", /cannot be checked/],
    ["says only that it is wrong", () => ({ issues: [] }), "params", /nothing more/],
    [
      "has strange issues",
      () => ({ issues: [null, { message: 5, path: [Symbol("s"), { key: 0 }] }] }),
      "params",
      /params: is wrong; params\.Symbol\(s\)\.0: is wrong/,
    ],
    [
      "has a huge issue",
      () => ({ issues: [{ message: "x".repeat(1e6), path: Array.from({ length: 1e5 }, () => "key") }] }),
      "",
      /^.{1,500}$/,
    ],
    [
      "has many issues",
      () => ({ issues: Array.from({ length: 1000 }, () => ({ message: "wrong", path: ["a"] })) }),
      "params.a",
      /; and 990 more$/,
    ],
    [
      "quotes a token",
      () => ({ issues: [{ message: "was ghp_0123456789abcdefghijklmnopqrstuvwxyz", path: ["key"] }] }),
      "params.key",
      /^(?!.*0123456789)/,
    ],
  ])("a schema that %s", async (_, validate, field, message) => {
    const { ledger } = await createTestLedger();
    const found = await refusal(defineExperiment({ name: "e", params: schema(validate) }).start(ledger, {} as never));
    expect(found.code).toBe("INVALID_ARGUMENT");
    if (field !== "") expect(found.field).toBe(field);
    expect(found.message).toMatch(message);
    expect((await ledger.searchRuns()).runs).toEqual([]);
  });

  const SECRET = 'hunter2 "quoted" correcthorse';
  const secrets = {
    zod: z.object({ apiKey: z.string().refine(() => false, { error: ({ input }) => `was ${String(input)}` }) }),
    valibot: v.object({ apiKey: v.picklist(["a", "b"], ({ received }) => `was ${received}`) }),
    arktype: type({ apiKey: "'a' | 'b'" }),
    "an issue of the whole": schema(() => ({ issues: [{ message: `was ${JSON.stringify({ a: SECRET })}` }] })),
    "an issue of another param": schema(() => ({ issues: [{ message: `lr fits no ${SECRET}`, path: ["lr"] }] })),
    "a part of a long message": schema(() => ({
      issues: [{ message: `was ${SECRET} `.repeat(200).slice(0, 4090) + SECRET, path: ["lr"] }],
    })),
    "a key that is a token": schema(() => ({
      issues: [{ message: "wrong", path: ["ghp_hunter20123456789abcdefghijklmnopqr"] }],
    })),
  };
  test.each(Object.entries(secrets))("the value of a secret param is not in the error: %s", async (_, params) => {
    const { ledger } = await createTestLedger();
    const started = defineExperiment({ name: "e", params: params as never }).start(ledger, {
      params: { apiKey: SECRET },
    } as never);
    const { code, field, message } = await refusal(started);
    expect(code).toBe("INVALID_ARGUMENT");
    expect(message).toMatch(/^the params do not fit the schema: params/);
    expect(`${field} ${message}`).not.toMatch(/hunter2|quoted|correcthorse/);
  });

  test("millions of issues are counted, and only the first ones are read", async () => {
    const { ledger } = await createTestLedger();
    let read = 0;
    const issues = new Proxy([], {
      get: (_, name) => {
        if (name === "length") return 5_000_000;
        read++;
        return { message: "wrong", path: ["x".repeat(1000)] };
      },
    });
    const { message } = await refusal(
      defineExperiment({ name: "e", params: schema(() => ({ issues })) }).start(ledger, {} as never),
    );
    expect(message).toMatch(/; and 4999990 more$/);
    expect(message.length).toBeLessThan(2000);
    expect(read).toBe(10);
  });

  test.each<[unknown, string]>([
    [undefined, "definition"],
    [{ name: "" }, "name"],
    [{ name: 5 }, "name"],
    [{ name: "e", params: {} }, "params"],
    [{ name: "e", params: { "~standard": { version: 2, validate: () => ({}) } } }, "params"],
    [{ name: "e", metrics: [] }, "metrics"],
  ])("defineExperiment(%o) is refused", (definition, field) => {
    expect(() => defineExperiment(definition as never)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field }),
    );
  });

  test("a member that defineExperiment does not know is refused", () => {
    const definition = { name: "e", metric: { loss: {} } };
    expect(() => defineExperiment(definition)).toThrow(
      expect.objectContaining({
        code: "UNSUPPORTED",
        field: "metric",
        message: expect.stringContaining("metrics") as string,
      }),
    );
  });

  test("a definition with a getter that throws is refused", () => {
    const definition = {
      get name(): string {
        throw new Error("x");
      },
    };
    expect(() => defineExperiment(definition)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field: "definition" }),
    );
  });

  test.each<[object, string]>([
    [{ schema: 5 }, "schema"],
    [{ schema: { name: "e", params: 5 } }, "schema.params"],
    [{ schema: { name: "e", metrics: { m: { goal: "small" } } } }, "goal"],
    [{ schema: { name: "e", metrics: { "": {} } } }, "name"],
    [{ schema: { name: "e" }, experiment: "f" }, "experiment"],
  ])("startRun(%j) is refused, and starts nothing", async (options, field) => {
    const { ledger } = await createTestLedger();
    expect(await refusal(ledger.startRun(options))).toMatchObject({ code: "INVALID_ARGUMENT", field });
    expect((await ledger.searchRuns()).runs).toEqual([]);
  });

  test("a ledger that was forgotten is named", async () => {
    const digits = defineExperiment({ name: "digits" });
    const wrong = {
      start: digits.start({ params: {} } as never),
      withRun: digits.withRun((() => {}) as never, {}, () => {}),
      resume: digits.resume("id" as never, "id"),
      search: digits.search(undefined as never),
    };
    for (const call of Object.values(wrong))
      expect(await refusal(call)).toMatchObject({ code: "INVALID_ARGUMENT", field: "ledger" });
  });

  test("resume continues a run of the experiment alone", async () => {
    const { ledger } = await createTestLedger();
    const digits = defineExperiment({ name: "digits", metrics: { loss: { goal: "minimize" } } });
    const { id } = await digits.withRun(ledger, {}, (run) => {
      run.log({ loss: 1 });
      return run;
    });
    const run = await digits.resume(ledger, id, { mode: "exclusive" });
    run.log({ loss: 0.5 });
    await run.finish();
    expect(await ledger.getRun(id)).toMatchObject({
      status: "finished",
      metrics: { loss: { count: 2, last: { step: 1 }, best: { value: 0.5 } } },
    });
    const other = await ledger.withRun({ experiment: "other" }, ({ id }) => id);
    const refused = await refusal(digits.resume(ledger, other));
    expect(refused).toEqual({
      code: "INVALID_ARGUMENT",
      field: "id",
      message: `run ${other} is of experiment "other", not of "digits"`,
    });
    expect((await ledger.getRun(other)).status).toBe("finished");
    expect(await refusal(digits.resume(ledger, "missing"))).toMatchObject({ code: "RUN_NOT_FOUND" });
    expect(await refusal(digits.resume(ledger, id, { mod: 1 } as never))).toMatchObject({ code: "UNSUPPORTED" });
    const aborted = digits.resume(ledger, id, { signal: AbortSignal.abort(new Error("enough")) });
    await expect(aborted).rejects.toThrow("enough");
  });
});
