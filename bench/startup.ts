import { runChild } from "./child.ts";
import { DIST } from "./library.ts";
import type { Section } from "./report.ts";
import { withScratch } from "./scratch.ts";
import { median } from "./statistics.ts";

const ROUNDS = 21;

/** Milliseconds in a new process. */
interface Times {
  readonly import: number;
  readonly open: number;
  readonly start: number;
  readonly finish: number;
}

/** From importing the library to a finished run, in a process of its own. */
export async function startup(): Promise<Section> {
  const rounds: Times[] = [];
  const nothing: number[] = [];
  const whole: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    nothing.push(await timed(() => runChild("startup-nothing.mjs")));
    await withScratch(async (directory) => {
      const child = (): Promise<Times> => runChild("startup-run.mjs", [DIST.href, directory]);
      whole.push(await timed(async () => rounds.push(await child())));
    });
  }
  const of = (part: keyof Times): number => median(rounds.map((round) => round[part]));
  const total = rounds.map((round) => round.import + round.open + round.start + round.finish);
  const row = (label: string, ms: number): string[] => [label, ms.toFixed(1)];
  return {
    title: "Import, start, finish",
    method: `In a new process each time, the built package without any loader, on the fs backend with durability "os" in an empty directory, disk cache warm; ${ROUNDS} rounds.`,
    table: [
      ["", "ms"],
      row('import "runledger" and "runledger/backends/fs"', of("import")),
      row("openLedger()", of("open")),
      row("startRun()", of("start")),
      row("one log() and finish()", of("finish")),
      [
        "**all four**",
        `${median(total).toFixed(1)} (${Math.min(...total).toFixed(1)}-${Math.max(...total).toFixed(1)})`,
      ],
      row("the whole process, more than one that does nothing", median(whole.map((ms, i) => ms - nothing[i]!))),
      row("a process that does nothing", median(nothing)),
    ],
    targets: [
      {
        what: "import + start + finish on fs",
        limit: "<= 60 ms",
        measured: `${median(total).toFixed(1)} ms`,
        met: median(total) <= 60,
      },
    ],
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
