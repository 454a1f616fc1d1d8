import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Ledger, openLedger } from "../../src/index.ts";
import { createTestClock } from "../../src/testing/index.ts";

const code = (expected: string, message?: RegExp): object =>
  expect.objectContaining({ code: expected, ...(message && { message: expect.stringMatching(message) }) });

/** Versions v0 … v5 of "model", one run each, a second apart. v1 is "best", v0 "old". */
async function filled(losses: readonly number[] = [5, 1, 4, 2, 3, 6], goal?: "minimize" | "maximize") {
  const clock = createTestClock();
  const ledger = await openLedger(memoryBackend(), { clock });
  const runs: string[] = [];
  for (const [i, loss] of losses.entries()) {
    const run = await ledger.startRun({ environment: false });
    if (goal) run.defineMetric("loss", { goal });
    run.log({ loss });
    await run.logArtifact("model", { text: `${i}` }, { aliases: i === 1 ? ["best"] : i === 0 ? ["old"] : [] });
    await run.finish();
    runs.push(run.id);
    await clock.advance(1000);
  }
  return { ledger, clock, runs };
}

const left = async (ledger: Ledger, name = "model"): Promise<string> =>
  (await ledger.artifactVersions(name)).map(({ version }) => version).join();

test("says what would go, and removes it only when asked to", async () => {
  const { ledger } = await filled();
  expect(await ledger.applyRetention({ keepLast: 2 })).toEqual({ removed: ["model:v2", "model:v3"], dryRun: true });
  expect(await left(ledger)).toBe("v0,v1,v2,v3,v4,v5");
  const wanted = { removed: ["model:v2", "model:v3"], dryRun: false };
  expect(await ledger.applyRetention({ keepLast: 2, dryRun: false })).toEqual(wanted);
  expect(await left(ledger)).toBe("v0,v1,v4,v5");
  expect(await ledger.applyRetention({ keepLast: 2, dryRun: false })).toEqual({ removed: [], dryRun: false });
  expect((await ledger.verify()).problems).toEqual([]);
});

test("a version with an alias goes only with keepAliased: false, and its alias with it", async () => {
  const { ledger } = await filled();
  const { removed } = await ledger.applyRetention({ keepLast: 1, keepAliased: false, dryRun: false });
  expect(removed).toEqual(["model:v0", "model:v1", "model:v2", "model:v3", "model:v4"]);
  await expect(ledger.openArtifact("model:best")).rejects.toEqual(code("ARTIFACT_NOT_FOUND", /no alias/));
  expect((await ledger.verify()).problems).toEqual([]);
});

test.each([
  ["minimize", [3, 4, 5]],
  ["maximize", [2, 3, 4]],
] as const)("keeps the versions of the best runs: %s", async (goal, gone) => {
  const { ledger } = await filled([5, 1, 4, 7, 6, 8], goal);
  const { removed } = await ledger.applyRetention({ keepBest: { metric: "loss", k: 3 }, artifact: "model" });
  // The newest one stays in any case, those with aliases too.
  expect(removed).toEqual(gone.filter((n) => n !== 5 && (goal === "minimize" || n === 2)).map((n) => `model:v${n}`));
});

test("what nothing judges stays: versions of purged and deleted runs, and of runs without the metric", async () => {
  const { ledger, runs } = await filled([5, 1, 0, 2, 3, 6], "minimize");
  await ledger.purgeRun(runs[2]!);
  await ledger.deleteRun(runs[3]!);
  const keepBest = { metric: "loss", k: 1 };
  expect((await ledger.applyRetention({ keepBest, keepAliased: false })).removed).toEqual(["model:v0", "model:v4"]);
  // Without the deleted run, v4 is the second best.
  expect((await ledger.applyRetention({ keepBest: { metric: "loss", k: 2 } })).removed).toEqual([]);
  const run = await ledger.startRun({ environment: false });
  await run.logArtifact("tokens", { text: "1" });
  await run.logArtifact("tokens", { text: "2" });
  await run.finish();
  expect((await ledger.applyRetention({ keepBest })).removed).toEqual(["model:v4"]);
});

test("content that several runs logged counts for each of them", async () => {
  const { ledger, clock } = await filled([]);
  const log = async (text: string, loss: number, id?: string) => {
    const run = id === undefined ? await ledger.startRun({ environment: false }) : await ledger.resumeRun(id);
    run.defineMetric("loss", { goal: "minimize" });
    run.log({ loss });
    await run.logArtifact("model", { text });
    await run.finish();
    await clock.advance(1000);
    return run.id;
  };
  const first = await log("a", 9);
  await log("a", 1);
  const resumed = await log("b", 8);
  await log("c", 7);
  await log("d", 2);
  // The session that goes on logs what another run logged last, and is the best of all.
  await log("d", 0.5, resumed);
  await log("e", 6);
  expect((await ledger.artifactVersions("model"))[0]).toMatchObject({ version: "v0", runId: first });
  const rule = { artifact: "model", keepBest: { metric: "loss", k: 2 } };
  // v0 by the second run, v1 and v3 by the resumed one.
  expect((await ledger.applyRetention(rule)).removed).toEqual(["model:v2"]);
  // A search makes a segment of the runs.
  for (let i = 0; i < 8; i++) await (await ledger.startRun({ environment: false })).finish();
  await ledger.searchRuns();
  expect((await ledger.applyRetention({ ...rule, dryRun: false })).removed).toEqual(["model:v2"]);
});

test.each([
  ["by its name", (loss: number) => ({ "val/loss": loss })],
  ["nested", (loss: number) => ({ val: { loss } })],
])("the best checkpoints of one training, by their metadata: %s", async (_name, metadata) => {
  const { ledger } = await filled([]);
  const run = await ledger.startRun({ environment: false });
  run.defineMetric("val/loss", { goal: "minimize" });
  for (const [epoch, loss] of [5, 1, Number.NaN, 2, 3, 6].entries()) {
    run.log({ val: { loss } });
    await run.logArtifact("ck", { text: `${epoch}` }, { metadata: metadata(loss) });
  }
  await run.finish();
  const keep = async (k: number) => (await ledger.applyRetention({ keepBest: { metric: "val/loss", k } })).removed;
  expect(await keep(3)).toEqual(["ck:v0", "ck:v2"]);
  expect(await keep(1)).toEqual(["ck:v0", "ck:v2", "ck:v3", "ck:v4"]);
  // Such metadata counts even if the run is gone. Another run says which values are better.
  await ledger.purgeRun(run.id);
  await expect(keep(1)).rejects.toEqual(code("INVALID_ARGUMENT", /defineMetric/));
  const other = await ledger.startRun({ environment: false });
  other.defineMetric("val/loss", { goal: "maximize" });
  await other.logArtifact("ck", { text: "last" });
  await other.finish();
  expect(await keep(2)).toEqual(["ck:v1", "ck:v2", "ck:v3", "ck:v4"]);
});

test("without such metadata all versions of a good run stay", async () => {
  const { ledger } = await filled([]);
  for (const [i, loss] of [3, 1, 2].entries()) {
    const run = await ledger.startRun({ environment: false });
    run.defineMetric("loss", { goal: "minimize" });
    run.log({ loss });
    for (const part of ["x", "y"])
      await run.logArtifact("ck", { text: `${i}${part}` }, { metadata: { constructor: 1, loss: "0" } });
    await run.finish();
  }
  expect((await ledger.applyRetention({ keepBest: { metric: "loss", k: 1 } })).removed).toEqual([
    "ck:v0",
    "ck:v1",
    "ck:v4",
  ]);
  await expect(ledger.applyRetention({ keepBest: { metric: "toString", k: 1 } })).rejects.toEqual(
    code("INVALID_ARGUMENT", /keepBest.metric/),
  );
});

test("a metric that nothing has is refused, and nothing goes", async () => {
  const { ledger, runs } = await filled([5, 1, 2], "minimize");
  for (const artifact of [undefined, "model"])
    await expect(
      ledger.applyRetention({ artifact, keepBest: { metric: "los", k: 1 }, keepAliased: false, dryRun: false }),
    ).rejects.toEqual(code("INVALID_ARGUMENT", /keepBest\.metric.*"los"/));
  expect(await left(ledger)).toBe("v0,v1,v2");
  for (const id of runs) await ledger.purgeRun(id);
  await expect(ledger.applyRetention({ keepBest: { metric: "loss", k: 1 }, dryRun: false })).rejects.toEqual(
    code("INVALID_ARGUMENT", /keepBest\.metric/),
  );
  const empty = await openLedger(memoryBackend());
  expect((await empty.applyRetention({ keepBest: { metric: "loss", k: 1 } })).removed).toEqual([]);
});

test("runs that disagree on which values are better are refused", async () => {
  const { ledger } = await filled([5, 1], "minimize");
  const run = await ledger.startRun({ environment: false });
  run.defineMetric("loss", { goal: "maximize" });
  run.log({ loss: 1 });
  await run.logArtifact("model", { text: "other" });
  await run.finish();
  await expect(ledger.applyRetention({ keepBest: { metric: "loss", k: 1 } })).rejects.toEqual(
    code("INVALID_ARGUMENT", /low.*high/),
  );
});

test("ttlMs keeps young versions, and alone decides about the newest", async () => {
  const { ledger, clock } = await filled();
  expect((await ledger.applyRetention({ ttlMs: 3500 })).removed).toEqual(["model:v2"]);
  await clock.advance(60_000);
  expect((await ledger.applyRetention({ ttlMs: 3500, keepLast: 1 })).removed).not.toContain("model:v5");
  expect((await ledger.applyRetention({ ttlMs: 3500 })).removed).toContain("model:v5");
  await ledger.setAlias("model", "v5", "prod");
  const all = await ledger.applyRetention({ ttlMs: 0, keepAliased: false });
  expect(all.removed).toEqual(["model:v0", "model:v1", "model:v2", "model:v3", "model:v4"]);
});

test("looks at every artifact, unless one is named", async () => {
  const { ledger } = await filled();
  const run = await ledger.startRun({ environment: false });
  for (const text of ["a", "b"]) await run.logArtifact("data/x y", { text });
  await run.finish();
  const { removed } = await ledger.applyRetention({ keepLast: 1, dryRun: false });
  expect(removed).toEqual(["data/x y:v0", "model:v2", "model:v3", "model:v4"]);
  expect(await left(ledger, "data/x y")).toBe("v1");
  await expect(ledger.applyRetention({ keepLast: 1, artifact: "modle" })).rejects.toEqual(
    code("ARTIFACT_NOT_FOUND", /no artifact "modle"; there are .*"model"/),
  );
  // A rule that removed all versions finds nothing the next time.
  for (const version of ["v0", "v1"]) await ledger.removeArtifact(`data/x y:${version}`);
  expect(await ledger.applyRetention({ keepLast: 1, artifact: "data/x y" })).toEqual({ removed: [], dryRun: true });
});

test("refuses a call without a criterion, and values that make no sense", async () => {
  const { ledger } = await filled([1, 2, 3]);
  const calls = [
    {},
    { keepAliased: true },
    { keepLast: -1 },
    { keepLast: 0 },
    { keepBest: { metric: "loss", k: 0 } },
    { keepLast: 1.5 },
    { ttlMs: Number.NaN },
    { keepLast: 1, dryRun: "no" },
    { keepLast: 1, artifact: "a:b" },
    { keepBest: { metric: "loss", k: "2" } },
    { keepBest: { metric: 3, k: 2 } },
  ];
  for (const options of calls)
    await expect(ledger.applyRetention(options as never)).rejects.toEqual(code("INVALID_ARGUMENT"));
  await expect(ledger.applyRetention(undefined as never)).rejects.toEqual(code("INVALID_ARGUMENT"));
  await expect(ledger.applyRetention({ artifact: "model" })).rejects.toEqual(
    code("INVALID_ARGUMENT", /needs at least one of keepLast, keepBest and ttlMs/),
  );
  await expect(ledger.applyRetention({ keepLats: 1 } as never)).rejects.toEqual(code("UNSUPPORTED", /keepLast/));
  // Nothing says which of two losses is better.
  await expect(ledger.applyRetention({ keepBest: { metric: "loss", k: 1 } })).rejects.toEqual(
    code("INVALID_ARGUMENT", /defineMetric/),
  );
});
