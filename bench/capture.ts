import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { CodeCapture, CodeCost } from "./capture-code.ts";
import { IDLE_SECONDS, type IdleCost, type Idling } from "./capture-idle.ts";
import { type LogPairs, PAIRS, POINTS } from "./capture-log.ts";
import { runChild } from "./child.ts";
import { makeGitProject } from "./git-project.ts";
import { DIST } from "./library.ts";
import { pairedRatio } from "./paired.ts";
import type { Section, Target } from "./report.ts";
import { withScratch } from "./scratch.ts";
import { formatMedian, median, medianRange } from "./statistics.ts";

const START_ROUNDS = 31;
const IDLE_ROUNDS = 3;
const CODE_ROUNDS = 5;
const ORDINARY = { files: 1000, changed: 10, untracked: 3 } as const;
const LARGE = { files: 5000, changed: 50, untracked: 20 } as const;
const DEFAULT_INTERVAL_S = 15;

/** ms in a new process. */
interface Times {
  readonly import: number;
  readonly start: number;
  readonly log: number;
  readonly finish: number;
}

/** What `runledger/node` records by itself, and what that costs. */
export async function captureCost(): Promise<Section> {
  return await withScratch(async (directory) => {
    const start = await startTimes(directory);
    const log = await runChild<LogPairs>("capture-log.ts");
    const idle = await idleCosts();
    const project = join(directory, "large");
    makeGitProject(project, LARGE, "startup-nothing.mjs");
    const git = await codeCosts("git", project);
    const archive = await codeCosts("archive", project);
    const portable = await codeCosts("isomorphic-git", project);
    const count = (number: number): string => number.toLocaleString("en");
    return {
      title: "What runs record by themselves",
      method:
        `\`runledger/node\` on a directory. Start: a new process each time in a git project of ${count(ORDINARY.files)} files, ${ORDINARY.changed} of them changed, ${START_ROUNDS} pairs with and without capture. ` +
        `Logging: ${count(POINTS)} calls of \`log\` with one metric and the \`flush()\` after them, a turn of the event loop every 100 calls, once code and environment are known; ${PAIRS} pairs in one process. ` +
        `System metrics: the CPU time of processes that do nothing for ${IDLE_SECONDS} s, one with 10 samples a second, one whose only timer is that of the delay of the event loop, one without; ${IDLE_ROUNDS} rounds. ` +
        `Code: a git project of ${count(LARGE.files)} files, ${LARGE.changed} changed, ${LARGE.untracked} untracked, files in the disk cache; ${CODE_ROUNDS} processes. ` +
        "Brackets: the 95 % confidence interval of the median of pairs, otherwise the least and the greatest.",
      table: [["", "with", "without", "with against without"], ...start.rows, ...logRows(log), ...idle.rows]
        .concat([["", "first call", "later calls", "longest block: first, later"]])
        .concat([git.row, archive.row, portable.row]),
      targets: [...start.targets, ...logTargets(log), ...idle.targets, ...git.targets],
    };
  });
}

interface Part {
  readonly rows: string[][];
  readonly targets: Target[];
}

async function startTimes(directory: string): Promise<Part> {
  const script = makeGitProject(join(directory, "ordinary"), ORDINARY, "capture-start.mjs");
  const found: Record<"capture" | "none", Times[]> = { capture: [], none: [] };
  for (let round = 0; round < START_ROUNDS; round++) {
    const kinds = ["capture", "none"] as const;
    for (const kind of round % 2 === 0 ? kinds : kinds.toReversed())
      await withScratch(async (ledger) => {
        await mkdir(join(ledger, "runs"));
        found[kind].push(await runChild<Times>(script, [DIST.href, join(ledger, "runs"), kind]));
      });
  }
  const row = (label: string, of: (times: Times) => number): string[] => {
    const { low, median: middle, high } = more(of);
    return [
      label,
      `${median(found.capture.map(of)).toFixed(1)} ms`,
      `${median(found.none.map(of)).toFixed(1)} ms`,
      `${middle.toFixed(1)} ms more (${low.toFixed(1)}-${high.toFixed(1)})`,
    ];
  };
  const more = (of: (times: Times) => number): ReturnType<typeof medianRange> =>
    medianRange(found.capture.map((times, i) => of(times) - of(found.none[i]!)));
  const added = more((times) => times.start).median;
  return {
    rows: [
      row("**until startRun() resolves, from the imported library**", (times) => times.start),
      row("the first log() in the same turn", (times) => times.log),
      row("from import to the finished run, whose end waits for code and environment", (times) =>
        Object.values(times).reduce((sum: number, ms: number) => sum + ms, 0),
      ),
    ],
    targets: [
      {
        what: "capture by default, until startRun() resolves",
        limit: "<= 15 ms more",
        measured: `${added.toFixed(1)} ms`,
        met: added <= 15,
      },
    ],
  };
}

function logRows({ byDefault, withConsole }: LogPairs): string[][] {
  const ms = (costs: readonly { readonly passed: number }[]): string =>
    `${(median(costs.map(({ passed }) => passed)) / 1e6).toFixed(1)} ms`;
  const row = (label: string, pairs: LogPairs["byDefault"]): string[] => [
    label,
    ms(pairs.ours),
    ms(pairs.theirs),
    `${formatMedian(pairedRatio(pairs, "passed"))}; of the processor ${formatMedian(pairedRatio(pairs, "cpu"))}`,
  ];
  return [
    row(`**${POINTS.toLocaleString("en")} points, capture by default**`, byDefault),
    row("the same, and the console", withConsole),
  ];
}

function logTargets({ byDefault }: LogPairs): Target[] {
  const ratio = pairedRatio(byDefault, "passed");
  return [
    {
      what: `capture by default, time of logging ${POINTS.toLocaleString("en")} points`,
      limit: "<= 2 % more",
      measured: `${((ratio.median - 1) * 100).toFixed(1)} %`,
      met: ratio.median <= 1.02,
    },
  ];
}

async function idleCosts(): Promise<Part> {
  const kinds: readonly Idling[] = ["none", "timer", "samples"];
  const costs: Record<Idling, IdleCost[]> = { none: [], timer: [], samples: [] };
  // At the same time: they do nothing most of it.
  for (let round = 0; round < IDLE_ROUNDS; round++)
    await Promise.all(kinds.map(async (kind) => costs[kind].push(await runChild<IdleCost>("capture-idle.ts", [kind]))));
  const rounds = costs.none.map((none, i) => {
    const [timer, samples] = [costs.timer[i]!, costs.samples[i]!];
    const sample = (samples.perSecond - timer.perSecond) / samples.samplesPerSecond;
    const ofTimer = timer.perSecond - none.perSecond;
    // µs of a second are millionths of a core.
    return { sample, ofTimer, percent: (ofTimer + sample / DEFAULT_INTERVAL_S) / 1e4 };
  });
  const range = (values: readonly number[], digits: number): string =>
    `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)}-${Math.max(...values).toFixed(digits)})`;
  const percent = rounds.map((round) => round.percent);
  return {
    rows: [
      [
        "**system metrics every 15 s**",
        `${range(percent, 3)} % of a core`,
        "",
        `a sample ${range(
          rounds.map(({ sample }) => sample / 1000),
          2,
        )} ms; the delay of the event loop ${range(
          rounds.map(({ ofTimer }) => ofTimer / 1e4),
          3,
        )} %`,
      ],
    ],
    targets: [
      {
        what: "system metrics by default",
        limit: "<= 0.2 % of a core",
        measured: `${median(percent).toFixed(3)} %`,
        met: median(percent) <= 0.2,
      },
    ],
  };
}

const NAMES: Record<CodeCapture, string> = {
  git: "**captureGit, the git program**",
  "isomorphic-git": "captureGit, isomorphic-git",
  archive: "captureSources",
};

async function codeCosts(kind: CodeCapture, project: string): Promise<{ row: string[]; targets: Target[] }> {
  const found: CodeCost[] = [];
  for (let round = 0; round < CODE_ROUNDS; round++)
    found.push(await runChild<CodeCost>("capture-code.ts", [kind, project, `${LARGE.changed}`]));
  const first = median(found.map((cost) => cost.first.passed));
  const later = median(found.flatMap((cost) => cost.later.map(({ passed }) => passed)));
  const firstBlock = median(found.map((cost) => cost.first.longest));
  const laterBlock = median(found.map((cost) => Math.max(...cost.later.map(({ longest }) => longest))));
  const files = LARGE.files.toLocaleString("en");
  return {
    row: [
      NAMES[kind],
      `${first.toFixed(0)} ms`,
      `${later.toFixed(0)} ms`,
      `${firstBlock.toFixed(0)} ms, ${laterBlock.toFixed(0)} ms`,
    ],
    targets: [
      {
        what: `captureGit of ${files} files with the git program, warm`,
        limit: "<= 150 ms",
        measured: `${later.toFixed(0)} ms`,
        met: later <= 150,
      },
      {
        what: "longest block of the event loop meanwhile, in the first call too",
        limit: "<= 50 ms",
        measured: `${Math.max(firstBlock, laterBlock).toFixed(0)} ms`,
        met: Math.max(firstBlock, laterBlock) <= 50,
      },
    ],
  };
}
