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

test("a run that was purged is not among the best; its versions stay if another criterion keeps them", async () => {
  const { ledger, runs } = await filled([5, 1, 0, 2, 3, 6], "minimize");
  await ledger.purgeRun(runs[2]!);
  const keepBest = { metric: "loss", k: 2 };
  expect((await ledger.applyRetention({ keepBest })).removed).toEqual(["model:v2", "model:v4"]);
  expect((await ledger.applyRetention({ keepBest, keepLast: 4 })).removed).toEqual([]);
});

test("ttlMs keeps young versions, and alone decides about the newest", async () => {
  const { ledger, clock } = await filled();
  expect((await ledger.applyRetention({ ttlMs: 3500 })).removed).toEqual(["model:v2"]);
  await clock.advance(60_000);
  expect((await ledger.applyRetention({ ttlMs: 3500, keepLast: 1 })).removed).not.toContain("model:v5");
  expect((await ledger.applyRetention({ keepLast: 0 })).removed).not.toContain("model:v5");
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
  expect(await ledger.applyRetention({ keepLast: 1, artifact: "nothing" })).toEqual({ removed: [], dryRun: true });
});

test("refuses a call without a criterion, and values that make no sense", async () => {
  const { ledger } = await filled([1, 2, 3]);
  const calls = [
    {},
    { keepAliased: true },
    { keepLast: -1 },
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
  await expect(ledger.applyRetention({ keepLats: 1 } as never)).rejects.toEqual(code("UNSUPPORTED", /keepLast/));
  // Nothing says which of two losses is better.
  await expect(ledger.applyRetention({ keepBest: { metric: "loss", k: 1 } })).rejects.toEqual(
    code("INVALID_ARGUMENT", /defineMetric/),
  );
});
