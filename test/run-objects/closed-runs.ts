import { zipSync } from "fflate";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, type Ledger, LedgerError, openLedger, type Run } from "../../src/index.ts";
import { createTestClock, seededIds } from "../../src/testing/index.ts";
import { intercept } from "../../src/testing/intercept.ts";
import { objectsOnly } from "../journal/records.ts";

/** Stores that differ in what is left of a run once it is closed. */
export const places: readonly (readonly [name: string, make: () => Backend])[] = [
  ["appends", () => memoryBackend()],
  ["creates an object a flush", () => objectsOnly()],
  ["may create an object twice", () => withoutExclusiveCreate()],
];

/** A store on which no run is compacted. */
export function withoutExclusiveCreate(): Backend {
  const backend = objectsOnly();
  return { ...backend, capabilities: { ...backend.capabilities, exclusiveCreate: false } };
}

/** Opens a ledger as another process does. */
export type Open = () => Promise<Ledger>;

let seed = 0;

/** Opens the ledger in a place, each time for a process of its own. */
export function opener(backend: Backend): Open {
  const clock = createTestClock();
  return () => openLedger(backend, { clock, ids: seededIds(++seed, () => clock.now()), onError: () => {} });
}

const flush = { intervalMs: 1e9 };
const start = async (ledger: Ledger): Promise<Run> =>
  await ledger.startRun({ experiment: "Ä/1", environment: false, flush });
/** Larger than what stands in a record. */
const long = (i: number): string => `${i} `.repeat(1000);

/** Runs that end up closed. Each returns its id. */
export const closedRuns: { readonly [name: string]: (open: Open, backend: Backend) => Promise<string> } = {
  "of one writer": async (open) => {
    const run = await start(await open());
    for (let i = 0; i < 20; i++) run.log({ loss: i });
    await run.flush();
    run.log({ loss: 1 });
    await run.finish();
    return run.id;
  },
  "without points": async (open) => {
    const run = await start(await open());
    run.setTags({ a: "b" });
    await run.flush();
    run.setNote("c");
    await run.finish();
    return run.id;
  },
  "without anything": async (open) => {
    const run = await start(await open());
    await run.finish();
    return run.id;
  },
  "with a patch and an archive of its code": async (open) => {
    const ledger = await open();
    const patch = new TextEncoder().encode("diff --git a/a b/a\n");
    const archive = zipSync({ a: new Uint8Array(90_000), b: new Uint8Array(90_000).fill(1) }, { level: 0 });
    const code = { commit: "c", patch, archive };
    const run = await ledger.startRun({ experiment: "Ä/1", environment: false, flush, code });
    run.log({ loss: 1 });
    await run.finish();
    return run.id;
  },
  "with an overview": async (open) => {
    const run = await start(await open());
    for (let i = 0; i < 20_000; i++) run.log({ loss: i });
    await run.finish();
    return run.id;
  },
  "of several writers that end one after the other": async (open) => {
    const first = await start(await open());
    const second = await (await open()).resumeRun(first.id, { flush });
    const third = await (await open()).resumeRun(first.id, { flush });
    for (const run of [first, second, third]) {
      run.log({ loss: 1 });
      await run.flush();
    }
    for (const run of [third, first, second]) await run.finish();
    return first.id;
  },
  "of several writers without points": async (open) => {
    const first = await start(await open());
    const second = await (await open()).resumeRun(first.id, { flush });
    second.setTags({ a: "b" });
    await second.flush();
    await first.finish();
    await second.finish();
    return first.id;
  },
  "closed three times": async (open) => {
    const { id } = await start(await open());
    for (let i = 0; i < 3; i++) {
      const run = await (await open()).resumeRun(id, { flush });
      run.log({ loss: i });
      run.setNote(`note ${i}`);
      await run.finish();
    }
    return id;
  },
  "closed three times without points": async (open) => {
    const run = await start(await open());
    await run.finish();
    for (let i = 0; i < 2; i++) await (await (await open()).resumeRun(run.id, { flush })).finish();
    return run.id;
  },
  "recovered after a crash": async (open) => {
    const run = await start(await open());
    run.log({ loss: 1 });
    run.setTags({ a: "b" });
    await run.flush();
    await (await open()).recover(undefined, { graceMs: 0 });
    return run.id;
  },
  "recovered before it recorded anything": async (open) => {
    const run = await start(await open());
    await (await open()).recover(undefined, { graceMs: 0 });
    return run.id;
  },
  "with few rich values": async (open) => {
    const run = await start(await open());
    run.log({ loss: 1 });
    await Promise.all([run.logText("sample", "short"), ...[1, 2].map((i) => run.logText("sample", long(i)))]);
    await run.logTable("table", [{ a: 1 }, { a: 2 }]);
    await run.finish();
    return run.id;
  },
  "with nothing but rich values": async (open) => {
    const run = await start(await open());
    for (let i = 0; i < 3; i++) {
      await run.logText("sample", long(i));
      await run.flush();
    }
    await run.finish();
    return run.id;
  },
  "with very many rich values, metrics and tags, closed twice": async (open) => {
    const run = await start(await open());
    run.log(Object.fromEntries(Array.from({ length: 2001 }, (_, i) => [`k${i}`, i])));
    for (let i = 0; i < 10; i++) run.setTags({ progress: i });
    await Promise.all(Array.from({ length: 250 }, (_, i) => run.logText("sample", long(i % 50))));
    await run.finish();
    const again = await (await open()).resumeRun(run.id, { flush });
    await again.logText("late", long(1000));
    again.log({ k1: 1 });
    await again.finish();
    return run.id;
  },
  "with artifacts": async (open) => {
    const run = await start(await open());
    await run.logArtifact("Model/a", { text: "weights" }, { aliases: ["best"] });
    await run.logArtifact("Model/a", { text: "more weights" });
    await run.logArtifact("Model/a", { text: "more weights" }, { aliases: ["again"] });
    await run.logArtifact("files", {
      files: { "a.txt": { text: "same" }, "b/c.txt": { text: "same" }, d: { text: "" } },
    });
    const texts = Array.from({ length: 20 }, (_, i) => [`f${i}`, { text: `small ${i}` }]);
    await run.logArtifact("packed", { files: Object.fromEntries(texts) });
    run.log({ loss: 1 });
    await run.finish();
    return run.id;
  },
  "with artifacts and without points": async (open) => {
    const run = await start(await open());
    const made = await run.logArtifact("model", { json: [1, 2] });
    await run.useArtifact(made);
    await run.finish();
    return run.id;
  },
  "deleted and restored": async (open) => {
    const ledger = await open();
    const run = await start(ledger);
    run.log({ loss: 1 });
    await run.finish();
    await ledger.deleteRun(run.id);
    await ledger.restoreRun(run.id);
    await ledger.deleteRun(run.id);
    return run.id;
  },
  "resumed exclusively": async (open, backend) => {
    const mode = backend.capabilities.exclusiveCreate ? "exclusive" : "join";
    const run = await start(await open());
    run.setTags({ a: "b" });
    await run.flush();
    await (await open()).resumeRun(run.id, { mode, flush });
    const last = await (await open()).resumeRun(run.id, { mode, flush });
    last.setTags({ a: "c" });
    await last.finish();
    const again = await (await open()).resumeRun(run.id, { mode, flush });
    again.log({ loss: 2 });
    await again.finish();
    return run.id;
  },
};

/** A backend that cannot list, as one that only reads over HTTP. */
export function withoutListing(backend: Backend): Backend {
  const refuse = (): never => {
    throw new LedgerError("UNSUPPORTED", "cannot list", { operation: "list" });
  };
  return intercept(backend, { call: (_call, proceed) => proceed(), list: refuse });
}
