import { describe, expect, test } from "vitest";
import { LedgerError } from "runledger";
import { compareRecords, formatComparison, summariseRecords } from "runledger/compare";
import { createTestLedger } from "runledger/testing";
import { where } from "runledger/where";

const { ledger } = await createTestLedger();
const run = await ledger.startRun();
run.log({ loss: 1 });
const closed = await ledger.startRun();
await closed.finish();

/** The error of a call, however the call gives it. */
async function errorOf(call: () => unknown): Promise<LedgerError> {
  try {
    await call();
  } catch (error) {
    if (LedgerError.is(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

const loose = run as unknown as Record<string, (...args: unknown[]) => unknown>;
const pixels = (of: object): unknown => ({ data: new Uint8Array(4), width: 2, height: 2, ...of });

describe("what a message says of the call that was probably meant", () => {
  test.each<[what: string, call: () => unknown, field: string | undefined, says: string]>([
    [
      "a comparison without await",
      () => formatComparison(ledger.compareRuns([run.id]) as never),
      "comparison",
      "is a Promise: await it first",
    ],
    [
      "withRun without options",
      () => ledger.withRun((() => {}) as never, undefined as never),
      "work",
      "withRun({}, work)",
    ],
    [
      "a path as artifact",
      () => run.logArtifact("m", { path: "model" } as never),
      "source",
      "use fromPath(path) of runledger/backends/fs",
    ],
    [
      "a model of TensorFlow.js as artifact",
      () =>
        run.logArtifact(
          "m",
          new (class Sequential {
            async save(): Promise<void> {}
          })() as never,
        ),
      "source",
      "is Sequential: see docs/tensorflow-js.md for models of TensorFlow.js",
    ],
    ["no comparison", () => formatComparison(undefined as never), "comparison", "but is undefined"],
    ["records without await", () => compareRecords(ledger.searchRuns() as never), "records", "await it first"],
    [
      "a list as filter",
      () => ledger.searchRuns({ filter: ["a < 1"] as never }),
      "filter",
      'text such as "metrics.loss < 0.1", or a condition of where (runledger/where), but is an array',
    ],
    [
      "an object as filter",
      () => ledger.searchRuns({ filter: { loss: 1 } as never }),
      "filter",
      "or a condition of where",
    ],
    [
      "half a condition",
      () => ledger.searchRuns({ filter: where.metric("a") as never }),
      "filter",
      "or a condition of",
    ],
    [
      "a duration in words",
      () => where.attribute("duration").gt("1 hour"),
      "attributes.duration",
      'must be ms, or a duration such as "2h30m" or "250ms", but is a string',
    ],
    ["a date in words", () => where.attribute("start_time").gt("yesterday"), "attributes.start_time", '"2026-11-01"'],
    [
      "text as a file",
      () => run.logArtifact("m", { files: { "b.txt": "text" as never } }),
      'source.files["b.txt"]',
      'source.files["b.txt"] must be a typed array',
    ],
    [
      "a number as text of a file",
      () => run.logArtifact("m", { files: { "b.txt": { text: 5 as never } } }),
      'source.files["b.txt"].text',
      "must be a string, but is 5",
    ],
    ["title", () => loose["logImage"]!("i", pixels({}), { title: "t" }), "title", 'did you mean "caption"'],
    [
      "elements of an image",
      () => loose["logImage"]!("i", pixels({ data: new Uint8Array(5) })),
      "image.data",
      "image.data has 5 elements, but must have 4, 8, 12 or 16: 2 x 2 pixels of 1 to 4 channels",
    ],
    ["width", () => loose["logImage"]!("i", pixels({ width: 1.5 })), "image.width", "pixels, but is 1.5"],
    ["width", () => loose["logImage"]!("i", pixels({ width: "2" })), "image.width", "pixels, but is a string"],
    ["channels", () => loose["logImage"]!("i", pixels({ channels: 5 })), "image.channels", "2, 3 or 4, but is 5"],
    ["bins", () => run.logHistogram("h", [1], { bins: 0 }), "bins", "from 1 to 10000, but is 0"],
    ["counts", () => run.logHistogram("h", { counts: [-1], edges: [0, 1] }), "counts[0]", "from 0, but is -1"],
    ["edges", () => run.logHistogram("h", { counts: [1], edges: [0, 0] }), "edges[1]", "previous edge, but is 0"],
    ["a Promise as cell", () => loose["logTable"]!("t", { a: [Promise.resolve(1)] }), "table.a[0]", "await it first"],
    [
      "W&B's table",
      () => loose["logTable"]!("t", { columns: ["a"], data: [[1]] }),
      "table.data",
      "give rows of cells as { columns, rows }",
    ],
    [
      "a Promise as metric",
      () => loose["log"]!({ loss: Promise.resolve(1) }),
      "loss",
      "of type Promise: await it first",
    ],
    ["log(name, value)", () => loose["log"]!("loss", 0.5), "metrics", "but is a string, as in log({ loss: 0.5 })"],
    ["log(value)", () => loose["log"]!(0.5), "metrics", "but is 0.5, as in log({ loss: 0.5 })"],
    ["setParams(name, value)", () => loose["setParams"]!("lr", 0.3), "params", "as in setParams({ lr: 0.1 })"],
    ["setTags(name, value)", () => loose["setTags"]!("stage", "dev"), "tags", 'as in { stage: "dev" }'],
    [
      "compareRuns(a, b)",
      () => ledger.compareRuns(run.id as never, run.id as never),
      "ids",
      "as in compareRuns([a, b])",
    ],
    ["a closed run", () => closed.log({ a: 1 }), undefined, "ledger.resumeRun(id) resumes it"],
    [
      "a call after withRun",
      async () => (await ledger.withRun({}, (late) => ({ late }))).late.log({ a: 1 }),
      undefined,
      "so log comes too late: the function given to withRun had already returned. Return or await its promises",
    ],
    [
      "a run that the function of withRun closed itself",
      async () => {
        const { late } = await ledger.withRun({}, async (inner) => {
          await inner.finish();
          return { late: inner };
        });
        late.log({ a: 1 });
      },
      undefined,
      "ledger.resumeRun(id) resumes it",
    ],
    [
      "the context of a data set",
      () => run.logDataset("x", { digest: "d", context: "train" } as never),
      "context",
      "logDataset(name, { digest }, { context })",
    ],
    [
      "a field",
      () => ledger.searchRuns({ fields: ["name", "metric" as never] }),
      "fields[1]",
      'did you mean "metrics"?',
    ],
    ["a field", () => ledger.searchRuns({ fields: ["toString" as never] }), "fields[0]", "has no member"],
    [
      "a metric by its field",
      () => ledger.summarise({ metrics: ["metrics.loss"] }),
      "metrics[0]",
      'without "metrics."',
    ],
    [
      "a metric by its field",
      () => summariseRecords([], { metrics: ["metric.a"] }),
      "metrics[0]",
      'without "metrics."',
    ],
    [
      "an order of a list",
      () => ledger.searchRuns({ orderBy: ["metrics.loss", "nope"] }),
      "orderBy",
      "orderBy[1], character 1: expected a field",
    ],
    ["no text in a list", () => ledger.searchRuns({ orderBy: [5 as never] }), "orderBy", "orderBy[0] must be a string"],
    [
      "orders as one text",
      () => ledger.searchRuns({ orderBy: "name DESC, id" }),
      "orderBy",
      "orderBy, character 10: expected the end, found ,; pass several as a list of texts",
    ],
    [
      "a colon",
      () => ledger.searchRuns({ orderBy: "metrics.loss:desc" }),
      "orderBy",
      "found metrics.loss:desc; write DESC for :desc",
    ],
    ["a minus", () => ledger.searchRuns({ orderBy: "-metrics.loss" }), "orderBy", "write DESC after the field"],
  ])("%s: %#", async (_, call, field, says) => {
    const error = await errorOf(call);
    expect(error.message).toContain(says);
    expect(error.field).toBe(field);
  });

  test.each([
    ["metrics['loss'] < 1", "; write metrics.loss"],
    ['params["optimizer.lr"] > 1', "; write params.optimizer.lr"],
    ["Metrics[val/loss] > 1", "; write metrics.val/loss"],
    ["AND metrics.loss < 1", "; AND stands between two conditions"],
    ["metrics.loss < 1 OR or name = 'x'", "; OR stands between two conditions"],
    ["dataset = 'x'", "; did you mean datasets.name?"],
    ["metrics < 1", "; name one, as in metrics.loss"],
    ["run = 'x'", "; did you mean name (or id)?"],
    ["deleted = true", `; the query's view, "active", "deleted" or "all", selects deleted runs`],
    ["lifecycle_stage = 'deleted'", `; the query's view`],
    [
      "status = 'done'",
      "expected 'running', 'finished', 'failed', 'killed' or 'interrupted' (probably 'finished'), found 'done'",
    ],
    ["status != 'x'", "expected 'running', 'finished', 'failed', 'killed' or 'interrupted', found 'x'"],
  ])("the filter %s: %s", async (filter, says) => {
    const error = await errorOf(() => ledger.searchRuns({ filter }));
    expect(error.message).toContain(says);
    expect(error.field).toBe("filter");
  });
});

describe("valid calls still work", () => {
  test("metrics whose keys look like something else, and statuses that no run has", async () => {
    run.log({ "metrics.x": 2, "y:desc": 3, "fold[0]": 4 });
    await run.flush();
    const [all] = await ledger.summarise({ metrics: [{ key: "metrics.x" }] });
    expect(all?.metrics["metrics.x"]?.max).toBe(2);
    const found = async (filter: string): Promise<number> => (await ledger.searchRuns({ filter })).runs.length;
    expect(await found("metrics.y:desc = 3 AND metrics.fold[0] = 4 AND status LIKE 'run%'")).toBe(1);
    expect(await found("status = 'SCHEDULED'")).toBe(0);
    const { runs } = await ledger.searchRuns({ orderBy: [`metrics."y:desc" DESC`], fields: ["metrics", "damage"] });
    expect(runs[0]?.id).toBe(run.id);
  });

  test("a refused call logs nothing, and the run continues", async () => {
    const before = run.stats.points;
    expect(() => loose["log"]!("loss", 0.5)).toThrow("an object of numbers");
    expect(() => loose["setParams"]!({ a: 1 }, 0.3)).toThrow("options must be an object");
    expect(run.stats.points).toBe(before);
    await run.flush();
    expect((await ledger.getRun(run.id)).params).toEqual({});
  });
});
