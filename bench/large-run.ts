import { runChild } from "./child.ts";
import type { CompactionMemory } from "./compaction-memory.ts";
import type { Section } from "./report.ts";

const POINTS = 50_000_000;
const LIMIT_MIB = 256;

/** A run of 50 million points: whether memory grows with it. */
export async function largeRun(): Promise<Section> {
  const outcome = await runChild<CompactionMemory>("compaction-memory.ts", [String(POINTS)]);
  const { points, peak, log, finish, runningBytes, restBytes, parquetFiles } = outcome;
  const mebibytes = peak / 2 ** 20;
  return {
    title: "A run of 50 million points",
    method:
      'The 10 keys of W1, over and over, with steps and times that go on; one process, once, on the fs backend with durability "os". ' +
      "Memory: the highest resident set while `finish()` works, less that of the process before the run began.",
    table: [
      ["", ""],
      ["log() and flush(), ns a point", (log / points).toFixed(0)],
      ["finish(), ns a point", (finish / points).toFixed(0)],
      ["finish(), s", (finish / 1e9).toFixed(1)],
      ["memory, MiB above idle", mebibytes.toFixed(0)],
      ["bytes a point while running", (runningBytes / points).toFixed(2)],
      ["bytes a point at rest", (restBytes / points).toFixed(2)],
      ["Parquet files", String(parquetFiles)],
    ],
    targets: [
      {
        what: "memory above idle while 50 million points are compacted",
        limit: `<= ${LIMIT_MIB} MiB`,
        measured: parquetFiles > 0 ? `${mebibytes.toFixed(0)} MiB` : "no Parquet was written",
        met: parquetFiles > 0 && mebibytes <= LIMIT_MIB,
      },
    ],
  };
}
