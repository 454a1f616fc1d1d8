import { answer, isMain, runChild } from "./child.ts";
import { fsBackend, openLedger } from "./library.ts";
import type { Section } from "./report.ts";
import { withScratch } from "./scratch.ts";
import { median, percentile } from "./statistics.ts";
import { logCalls, makeWorkload } from "./workloads.ts";

const ROUNDS = 5;
const WARM_UP_CALLS = 20_000;
const CALLS = 200_000;
/** The event loop turns once in so many calls, as in a training loop that awaits its batches. */
const CALLS_A_TURN = 20;
const SHARES = { p50: 0.5, p99: 0.99, "p99.9": 0.999, "p99.99": 0.9999, worst: 1 } as const;

type Percentiles = Record<keyof typeof SHARES, number>;

/** One call of `log()` with ten metrics. */
export async function logLatency(): Promise<Section> {
  const rounds: { log: Percentiles; timer: Percentiles }[] = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push(await runChild("log-latency.ts"));
  const shares = Object.keys(SHARES) as (keyof typeof SHARES)[];
  const of = (what: "log" | "timer", share: keyof typeof SHARES): number =>
    median(rounds.map((round) => round[what][share]));
  const row = (label: string, what: "log" | "timer"): string[] => [
    label,
    ...shares.map((share) => micros(of(what, share))),
  ];
  const p99 = of("log", "p99");
  return {
    title: "One call of log()",
    method:
      `10 metrics (W1) with step and time on the fs backend, ${CALLS.toLocaleString("en")} calls after ${WARM_UP_CALLS.toLocaleString("en")} to warm up, ` +
      `a turn of the event loop every ${CALLS_A_TURN} calls; medians of ${ROUNDS} processes, in µs. The timer's own time, the second row, is not taken off.`,
    table: [["", ...shares], row("log()", "log"), row("nothing: the timer alone", "timer")],
    targets: [
      {
        what: "p99 of one call of log() with 10 metrics",
        limit: "< 10 µs",
        measured: `${micros(p99)} µs`,
        met: p99 < 10_000,
      },
    ],
  };
}

function micros(nanoseconds: number): string {
  return (nanoseconds / 1000).toFixed(2);
}

async function measure(directory: string): Promise<{ log: Percentiles; timer: Percentiles }> {
  const calls = logCalls(makeWorkload("W1"));
  const ledger = await openLedger(fsBackend(directory));
  const run = await ledger.startRun();
  const log = await paced((i) => {
    const { metrics, at } = calls[i % calls.length]!;
    run.log(metrics, at);
  });
  await run.finish();
  return { log, timer: await paced(() => {}) };
}

async function paced(call: (i: number) => void): Promise<Percentiles> {
  const took = new Float64Array(CALLS);
  for (let i = -WARM_UP_CALLS; i < CALLS; i++) {
    const start = performance.now();
    call(i + WARM_UP_CALLS);
    const nanoseconds = (performance.now() - start) * 1e6;
    if (i >= 0) took[i] = nanoseconds;
    if (i % CALLS_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  took.sort();
  return Object.fromEntries(
    Object.entries(SHARES).map(([name, share]) => [name, percentile(took, share)]),
  ) as Percentiles;
}

if (isMain(import.meta.url)) answer(await withScratch(measure));
