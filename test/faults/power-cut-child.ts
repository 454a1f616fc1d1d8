import { execFileSync } from "node:child_process";
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { type Durability, fsBackend } from "../../src/backends/fs/index.ts";
import { type Backend, type Ledger, openLedger, type Run } from "../../src/index.ts";
import { intercept } from "../../src/testing/intercept.ts";
import { type Acknowledged, artifactBytes, lossAt } from "./power-cut-known.ts";

const [directory, durability] = process.argv.slice(2) as [string, Durability];

/** So many points that their Parquet file is larger than what the backend syncs without being asked. */
const MANY = 20_000;

/** What has been acknowledged by now. */
const known: { runs: Acknowledged["runs"]; artifacts: Acknowledged["artifacts"] } = { runs: {}, artifacts: [] };
/** In `os` mode: the same when the disk was asked to take everything. */
let synced = JSON.stringify(known);
const open = new Map<string, Run>();

const said = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
let cuts = 0;
let last: Promise<void> = Promise.resolve();

function acknowledged(): string {
  for (const [id, run] of open) (known.runs[id] as { points: number }).points = run.stats.acknowledged;
  return JSON.stringify(known);
}

/**
 * Makes the file system commit what it knows of all names and sizes, as its clock does every few seconds. Contents that nobody asked for
 * stay in memory: a file that was just created is there and has 0 bytes.
 */
function commitNames(): void {
  const file = openSync(join(dirname(directory), "unrelated"), "a");
  writeSync(file, "x");
  fsyncSync(file);
  closeSync(file);
}

/** Has the image of the disk copied; one at a time. */
function cut(where: string): Promise<void> {
  last = last.then(async () => {
    // Not in `disk` mode, where it could do for the library what the library has to do.
    if (durability === "os") commitNames();
    const state = durability === "disk" ? acknowledged() : synced;
    process.stdout.write(`cut ${++cuts} ${JSON.stringify({ where, state })}\n`);
    await said.next();
  });
  return last;
}

/** As if everything had been written back long ago. */
function written(): void {
  if (durability === "disk") return;
  execFileSync("sync", ["-f", directory]);
  synced = acknowledged();
}

let cutting = false;
const backend = (): Backend =>
  intercept(fsBackend(directory, { durability }), {
    async call(call, proceed) {
      const result = await proceed();
      if (cutting && call.operation !== "read" && call.operation !== "stat") await cut(`${call.operation} ${call.key}`);
      return result;
    },
    list: (_call, proceed) => proceed(),
  });

/** Everything that `work` stores is followed by a cut, and so is its end. */
async function during(name: string, work: () => Promise<unknown>): Promise<void> {
  cutting = true;
  await work();
  cutting = false;
  await cut(`after ${name}`);
}

async function started(ledger: Ledger): Promise<Run> {
  const run = await ledger.startRun({ environment: false, flush: { intervalMs: 1e9 } });
  known.runs[run.id] = { points: 0, finished: false, deleted: false };
  open.set(run.id, run);
  return run;
}

async function finished(run: Run): Promise<void> {
  await run.finish();
  acknowledged();
  open.delete(run.id);
  known.runs[run.id] = { ...known.runs[run.id]!, finished: true };
}

function log(run: Run, from: number, to: number): void {
  for (let step = from; step < to; step++) run.log({ loss: lossAt(step) }, { step });
}

async function logged(run: Run, name: string, size: number, stream: boolean): Promise<void> {
  const bytes = artifactBytes(name, size);
  const chunks = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 100_000) yield bytes.slice(at, at + 100_000);
  };
  const { version } = await run.logArtifact(name, stream ? chunks() : bytes);
  known.artifacts.push({ ref: `${name}:${version}`, name, size });
}

const ledger = await openLedger(backend());
for (let i = 0; i < 8; i++) {
  const run = await started(ledger);
  log(run, 0, 20);
  await finished(run);
}
const main = await started(ledger);
written();
await during("the start of a run", () => started(ledger));
await during("a flush", async () => {
  log(main, 0, MANY);
  await main.flush();
  log(main, MANY, MANY + 10);
  await main.flush();
});
await during("an artifact", () => logged(main, "small", 200_000, false));
await during("a streamed artifact", () => logged(main, "streamed", 9_000_000, true));
written();
await during("finish()", () => finished(main));
written();
await during("tidying the catalogue", () => ledger.compactCatalog());
written();
await during("a deletion", async () => {
  await ledger.deleteRun(main.id);
  known.runs[main.id] = { ...known.runs[main.id]!, deleted: true };
});
// Open again: how it reads until it is closed is another matter.
const [first] = Object.keys(known.runs) as [string];
known.runs[first] = { ...known.runs[first]!, finished: false };
const again = await ledger.resumeRun(first, { flush: { intervalMs: 1e9 } });
written();
await during("finish() of a resumed run", async () => {
  log(again, 20, 40);
  await again.finish();
  known.runs[first] = { ...known.runs[first]!, points: 40, finished: true };
});
written();
await during("a catalogue made anew", () => ledger.rebuildCatalog());
process.stdout.write("done\n");
process.exit(0);
