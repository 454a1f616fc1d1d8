import { answer, isMain, runChild } from "./child.ts";
import { writeJsonLines } from "./json-lines.ts";
import { fsBackend, openLedger } from "./library.ts";
import type { Section, Target } from "./report.ts";
import { withScratch } from "./scratch.ts";
import { loadSqlite, writeSqlite } from "./sqlite-points.ts";
import { median, rangeOf, ratio } from "./statistics.ts";
import { DESCRIPTIONS, type LogCall, logCalls, makeWorkload, type WorkloadName } from "./workloads.ts";

const ROUNDS = 9;
const NAMES: readonly WorkloadName[] = ["W1", "W2", "W3"];
const JSON_FORMS = ["JSON.stringify", "concatenation"] as const;

/** Per metric value: ns of each round, bytes stored. `own` ends with `flush()`; `ownLog` is the calls of `log()` among it. */
type Samples = Record<"own" | "ownLog" | "sqlite" | (typeof JSON_FORMS)[number], number[]> & {
  /** ns of the round before the first one: V8 has compiled nothing yet. */
  cold: Record<string, number>;
  bytes: Record<string, number>;
};

/** `log()` through to `flush()`, against lines of JSON by hand and against better-sqlite3. */
export async function logThroughput(): Promise<Section> {
  const table: string[][] = [
    ["", "ns a point", "the first time", "ours / theirs", "log() alone / theirs", "bytes a point"],
  ];
  const targets: Target[] = [];
  for (const name of NAMES) {
    const samples = await runChild<Samples>("log-throughput.ts", [name]);
    const leanest =
      median(samples["JSON.stringify"]) < median(samples.concatenation) ? "JSON.stringify" : "concatenation";
    const bytes = (contender: string): string => samples.bytes[contender]!.toFixed(2);
    const cold = (contender: string): string => samples.cold[contender]!.toFixed(0);
    table.push([
      `**${name}**: log() to flush()`,
      `${median(samples.own).toFixed(0)} (log() alone ${median(samples.ownLog).toFixed(0)})`,
      cold("own"),
      "",
      "",
      bytes("own"),
    ]);
    for (const [label, peer] of [
      [`${name}: JSON lines, ${JSON_FORMS[0]}`, JSON_FORMS[0]],
      [`${name}: JSON lines, ${JSON_FORMS[1]}`, JSON_FORMS[1]],
      [`${name}: better-sqlite3, 1,000 a transaction`, "sqlite"],
    ] as const) {
      table.push([
        label,
        median(samples[peer]).toFixed(0),
        cold(peer),
        rangeOf(samples.own, samples[peer]),
        rangeOf(samples.ownLog, samples[peer]),
        bytes(peer),
      ]);
    }
    if (name !== "W1") continue;
    for (const [what, peer, limit] of [
      [`W1 against the leanest JSON lines (${leanest})`, leanest, 0.45],
      ["W1 against better-sqlite3, batched", "sqlite", 0.12],
    ] as const) {
      const { median: measured } = ratio(samples.own, samples[peer]);
      targets.push({ what, limit: `<= ${limit} x`, measured: `${measured.toFixed(3)} x`, met: measured <= limit });
    }
  }
  const workloads = NAMES.map((name) => `- ${name}: ${DESCRIPTIONS[name]}`).join("\n");
  const method =
    `A million points, ${ROUNDS} rounds after a first one that is given by itself, while V8 is still compiling; a process for each workload, on the fs backend with durability "os". ` +
    "Ours includes checks, frames with checksums, the running summary of each metric and the wait for `flush()`.\n\n" +
    workloads;
  return { title: "log()", method, table, targets };
}

async function writeOwn(
  calls: readonly LogCall[],
  directory: string,
): Promise<{ log: number; all: number; bytes: number }> {
  const ledger = await openLedger(fsBackend(directory));
  const run = await ledger.startRun();
  const start = process.hrtime.bigint();
  for (const { metrics, at } of calls) run.log(metrics, at);
  const logged = process.hrtime.bigint();
  await run.flush();
  const flushed = process.hrtime.bigint();
  const { bytesWritten, dropped } = run.stats;
  if (dropped > 0) throw new Error(`${dropped} points were dropped`);
  await run.finish();
  return { log: Number(logged - start), all: Number(flushed - start), bytes: bytesWritten };
}

async function measure(name: WorkloadName): Promise<Samples> {
  const workload = makeWorkload(name);
  const points = workload.keys.length * workload.steps.length;
  const calls = logCalls(workload);
  const Database = await loadSqlite();
  const samples: Samples = {
    own: [],
    ownLog: [],
    sqlite: [],
    "JSON.stringify": [],
    concatenation: [],
    cold: {},
    bytes: {},
  };
  const contenders: ((directory: string, keep: boolean) => Promise<void>)[] = [
    async (directory, keep) => {
      const { log, all, bytes } = await writeOwn(calls, directory);
      samples.bytes["own"] = bytes / points;
      if (!keep) {
        samples.cold["own"] = all / points;
        return;
      }
      samples.own.push(all / points);
      samples.ownLog.push(log / points);
    },
    ...JSON_FORMS.map((form) => async (directory: string, keep: boolean) => {
      const { nanoseconds, bytes } = writeJsonLines(form, calls, directory);
      samples.bytes[form] = bytes / points;
      if (keep) samples[form].push(nanoseconds / points);
      else samples.cold[form] = nanoseconds / points;
    }),
    async (directory, keep) => {
      const { nanoseconds, bytes } = writeSqlite(Database, calls, directory);
      samples.bytes["sqlite"] = bytes / points;
      if (keep) samples.sqlite.push(nanoseconds / points);
      else samples.cold["sqlite"] = nanoseconds / points;
    },
  ];
  for (let round = 0; round <= ROUNDS; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      // Each round begins with another one, so that none always follows the same neighbour's garbage.
      const contender = contenders[(round + turn) % contenders.length]!;
      // No collection is forced between them: V8 then drops compiled code that refers to objects of the last round, which no
      // program with one run meets, and ours takes half as long again.
      await withScratch((directory) => contender(directory, round > 0));
    }
  }
  return samples;
}

if (isMain(import.meta.url)) answer(await measure(process.argv[2] as WorkloadName));
