import { withPage } from "./chromium/page.ts";
import type { Section } from "./report.ts";
import { median } from "./statistics.ts";

const POINTS = 100_000;
const ROUNDS = 7;
const LIMIT_MS = 1000;
const STORAGES = ["opfs-sync", "opfs-async", "indexeddb", "memory"] as const;

/** What 100,000 points cost in a page, in each storage of a browser. */
export async function pagePoints(): Promise<Section> {
  const { found, version } = await withPage("points-page.ts", async (page, browser) => {
    const times = STORAGES.map(() => [] as { log: number; all: number }[]);
    for (let round = -1; round < ROUNDS; round++)
      for (const [i, storage] of STORAGES.entries()) {
        const cost = (await page.evaluate(`calls.measure("${storage}", ${POINTS})`)) as { log: number; all: number };
        if (round >= 0) times[i]!.push(cost);
      }
    return { found: times, version: browser };
  });
  const of = (i: number, what: "log" | "all"): number[] => found[i]!.map((each) => each[what]);
  return {
    title: "100,000 points in a page",
    method:
      `One metric, ${POINTS.toLocaleString("en")} calls of \`log()\`, headless Chromium ${version}. The storages take turns; medians of ` +
      `${ROUNDS} rounds after one that warms up, with the slowest.`,
    table: [
      ["", "ms in log()", "ms for startRun to finish", "the slowest"],
      ...STORAGES.map((storage, i) => [
        storage,
        median(of(i, "log")).toFixed(0),
        median(of(i, "all")).toFixed(0),
        Math.max(...of(i, "all")).toFixed(0),
      ]),
    ],
    targets: STORAGES.map((storage, i) => ({
      what: `100,000 points in a page, ${storage}`,
      limit: `<= ${LIMIT_MS / 1000} s`,
      measured: `${(median(of(i, "all")) / 1000).toFixed(2)} s`,
      met: median(of(i, "all")) <= LIMIT_MS,
    })),
  };
}
