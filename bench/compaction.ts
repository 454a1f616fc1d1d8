import { answer, isMain, runChild } from "./child.ts";
import type { CompactionMemory } from "./compaction-memory.ts";
import { writeJsonLines } from "./json-lines.ts";
import { finishEmptyRun, writeOwnRun } from "./own-run.ts";
import { longPoints, writeHyparquetDefaults } from "./peers/hyparquet-defaults.ts";
import type { Section, Target } from "./report.ts";
import { withScratch } from "./scratch.ts";
import { median, rangeOf, ratio } from "./statistics.ts";
import { logCalls, makeWorkload, type Workload, type WorkloadName } from "./workloads.ts";

const ROUNDS = 7;
const MEMORY_POINTS = 1_000_000;
const JSON_LIMIT = 1.2;
const HYPARQUET_LIMIT = 0.4;

const NOT_COMPACTED = "no Parquet was written";

const LABELS = {
  own: "compaction: finish() less finish() of an empty run",
  "JSON.stringify": "writing JSON lines, JSON.stringify",
  concatenation: "writing JSON lines, concatenation",
  hyparquetDefaults: "encoding by hyparquet-writer, defaults, long",
} as const;
type Contender = keyof typeof LABELS;

/** ns a point: of each round, and of the round before the first one. */
interface Samples {
  readonly took: Record<Contender, number[]>;
  readonly cold: Record<Contender, number>;
  /** Whether every finished run had its Parquet: else there was no compaction, and how fast it was means nothing. */
  readonly compacted: boolean;
}

/** What `finish()` does with a million points, against the cost of writing them as text. */
export async function compaction(): Promise<Section> {
  const table: string[][] = [["", "ns a point", "the first time", "ours / theirs"]];
  const targets: Target[] = [];
  for (const name of ["W1", "W2", "W3"] as const) {
    const { took, cold, compacted } = await runChild<Samples>("compaction.ts", [name]);
    for (const [contender, label] of Object.entries(LABELS) as [Contender, string][]) {
      table.push([
        contender === "own" ? `**${name}**: ${label}` : `${name}: ${label}`,
        median(took[contender]).toFixed(0),
        cold[contender].toFixed(0),
        contender === "own" ? "" : rangeOf(took.own, took[contender]),
      ]);
    }
    const leanest = median(took["JSON.stringify"]) < median(took.concatenation) ? "JSON.stringify" : "concatenation";
    for (const [peer, contender, limit] of [
      [`the leanest JSON lines (${leanest})`, leanest, JSON_LIMIT],
      ["encoding by hyparquet-writer's defaults", "hyparquetDefaults", HYPARQUET_LIMIT],
    ] as const) {
      const { median: measured } = ratio(took.own, took[contender]);
      targets.push({
        what: `${name}: compaction against ${peer}`,
        limit: `<= ${limit} x`,
        measured: compacted ? `${measured.toFixed(3)} x` : NOT_COMPACTED,
        met: compacted && measured <= limit,
      });
    }
  }
  const memory = await runChild<CompactionMemory>("compaction-memory.ts", [String(MEMORY_POINTS)]);
  return {
    title: "Compaction",
    method:
      `A million points, ${ROUNDS} rounds after a first one that is given by itself; a process for each workload, on the fs backend with durability "os". ` +
      "`finish()` of a run that has been flushed, less `finish()` of an empty run in the same round: reading the journals, encoding, storing, checking what was stored, removing the journals. " +
      "hyparquet-writer encodes to memory arrays that are ready for it, and stores nothing in that time.\n\n" +
      `Memory, W1 in a process of its own: at its highest while \`finish()\` works ${mebibytes(memory.peak)} MiB above what the process held before the run began${memory.parquetFiles > 0 ? "" : `; but ${NOT_COMPACTED}`}.`,
    table,
    targets,
  };
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}

async function measure(workload: Workload): Promise<Samples> {
  const points = workload.keys.length * workload.steps.length;
  const calls = logCalls(workload);
  const long = longPoints(workload);
  const json = (form: "JSON.stringify" | "concatenation") => async (directory: string) =>
    writeJsonLines(form, calls, directory).nanoseconds;
  let compacted = true;
  const contenders: Record<Contender, (directory: string) => Promise<number>> = {
    async own(directory) {
      const { finish, parquetFiles } = await writeOwnRun(calls, directory);
      compacted &&= parquetFiles > 0;
      return finish - (await withScratch(finishEmptyRun));
    },
    "JSON.stringify": json("JSON.stringify"),
    concatenation: json("concatenation"),
    hyparquetDefaults: async (directory) => writeHyparquetDefaults(long, directory).nanoseconds,
  };
  const names = Object.keys(contenders) as Contender[];
  const took = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Samples["took"];
  const cold: Partial<Samples["cold"]> = {};
  for (let round = 0; round <= ROUNDS; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length]!;
      const nanoseconds = await withScratch(contenders[name]);
      if (round === 0) cold[name] = nanoseconds / points;
      else took[name].push(nanoseconds / points);
    }
  }
  return { took, cold: cold as Samples["cold"], compacted };
}

if (isMain(import.meta.url)) answer(await measure(makeWorkload(process.argv[2] as WorkloadName)));
