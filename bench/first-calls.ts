import { statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runChild } from "./child.ts";
import { DIST } from "./library.ts";
import type { Section } from "./report.ts";
import { withScratch } from "./scratch.ts";
import { median } from "./statistics.ts";

const ROUNDS = 15;
const POINTS = 100_000;
/** At most so many files for the first call of a process. */
const MOST_FILES = 12;

const CALLS = {
  getRun: "getRun()",
  history: `history() of ${POINTS.toLocaleString("en")} points`,
  search: "searchRuns(), 24 runs in a segment",
  searchLoose: "searchRuns(), 7 loose runs beside them",
  run: "startRun(), log() and finish()",
  artifact: "the same with an artifact of 10 kB",
  image: "the same with an image",
} as const;

/** What a call takes in a process that has loaded nothing before. */
interface Took {
  /** ms from before the import to the answer. */
  readonly passed: number;
  /** ms of the processor for that. */
  readonly cpu: number;
}

/** The first call of a process, and what it loads. */
export async function firstCalls(): Promise<Section> {
  return await withScratch(async (directory) => {
    const place = [DIST.href, join(directory, "calls")];
    const id = await runChild<string>("first-call-setup.mjs", [...place, String(POINTS)]);
    const took = new Map(Object.keys(CALLS).map((call) => [call, [] as Took[]]));
    for (let i = 0; i < ROUNDS; i++)
      for (const [call, all] of took) all.push(await runChild("first-call.mjs", [...place, id, call, "took"]));
    const table = [["", "ms", "the least", "ms of the processor", "files", "kB"]];
    let most = 0;
    for (const [call, label] of Object.entries(CALLS)) {
      const files = await runChild<string[]>("first-call.mjs", [...place, id, call, "files"]);
      const bytes = files.reduce((sum, url) => sum + statSync(fileURLToPath(url)).size, 0);
      const passed = took.get(call)!.map((each) => each.passed);
      most = Math.max(most, files.length);
      table.push([
        label,
        median(passed).toFixed(1),
        Math.min(...passed).toFixed(1),
        median(took.get(call)!.map(({ cpu }) => cpu)).toFixed(1),
        String(files.length),
        (bytes / 1000).toFixed(0),
      ]);
    }
    return {
      title: "First calls",
      method: `Each in a new process, from before the import of the built package, without any loader, to the answer; fs backend, disk cache warm; medians of ${ROUNDS} rounds. Files: all that the process loads, dependencies included.`,
      table,
      targets: [
        {
          what: "files that the first call of a process loads",
          limit: `<= ${MOST_FILES}`,
          measured: String(most),
          met: most <= MOST_FILES,
        },
      ],
    };
  });
}
