import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, openLedger } from "../../src/index.ts";
import { objectsOnly } from "../journal/records.ts";
import { createTestClock, createTestLedger, seededIds } from "../../src/testing/index.ts";

interface Golden {
  readonly objects: Record<string, string>;
  readonly run: string;
  readonly record: unknown;
}

const place = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const read = (name: string): Golden => JSON.parse(readFileSync(place(name), "utf8")) as Golden;

/** After a change of the format: `UPDATE_GOLDEN=1 npx vitest run test/golden`. */
beforeAll(async () => {
  if (process.env["UPDATE_GOLDEN"] !== "1") return;
  const made = [
    ["v1.json", await script(uncompacted()), ""],
    ["v1-compacted.json", await script(), ""],
    ["v1-datasets.json", await datasets(), "runs"],
    ["v1-fork.json", await fork(), "runs"],
  ] as const;
  for (const [name, { backend, id }, prefix] of made) {
    const record = plain(await (await openLedger(backend)).getRun(id));
    const objects = { ...(prefix && read(name).objects), ...(await contents(backend, prefix)) };
    // Ledgers of that time had no catalogue.
    for (const key of Object.keys(objects)) if (key.startsWith("experiments/")) delete objects[key];
    writeFileSync(place(name), `${JSON.stringify({ run: id, record, objects }, null, 2)}\n`);
  }
});

/** A store on which no run is compacted, because two of its creates may both succeed. */
function uncompacted(): Backend {
  const backend = objectsOnly();
  return { ...backend, capabilities: { ...backend.capabilities, exclusiveCreate: false } };
}

/** What the files were made from: `v1.json` where no run is compacted, `v1-compacted.json` elsewhere. */
async function script(backend: Backend = memoryBackend()): Promise<{ backend: Backend; id: string }> {
  const clock = createTestClock();
  const ledger = await openLedger(backend, { clock, ids: seededIds(2026, () => clock.now()) });
  const run = await ledger.startRun({
    experiment: "golden",
    name: "first",
    params: { lr: 0.1, deep: { NaN: Number.NaN, big: 7n } },
    tags: { a: "ä" },
    environment: false,
  });
  run.log({ loss: 0.5, acc: 1 / 3 });
  run.log({ loss: Number.NaN, acc: -0 }, { step: 2 ** 40 });
  run.log({ loss: Infinity }, { step: 1 });
  await run.flush();
  await clock.advance(5000);
  run.setTags({ b: "2" });
  run.defineMetric("loss", { goal: "minimize" });
  run.log({ "val/loss": 5e-324 }, { step: Number.MIN_SAFE_INTEGER });
  await run.logArtifact("Model", { text: "weights" }, { type: "model", aliases: ["best"], metadata: { f1: Infinity } });
  await run.finish();
  return { backend, id: run.id };
}

const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, item: unknown) =>
      typeof item === "number" && !Number.isFinite(item) ? String(item) : typeof item === "bigint" ? `${item}n` : item,
    ),
  );

async function restore({ objects }: Golden): Promise<Backend> {
  const backend = memoryBackend();
  for (const [key, base64] of Object.entries(objects))
    await backend.create(key, new Uint8Array(Buffer.from(base64, "base64")));
  return backend;
}

async function contents(backend: Backend, prefix: string): Promise<Golden["objects"]> {
  const objects: Record<string, string> = {};
  for await (const { key } of backend.list(prefix))
    objects[key] = Buffer.from(await backend.read(key)).toString("base64");
  return objects;
}

test.each(["v1.json", "v1-compacted.json"])("the ledger in %s reads as it did when it was written", async (name) => {
  const golden = read(name);
  const backend = await restore(golden);
  const ledger = await openLedger(backend);
  expect(plain(await ledger.getRun(golden.run))).toEqual(golden.record);
  const { values, steps } = await ledger.history(golden.run, "loss");
  expect([...values]).toEqual([0.5, Infinity, Number.NaN]);
  expect([...steps]).toEqual([0, 1, 2 ** 40]);
  expect(Object.is((await ledger.history(golden.run, "acc")).values[1], -0)).toBe(true);
  expect((await ledger.history(golden.run, "val/loss")).values[0]).toBe(5e-324);
  expect(new TextDecoder().decode(await (await ledger.openArtifact("Model:best")).read())).toBe("weights");
  if (name !== "v1.json") return;
  // The journals alone say the same.
  await backend.remove(`runs/${golden.run}/run.json`);
  expect(plain(await ledger.getRun(golden.run))).toEqual(golden.record);
});

test("a ledger that has no catalogue yet is searched whole, also when the next run begins before", async () => {
  const golden = read("v1-compacted.json");
  const backend = await restore(golden);
  const ledger = await openLedger(backend);
  const { id } = await ledger.startRun({ experiment: "golden", environment: false });
  for (const experiment of ["golden", undefined, "golden"]) {
    const { runs } = await ledger.searchRuns(experiment === undefined ? {} : { experiment });
    expect(runs.map((run) => run.id)).toEqual([id, golden.run]);
  }
  expect((await ledger.searchRuns({ experiment: "other" })).runs).toEqual([]);
});

test.each([
  ["v1.json", uncompacted],
  ["v1-compacted.json", memoryBackend],
] as const)("the same script still writes the same bytes as in %s", async (name, place) => {
  const golden = read(name);
  const { backend, id } = await script(place());
  expect(id).toBe(golden.run);
  // Ledgers of that time had no catalogue.
  const now = Object.entries(await contents(backend, "")).filter(([key]) => !key.startsWith("experiments/"));
  expect(Object.fromEntries(now)).toEqual(golden.objects);
});

/** What `v1-datasets.json` was made from: data sets, and a run that was deleted, restored and deleted again. */
async function datasets(): Promise<{ backend: Backend; id: string }> {
  const { ledger, backend, clock } = await createTestLedger({ seed: 2027, clock: createTestClock() });
  const run = await ledger.startRun({ experiment: "golden", name: "data", environment: false });
  run.logDataset(
    "mnist",
    { digest: "sha256:00ff", uri: "s3://data/mnist.npz", size: 11_490_434 },
    { context: "train" },
  );
  await clock.advance(1000);
  run.logDataset("ä", { digest: 'etag "1"' });
  run.logDataset("mnist", { digest: "sha256:00ff" }, { context: "train" });
  run.logDataset("mnist", { digest: "sha256:00ff" }, { context: "eval" });
  await run.finish();
  for (const deleted of [true, false, true]) {
    await clock.advance(1000);
    await (deleted ? ledger.deleteRun(run.id) : ledger.restoreRun(run.id));
  }
  return { backend, id: run.id };
}

test("data sets and markers of deletion read as they did when they were written", async () => {
  const golden = read("v1-datasets.json");
  const backend = await restore(golden);
  const ledger = await openLedger(backend);
  expect(plain(await ledger.getRun(golden.run))).toEqual(golden.record);
  expect((await ledger.searchRuns()).runs).toEqual([]);
  await backend.remove(`runs/${golden.run}/run.json`);
  expect(plain(await ledger.getRun(golden.run))).toEqual(golden.record);
  await backend.remove(`runs/${golden.run}/lifecycle/0003.json`);
  await ledger.rebuildCatalog();
  expect((await ledger.searchRuns()).runs.map(({ id }) => id)).toEqual([golden.run]);
});

test("data sets and markers of deletion are still written as the same bytes", async () => {
  const golden = read("v1-datasets.json");
  const { backend, id } = await datasets();
  expect(id).toBe(golden.run);
  const own = Object.entries(golden.objects).filter(([key]) => key.startsWith("runs/"));
  expect(await contents(backend, "runs")).toEqual(Object.fromEntries(own));
});

/** What `v1-fork.json` was made from: a run, and a fork of it. */
async function fork(): Promise<{ backend: Backend; id: string }> {
  const { ledger, backend } = await createTestLedger({ seed: 2028, clock: createTestClock() });
  const source = await ledger.startRun({ experiment: "golden", name: "source", environment: false });
  for (let step = 0; step < 4; step++) source.log({ loss: 1 - step / 8 });
  await source.finish();
  const forkOf = { run: source.id, step: 1 };
  const run = await ledger.startRun({ experiment: "golden", name: "fork", environment: false, forkOf });
  run.log({ loss: -1 });
  await run.finish();
  return { backend, id: run.id };
}

test("a fork reads as it did when it was written, and is still written like that", async () => {
  const golden = read("v1-fork.json");
  const ledger = await openLedger(await restore(golden));
  expect(plain(await ledger.getRun(golden.run))).toEqual(golden.record);
  const { steps, values, inherited } = await ledger.history(golden.run, "loss");
  expect([[...steps], [...values], inherited]).toEqual([[0, 1, 2], [1, 0.875, -1], 2]);
  const now = await fork();
  expect(now.id).toBe(golden.run);
  const objects = Object.entries(golden.objects).filter(([key]) => key.startsWith("runs/"));
  expect(await contents(now.backend, "runs")).toEqual(Object.fromEntries(objects));
});
