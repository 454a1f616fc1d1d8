import { zipSync } from "fflate";
import type { Ledger } from "../../../src/index.ts";
import { SNAPSHOT } from "../../provenance/code-snapshot.ts";
import { flush, type Place } from "./place.ts";

const own = (entries: readonly (readonly [string, unknown])[]): object => Object.fromEntries(entries);

/** Runs that end in each way, in several experiments, with all that a record has. */
export async function basics({ open, clock }: Place): Promise<void> {
  const ledger = await open();
  await everything(ledger);
  await clock.advance(1000);
  await endings(ledger);
  await params(ledger);
  await definitions(ledger);
  await deleted(ledger);
  await forks(ledger);
  const silent = await ledger.startRun({ experiment: "silent", environment: false });
  await silent.finish();
  await ledger.startRun({ experiment: "silent", name: "nothing", id: "Nothing_Logged-1", tags: { a: 1 } });
}

async function everything(ledger: Ledger): Promise<void> {
  const run = await ledger.startRun({
    experiment: "vision / räume 🏠",
    name: "all of it",
    group: "fold-1",
    jobType: "train",
    note: "first note",
    startTime: 1_767_000_000_000,
    params: { lr: 0.1, optimizer: { name: "adam", betas: [0.9, 0.999] } },
    tags: { stage: "dev", old: "yes", ["__proto__"]: "x" },
    code: {
      ...SNAPSHOT,
      archive: zipSync(
        { "räume/train.ts": new Uint8Array(100_000), b: new Uint8Array(9) },
        { level: 0, mtime: "1990-01-01T00:00:00" },
      ),
      incomplete: ["patch: 1 hunk withheld, they look like secrets"],
    },
    flush,
  });
  run.log({ loss: 0.5, acc: 1 / 3 });
  run.log({ loss: 0.25, acc: 0.5, nested: { deep: 7 } });
  run.setTags({ stage: "prod", kept: "1" });
  run.removeTag("old");
  run.setNote('second\nnote with "quotes" and \u2028');
  run.logDataset("mnist", { digest: "sha256:00ff", uri: "s3://data/mnist.npz" }, { context: "train" });
  run.logDataset("mnist", { digest: "sha256:00ff", size: 10 }, { context: "train" });
  run.logDataset("mnist", { digest: "sha256:00ff" });
  await run.flush();
  run.setTags({ old: "again" });
  const child = await run.startChild({ name: "child", environment: false, flush });
  child.log({ loss: 1 }, { step: -5, time: 1_767_225_000_000 });
  await child.finish("finished", { endTime: 1_767_300_000_000 });
  await run.finish("finished", { endTime: 1_767_000_005_000 });
}

/** A run, two forks of it and a fork of a fork, one of them open; and a fork with points before its step. */
async function forks(ledger: Ledger): Promise<void> {
  const options = { experiment: "forks", environment: false, flush };
  const log = async (id: string, steps: readonly number[], forkOf?: { run: string; step: number }) => {
    const run = await ledger.startRun({ ...options, id, ...(forkOf && { forkOf }) });
    for (const step of steps) run.log({ loss: steps.length + step / 100, [id]: step }, { step });
    await run.flush();
    return run;
  };
  await (await log("root", [0, 1, 2, 3, 4, 5])).finish();
  await (await log("first", [4, 5], { run: "root", step: 3 })).finish();
  await log("open", [2], { run: "root", step: 1 });
  await (await log("second", [3, 9, 1], { run: "first", step: 4 })).finish();
  await (await log("earlier", [], { run: "second", step: -7 })).finish();
}

async function endings(ledger: Ledger): Promise<void> {
  const failed = await ledger.startRun({ experiment: "endings", name: "failed", environment: false, flush });
  failed.log({ loss: 3 });
  const error = new TypeError("no such tensor");
  error.stack = "TypeError: no such tensor\n    at train (train.ts:1:1)";
  await failed.fail(error);
  const odd = await ledger.startRun({ experiment: "endings", name: "thrown text", environment: false, flush });
  await odd.fail("just text");
  const killed = await ledger.startRun({ experiment: "endings", name: "killed", environment: false, flush });
  killed.log({ loss: 4 });
  await killed.finish("killed");
  const running = await ledger.startRun({ experiment: "endings", name: "running", environment: false, flush });
  running.log({ loss: 5 });
  running.log({ loss: 4 }, { step: 10 });
  running.setNote("still going");
  await running.flush();
}

/** Params that are merged and replaced at all depths, and values that JSON has no word for. */
async function params(ledger: Ledger): Promise<void> {
  for (const isClosed of [true, false]) {
    const run = await ledger.startRun({
      experiment: "params",
      environment: { $rl: "mine", deep: [{ $rl: 1 }] },
      flush,
      params: own([
        ["a", { b: { c: 1 }, list: [1, { x: 2 }] }],
        ["__proto__", { polluted: false }],
        ["$rl", { $rl: "f64", v: "NaN" }],
        ["constructor", null],
        ["numbers", [Number.NaN, Infinity, -Infinity, -0, 0, 5e-324, 1.7976931348623157e308, 2 ** 69, 1e21, 2 ** 53]],
        ["big", [5n, -(2n ** 70n), 0n]],
        ["", "empty key"],
        ["1", "index"],
        ["ключ.точка", "ü\ud83d\ude00\u0000\u2028"],
        ["half", "\ud800"],
        ["empty", { none: {}, list: [] }],
      ]),
    });
    const set = (changes: object): void => run.setParams(changes, { overwrite: true });
    set({ a: { b: { d: 2 } } });
    set({ a: { b: 5 } });
    set({ a: { b: { e: 3 } }, empty: { none: { some: 1 } } });
    set({ a: { list: { now: "object" } }, big: {}, $rl: { more: true } });
    set(own([["__proto__", { polluted: "no", also: { $rl: 2 } }]]));
    set({ a: {}, empty: { none: {} } });
    set({ constructor: { name: "x" }, 1: [], 0: -0 });
    await run.flush();
    if (isClosed) await run.finish();
  }
}

/** Definitions by name and by glob, in orders that matter. */
async function definitions(ledger: Ledger): Promise<void> {
  for (const isClosed of [true, false]) {
    const run = await ledger.startRun({ experiment: "goals", environment: false, flush });
    for (const [i, value] of [2, 1, 3, Number.NaN, 1].entries())
      run.log({
        loss: value,
        "val/loss": value,
        "val/top/loss": value,
        acc: -value,
        none: value,
        nan: Number.NaN,
        "a*b": value,
        10: i,
      });
    run.defineMetric("**loss", { goal: "minimize", unit: "nats" });
    run.defineMetric("val/*", { goal: "maximize", description: "of one level" });
    run.defineMetric("loss", { unit: "bits" });
    run.defineMetric("acc", { goal: "maximize", stepMetric: "epoch" });
    run.defineMetric("acc", { unit: "%" });
    run.defineMetric("nan", { goal: "minimize" });
    run.defineMetric("a*b", { goal: "maximize" });
    run.defineMetric("10", { goal: "maximize" });
    run.defineMetric("never*", { goal: "maximize" });
    run.defineMetric("**loss", { description: "later, in the place of the first" });
    await run.flush();
    if (isClosed) await run.finish();
  }
}

async function deleted(ledger: Ledger): Promise<void> {
  for (const changes of [[true], [true, false], [true, false, true]]) {
    const run = await ledger.startRun({ experiment: "deleted", name: `${changes.length}`, environment: false, flush });
    run.log({ loss: 1 });
    await run.finish();
    for (const isDeleted of changes) await (isDeleted ? ledger.deleteRun(run.id) : ledger.restoreRun(run.id));
  }
  const open = await ledger.startRun({ experiment: "deleted", name: "running", environment: false });
  await ledger.deleteRun(open.id);
}
