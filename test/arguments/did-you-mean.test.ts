import { expect, test } from "vitest";
import { openLedger } from "runledger";
import { memoryBackend } from "runledger/backends/memory";
import { s3Backend } from "runledger/backends/s3";
import { openSql } from "runledger/duckdb";
import { guardProcess } from "runledger/node";
import { createTestLedger } from "runledger/testing";
import { suggestion } from "../../src/arguments/did-you-mean.ts";

const { ledger } = await createTestLedger();
const run = await ledger.startRun();
run.log({ loss: 1 });
await run.logArtifact("m", new Uint8Array(1));

/** The message of what a call throws or rejects with. */
async function messageOf(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing was thrown";
}

test.each([
  [{ config: {} }, "params"],
  [{ project: "p" }, "experiment"],
  [{ notes: "n" }, "note"],
  [{ job_type: "train" }, "jobType"],
  [{ run_name: "n" }, "name"],
  [{ Params: {} }, "params"],
  [{ experimnt: "e" }, "experiment"],
  [{ heartbeatMS: 1 }, "heartbeatMs"],
  [{ parent_run_id: "p" }, "parent"],
])("startRun(%j): did you mean %s?", async (options, meant) => {
  for (const call of [() => ledger.startRun(options as never), () => run.startChild(options as never)]) {
    await expect(call()).rejects.toMatchObject({ code: "UNSUPPORTED", field: Object.keys(options)[0] });
    expect(await messageOf(call)).toContain(`did you mean "${meant}"?`);
  }
});

test("an option that is like none gets no suggestion", async () => {
  const message = await messageOf(() => ledger.startRun({ entity: "team" } as never));
  expect(message).toBe('startRun does not know the option "entity"');
  expect(await ledger.searchRuns({ limt: undefined } as never)).toHaveProperty("runs");
});

test.each<[string, () => unknown, RegExp]>([
  ["a step as such", () => run.log({ a: 1 }, 5 as never), /at must be an object such as \{ step: 3 \}, but is 5/],
  ["log", () => run.log({ a: 1 }, { stp: 1 } as never), /log does not know the option "stp"; did you mean "step"/],
  ["epoch", () => run.log({ a: 1 }, { epoch: 1 } as never), /did you mean "step"/],
  ["logText", () => run.logText("t", "t", { caption: "c" } as never), /logText does not know the option "caption"/],
  ["logImage", () => run.logImage("t", new Uint8Array(1), { bins: 3 } as never), /logImage does not know .*"bins"/],
  ["setParams", () => run.setParams({}, { allow_val_change: true } as never), /did you mean "overwrite"/],
  ["defineMetric", () => run.defineMetric("a", { step_metric: "b" } as never), /did you mean "stepMetric"/],
  ["defineMetric", () => run.defineMetric("a", { direction: "minimize" } as never), /did you mean "goal"/],
  ["a goal", () => run.defineMetric("a", { goal: "min" } as never), /but is "min"; did you mean "minimize"\?/],
  ["guardProcess", () => guardProcess(run, { timeout: 5 } as never), /"timeout", only "timeoutMs"/],
  ["guardProcess", () => guardProcess(run, { timeoutMs: -1 }), /timeoutMs must be a number of ms, but is -1/],
  ["guardProcess", () => guardProcess(Promise.resolve(run) as never), /is a Promise: await it first/],
  [
    "finish",
    () => run.finish("success" as never),
    /"finished", "failed" or "killed", but is "success"; did you .*finished/,
  ],
  ...["step", "from", "fromStep", "resumeFrom"].map((name): [string, () => unknown, RegExp] => [
    "resumeRun",
    () => ledger.resumeRun(run.id, { [name]: 5 } as never),
    /^resumeRun does not know the option "\w+"; log from .*view: "latest", or start a run with forkOf: \{ run, step \}$/,
  ]),
  ["startRun", () => ledger.startRun({ resumeFrom: { run: "a", step: 5 } } as never), /did you mean "forkOf"\?$/],
  ["startRun", () => ledger.startRun({ forkOf: "a" } as never), /^forkOf must be \{ run, step \}, but is a string$/],
  ["startRun", () => ledger.startRun({ id: "a", resume: "must" } as never), /is "must"; .* call resumeRun\(id\)$/],
  ["startRun", () => ledger.startRun({ id: "a", resume: true } as never), /but is true; .* call resumeRun\(id\)$/],
  ["startRun", () => ledger.startRun({ id: "a", resume: "alow" } as never), /did you mean "allow"\?$/],
  ["history", () => ledger.history(run.id, "a", { latest: true } as never), /"latest"; pass view: "latest"$/],
  ["a step", () => run.log({ a: 1 }, { step: 1.5 }), /step must be a safe integer, but is 1\.5/],
  ["a step", () => run.log({ a: 1 }, { step: 5n as never }), /step must be a safe integer, but is 5n/],
  ["a limit", () => ledger.searchRuns({ limit: 0 }), /limit must be .*, but is 0/],
  [
    "a query",
    () => ledger.searchRuns({ max_results: 5 } as never),
    /^searchRuns does not know the option "max_results"; did you mean "limit"\?$/,
  ],
  ["a page", () => ledger.searchRuns({ offset: 5 } as never), /"offset"; did you mean "pageToken"/],
  ["a page", () => ledger.searchRuns({ page: 5 } as never), /"page"; did you mean "pageToken"/],
  ["a group", () => ledger.searchRuns({ group: "g" } as never), /"group"; write filter: "group = '…'"$/],
  ["a status", () => ledger.searchRuns({ status: "x" } as never), /"status"; write filter: "status = '…'"$/],
  ["a name", () => ledger.summarise({ runName: "x" } as never), /summarise does not know the option "runName"/],
  ["params", () => ledger.summarise({ params: {} } as never), /"params"; write filter: "params.name = …"$/],
  ["no field", () => ledger.searchRuns({ constructor: 1 } as never), /does not know the option "constructor"$/],
  ["fields", () => ledger.searchRuns({ fields: ["loss"] as never }), /"loss"; it has .*name, .*params, .*metrics, /],
  ["metadata", () => ledger.startRun({ metadata: {} } as never), /"metadata"; did you mean "params"\?/],
  [
    "notes of an artifact",
    () => run.logArtifact("m", new Uint8Array(1), { descripton: "d" } as never),
    /"descripton"; did you mean "description"\?/,
  ],
  ["a note", () => ledger.startRun({ description: "d" } as never), /did you mean "note"\?/],
  ["commit", () => run.log({ a: 1 }, { commit: false } as never), /"commit"; calls with the same step need none/],
  ["a hash", () => run.logDataset("d", { hash: "x" } as never), /"hash"; did you mean "digest"\?/],
  ["keys", () => s3Backend({ accessKeyId: "a", bucket: "b" } as never), /; write credentials: \{ accessKeyId \}$/],
  ["a bucket", () => s3Backend({ bucket: "s3://b/c" }), /; write \{ bucket, prefix \} without s3:\/\/$/],
  [
    "an address",
    () => openLedger("s3://b" as never),
    /use s3Backend\(\{ bucket, prefix \}\) of runledger\/backends\/s3$/,
  ],
  [
    "flush",
    () => openLedger(memoryBackend(), { flush: {} } as never),
    /"flush"; it is an option of startRun and withRun$/,
  ],
  ["a ledger", () => guardProcess(ledger as never), /is a Ledger: guard each run$/],
  ["a run", () => ledger.getRun(run as never), /^id must be the id of a run, but is a Run: pass its id$/],
  [
    "a record",
    async () => ledger.history((await ledger.getRun(run.id)) as never, "loss"),
    /but is an object: pass its id$/,
  ],
  ["runs", () => ledger.compareRuns([run as never]), /but is a Run: pass its id$/],
  ["null", () => ledger.getRun(null as never), /^id must be the id of a run, but is null$/],
  [
    "a boolean",
    () => run.log({ ok: true as never }),
    /"ok" must be a number, but is of type boolean: convert it with Number\(\)/,
  ],
  ["a group", () => ledger.summarise({ groupBy: ["opt"] }), /; did you mean params\.opt \(or tags\.opt\)\?$/],
  ["a key", () => ledger.history(run.id, "metrics.loss"), /key must be .* without "metrics\.": "loss"$/],
  ["keys", () => ledger.histories(run.id, ["a", "metric.b/c"]), /key must be .*: "b\/c"$/],
  [
    "keys",
    async () => await ledger.watchRun(run.id, { keys: ["metrics.loss"] }).next(),
    /^keys\[0\] must be .*: "loss"; leave/,
  ],
  ["a view", () => ledger.searchRuns({ view: "archived" as never }), /"active", "deleted" or "all", but is "archived"/],
  ["history", () => ledger.history(run.id, "a", { samples: 1 }), /samples must be .* at least 2, but is 1/],
  ["history", () => ledger.history(run.id, "a", { sample: 9 } as never), /did you mean "samples"/],
  ["recover", () => ledger.recover(run.id, { grace: 1 } as never), /recover does not know the option "grace"/],
  [
    "an aggregate",
    () => ledger.summarise({ groupBy: [], metrics: [{ key: "a", aggregate: "max_" as never }] }),
    /but is "max_"; did you mean "max"/,
  ],
  ["m:V0", () => ledger.openArtifact("m:V0"), /"V0".*; did you mean "v0"\?/],
  [
    "a factory",
    () => openLedger(memoryBackend as never),
    /is a function: call it, as in openLedger\(memoryBackend\(…\)\)/,
  ],
  [
    "a path",
    () => openLedger("./runs" as never),
    /is a string: use fsBackend\(path\) of runledger\/backends\/fs for a directory$/,
  ],
  [
    "a Promise of a ledger",
    () => openSql(Promise.resolve(ledger) as never),
    /is a Promise: await openLedger\(\) first/,
  ],
  ["flush", () => ledger.startRun({ flush: { interval: 5 } as never }), /flush does not know the option "interval"/],
])("%s (%#)", async (_, call, says) => {
  expect(await messageOf(call)).toMatch(says);
});

test.each([
  ["metrics.loss == 1", "write = for =="],
  ["metrics.loss === 1", "write = for ==="],
  ["params.a = 'b' && metrics.loss < 1", "write AND for &&"],
  ["params.a = 'b' || metrics.loss < 1", "write OR for ||"],
  ["!(metrics.loss < 1)", "write NOT for !"],
  ["metrics.loss <> 1", "write != for <>"],
  ["loss < 1", "did you mean metrics.loss (or params.loss)?"],
  ["model = 'cnn'", "did you mean params.model (or tags.model)?"],
  ["stauts = 'running'", "did you mean status?"],
  ["config.lr > 1", "did you mean params.lr?"],
  ["metric.loss < 1 AND summary.acc > 1", "did you mean metrics.acc?"],
  ["metrics.loss.avg < 1", 'did you mean metrics.loss.mean? A metric of exactly this name is metrics."loss.avg"'],
  ["metrics.val.loss.final < 1", "did you mean metrics.val.loss.last?"],
  ["optimizer.lr > 1", "did you mean params.optimizer.lr (or metrics.optimizer.lr)?"],
])("the filter %s: %s", async (filter, advice) => {
  expect(await messageOf(() => ledger.searchRuns({ filter }))).toContain(`; ${advice}`);
});

test("no advice where it would only confuse", async () => {
  for (const filter of ["metrics.loss < ", "metrics.loss = = 1", "5 = 5", "metrics.loss < 'x'"])
    expect(await messageOf(() => ledger.searchRuns({ filter }))).not.toMatch(/;/);
  expect(await messageOf(() => ledger.searchRuns({ orderBy: "loss" }))).toContain("did you mean metrics.loss");
});

test("what a suggestion costs is bounded, and nothing strange is suggested", () => {
  expect(suggestion("x".repeat(1e6), ["x"])).toBe(undefined);
  expect(suggestion("abcd", Array<string>(1e6).fill("abce"))).toBe("abce");
  expect(suggestion("ab", ["cd", "a"])).toBe(undefined);
  expect(suggestion("constructor", ["step"])).toBe(undefined);
  expect(suggestion("__proto__", ["step"])).toBe(undefined);
  expect(suggestion(5, ["step"])).toBe(undefined);
  expect(suggestion("tsep", ["step", "time"])).toBe("step");
});

test("metrics whose names look like fields and aggregates stay within reach", async () => {
  const odd = await ledger.startRun();
  odd.log({ "metrics.loss": 3, "loss.avg": 4, avg: 5 });
  await odd.finish();
  expect((await ledger.history(odd.id, "metrics.loss")).values).toEqual(Float64Array.of(3));
  expect((await ledger.history(odd.id, "metrics.loss", { from: 9 })).values).toHaveLength(0);
  const filter = `metrics."loss.avg" = 4 AND metrics."loss.avg".max = 4 AND metrics.avg = 5`;
  expect((await ledger.searchRuns({ filter, orderBy: `metrics."loss.avg"` })).runs).toHaveLength(1);
  expect(await messageOf(() => ledger.searchRuns({ orderBy: "metrics.loss.avg DESC" }))).toContain(
    "metrics.loss.mean?",
  );
});

test("an option that a call does not know is UNSUPPORTED everywhere", async () => {
  const options = { nonsense: 1 } as never;
  const calls: (() => unknown)[] = [
    () => ledger.searchRuns(options),
    () => ledger.iterateRuns(options).next(),
    () => ledger.summarise(options),
    () => ledger.media(run.id, options),
    () => ledger.startRun(options),
    () => ledger.resumeRun(run.id, options),
    () => ledger.getRun(run.id, options),
    () => ledger.history(run.id, "a", options),
    () => ledger.watchRun(run.id, options).next(),
    () => run.startChild(options),
    () => run.finish("finished", options),
    () => createTestLedger(options),
    () => memoryBackend(options),
    () => s3Backend({ bucket: "abc", retry: options }),
    () => openLedger(memoryBackend(), options),
  ];
  for (const call of calls) {
    await expect(Promise.resolve().then(call)).rejects.toMatchObject({ code: "UNSUPPORTED", field: "nonsense" });
    expect(await messageOf(call)).toMatch(/^\w+ does not know the option "nonsense"$/);
  }
});
