/**
 * Runs the benchmarks and writes `bench/results.md`. Names of benchmarks as arguments run those alone, which prints their
 * results and leaves the file as it is; `all` runs also those that take long, and writes the file.
 */
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { aggregateRuns } from "./aggregate-runs.ts";
import { artifactIngest } from "./artifact-ingest.ts";
import { atRest } from "./at-rest.ts";
import { CHROMIUM } from "./chromium/page.ts";
import { bundleSize } from "./bundle-size.ts";
import { captureCost } from "./capture.ts";
import { compaction } from "./compaction.ts";
import { deflate } from "./deflate.ts";
import { firstCalls } from "./first-calls.ts";
import { largeRun } from "./large-run.ts";
import { lineage } from "./lineage.ts";
import { longCalls } from "./long-calls.ts";
import { logLatency } from "./log-latency.ts";
import { logThroughput } from "./log-throughput.ts";
import { pagePoints } from "./page-points.ts";
import { readMetrics } from "./read-metrics.ts";
import { type Section, formatMachine, formatSection, formatTargets } from "./report.ts";
import { manyExperiments } from "./many-experiments.ts";
import { scaling } from "./scaling.ts";
import { searchRuns } from "./search-runs.ts";
import { startup } from "./startup.ts";
import { verifyCost } from "./verify.ts";
import { smallFiles } from "./small-files.ts";
import { tfjsChromium } from "./tfjs-chromium.ts";
import { tfjsOverhead } from "./tfjs-overhead.ts";

const suites: Record<string, () => Promise<Section>> = {
  "log-throughput": logThroughput,
  "log-latency": logLatency,
  "at-rest": atRest,
  compaction,
  "read-metrics": readMetrics,
  "aggregate-runs": aggregateRuns,
  large: largeRun,
  "artifact-ingest": artifactIngest,
  "small-files": smallFiles,
  search: searchRuns,
  lineage,
  scaling,
  "many-experiments": manyExperiments,
  startup,
  "first-calls": firstCalls,
  capture: captureCost,
  "tfjs-overhead": tfjsOverhead,
  "tfjs-chromium": tfjsChromium,
  verify: verifyCost,
  "long-calls": longCalls,
  "page-points": pagePoints,
  deflate,
  "bundle-size": bundleSize,
};

/** Not among what runs without arguments: they take long, or need a browser. */
/** Those that need a browser. */
const IN_PAGES = new Set(["tfjs-chromium", "page-points"]);
const LONG = new Set(["large", "scaling", "many-experiments", "deflate", "verify", ...IN_PAGES]);

const all = process.argv.includes("all", 2);
const named = process.argv.slice(2).filter((name) => name !== "all");
const unknown = named.filter((name) => !(name in suites));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(", ")}; there are ${Object.keys(suites).join(", ")}, and all.`);
  process.exit(1);
}

const sections: Section[] = [];
for (const [name, suite] of Object.entries(suites)) {
  if (!(all || (named.length > 0 ? named.includes(name) : !LONG.has(name)))) continue;
  if (IN_PAGES.has(name) && !existsSync(CHROMIUM)) {
    console.error(`${name} is left out: there is no ${CHROMIUM}; set CHROMIUM`);
    continue;
  }
  console.error(`${name} ...`);
  const section = await suite();
  sections.push(section);
  console.log(`\n${formatSection(section)}\n`);
}
console.log(`${formatTargets(sections)}\n`);

if (all || named.length === 0) {
  const text = [
    "# Benchmark results",
    "Written by `npm run bench`. Times are medians; contenders take turns within each round, and ratios are medians of the\n" +
      "ratios of single rounds, with the least and the greatest in brackets. Another machine gives other times.",
    formatMachine(),
    formatTargets(sections),
    ...sections.map(formatSection),
  ].join("\n\n");
  await writeFile(new URL("results.md", import.meta.url), `${text}\n`);
}
