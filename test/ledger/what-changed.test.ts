import { expect, test } from "vitest";
import { formatChanges } from "../../src/compare/format-changes.ts";
import { checkReproduction } from "../../src/compare/reproduction/check-reproduction.ts";
import { openLedger } from "../../src/index.ts";
import type { StartRunOptions } from "../../src/run/start-options.ts";
import { countingBackend } from "../../src/testing/counting-backend.ts";
import { createTestLedger, type TestLedger } from "../../src/testing/test-ledger.ts";

const code = (entry?: string, commit = "c1") => ({ engine: "git" as const, commit, dirty: false, entry });

async function made({ ledger, clock }: TestLedger, options: StartRunOptions, loss?: number): Promise<string> {
  clock.advance(1000);
  return await ledger.withRun(options, (run) => {
    run.defineMetric("loss", { goal: "minimize" });
    if (loss !== undefined) run.log({ loss, seen: loss * 10, "system/cpu": loss }, { step: 1 });
    return run.id;
  });
}

test("what changed since the previous run of the same script", async () => {
  const tested = await createTestLedger();
  const { ledger } = tested;
  const first = await made(tested, { experiment: "e", code: code("train.ts"), params: { lr: 0.1, old: 1 } }, 0.5);
  await made(tested, { experiment: "e", code: code("eval.ts") }, 0.1);
  await made(tested, { experiment: "other", code: code("train.ts") }, 0.1);
  const last = await made(
    tested,
    { experiment: "e", code: code("train.ts", "c2"), params: { lr: 0.3, fresh: [1] } },
    0.8,
  );
  const changes = await ledger.whatChanged(last);
  expect(changes).toMatchObject({
    previous: { id: first },
    run: { id: last },
    chosen: "entry",
    status: { before: "finished", after: "finished", same: true },
    code: { same: false, commit: { a: "c1", b: "c2" }, entry: { same: true } },
    datasets: [],
    inputs: [],
    environment: [],
    tags: [],
  });
  expect(changes?.params).toEqual([
    { path: "fresh", keys: ["fresh"], kind: "added", after: [1] },
    { path: "lr", keys: ["lr"], kind: "changed", before: 0.1, after: 0.3 },
    { path: "old", keys: ["old"], kind: "removed", before: 1 },
  ]);
  expect(changes?.metrics).toEqual([
    { key: "loss", goal: "minimize", verdict: "worse", before: 0.5, after: 0.8, difference: expect.closeTo(0.3) },
    { key: "seen", verdict: "changed", before: 5, after: 8, difference: 3 },
  ]);
  const text = formatChanges(changes!);
  expect(text).toContain("worse    loss (min)  0.5 → 0.8  +0.3, +60%");
  expect(text).toContain("commit c1 → c2");

  // Against any other run, also a later one.
  expect(await ledger.whatChanged(first, { against: last })).toMatchObject({
    chosen: "against",
    metrics: [{ verdict: "better" }, { verdict: "changed" }],
  });
});

test("the run that stores a data set first does not differ from those that find it stored", async () => {
  const tested = await createTestLedger();
  const { ledger, clock } = tested;
  const ids: string[] = [];
  for (let i = 0; i < 2; i++) {
    clock.advance(1000);
    const run = await ledger.startRun({ code: code("train.ts") });
    await run.logDataset("raw", [{ x: 1 }, { x: 2 }], { store: true });
    run.log({ loss: i });
    await run.finish();
    ids.push(run.id);
  }
  const [first, second] = ids as [string, string];
  const records = [await ledger.getRun(first), await ledger.getRun(second)] as const;
  expect(records.map(({ inputs }) => inputs.length)).toEqual([0, 1]);
  expect(await ledger.whatChanged(second)).toMatchObject({ previous: { id: first }, inputs: [], datasets: [] });
  expect((await ledger.compareRuns(ids)).inputs).toEqual({ differs: [], same: [] });
  const { inputs } = checkReproduction(...records);
  expect(inputs.filter(({ kind }) => kind === "data" || kind === "artifact")).toEqual([
    { kind: "data", name: "raw", same: true },
  ]);
});

test("which run is the previous one", async () => {
  const tested = await createTestLedger();
  const { ledger } = tested;
  const previous = async (id: string) => {
    const changes = await ledger.whatChanged(id);
    return changes && [changes.previous.id, changes.chosen];
  };
  const a = await made(tested, { experiment: "e" });
  expect(await previous(a)).toBeUndefined();
  // Of the same experiment, if there is no script to compare.
  const b = await made(tested, { experiment: "e", code: code("train.ts") });
  expect(await previous(b)).toEqual([a, "experiment"]);
  const c = await made(tested, { experiment: "e" });
  expect(await previous(c)).toEqual([b, "experiment"]);
  // The same script of another experiment, if this one has none.
  const d = await made(tested, { experiment: "new", code: code("train.ts") });
  expect(await previous(d)).toEqual([b, "entry"]);
  const e = await made(tested, { experiment: "e", code: code("eval.ts") });
  expect(await previous(e)).toEqual([c, "experiment"]);
  const f = await made(tested, { experiment: "e", code: code("train.ts") });
  expect(await previous(f)).toEqual([b, "entry"]);
  // Not a deleted run, and not the parent.
  await ledger.deleteRun(b);
  expect(await previous(f)).toEqual([d, "entry"]);
  const child = await made(tested, { experiment: "new", code: code("train.ts"), parent: f });
  expect(await previous(child)).toEqual([d, "entry"]);
  expect(await previous(await made(tested, { experiment: "alone", code: code("once.ts") }))).toBeUndefined();
});

test("data sets, and runs that start in the same millisecond", async () => {
  const { ledger } = await createTestLedger();
  const ids: string[] = [];
  for (const rows of [3, 5])
    await ledger.withRun({ experiment: "e" }, async (run) => {
      ids.push(run.id);
      await run.logDataset("digits", { digest: `md5:${rows}` }, { context: "train" });
      await run.logDataset("same", { digest: "md5:1" });
    });
  const [a, b] = ids.toSorted() as [string, string];
  expect(await ledger.whatChanged(a)).toBeUndefined();
  expect(await ledger.whatChanged(b)).toMatchObject({
    previous: { id: a },
    datasets: [{ name: "digits", context: "train", kind: "changed" }],
  });
});

test("it finds the previous run with few requests, and reads only two runs", async () => {
  const tested = await createTestLedger();
  let last = "";
  for (let i = 0; i < 60; i++)
    last = await made(tested, { experiment: "e", code: code(i % 30 ? "eval.ts" : "train.ts") });
  await tested.ledger.searchRuns({});
  await tested.ledger.close();
  const counting = countingBackend(tested.backend);
  const ledger = await openLedger(counting);
  await ledger.searchRuns({ limit: 1 });
  await ledger.close();
  counting.reset();
  const changes = await ledger.whatChanged(last);
  expect(changes?.code.entry.a).toBe("eval.ts");
  expect(counting.counters.requests).toBeLessThan(30);
});

test("bad input", async () => {
  const { ledger } = await createTestLedger();
  const id = await ledger.withRun({}, (run) => run.id);
  await expect(ledger.whatChanged("nobody")).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  await expect(ledger.whatChanged(id, { against: "nobody" })).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  await expect(ledger.whatChanged(id, { against: 3 as never })).rejects.toMatchObject({ field: "against" });
  await expect(ledger.whatChanged(id, { agianst: id } as never)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  await expect(ledger.whatChanged(id, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
});
