import { answer, isMain } from "./child.ts";
import { openCapturingLedger } from "./library.ts";
import { withScratch } from "./scratch.ts";
import { median } from "./statistics.ts";

/** How many seconds a process does nothing while it is measured. */
export const IDLE_SECONDS = 15;
const WARM_UP_MS = 2000;
/** The least interval, in ms, for many samples in a short time. */
const SHORT_MS = 100;
/** The default interval, in ms. */
const DEFAULT_MS = 15_000;

/** What a process does nothing with: a run without capture, one whose next sample never comes, and one with many. */
export type Idling = "none" | "timer" | "samples";

/** What an idle process takes. */
export interface IdleCost {
  /** µs of the processor in each second. The median, because the engine collects garbage some time after work. */
  readonly perSecond: number;
  readonly samplesPerSecond: number;
}

const INTERVALS: Record<Idling, number | undefined> = { none: undefined, timer: DEFAULT_MS, samples: SHORT_MS };

async function measure(directory: string, kind: Idling): Promise<IdleCost> {
  const intervalMs = INTERVALS[kind];
  const system = intervalMs === undefined ? false : { intervalMs };
  const ledger = await openCapturingLedger(directory, { capture: { code: false, environment: false, system } });
  // Without the heartbeat, which all runs have.
  const run = await ledger.startRun({ heartbeatMs: 3_600_000 });
  await run.flush();
  // Until everything is loaded and compiled.
  await idle(WARM_UP_MS);
  const start = performance.now();
  const seconds: number[] = [];
  for (let i = 0; i < IDLE_SECONDS; i++) {
    const began = performance.now();
    const before = process.cpuUsage();
    await idle(1000);
    const { user, system: kernel } = process.cpuUsage(before);
    seconds.push((1000 * (user + kernel)) / (performance.now() - began));
  }
  const passed = (performance.now() - start) / 1000;
  await run.flush();
  const { values } = await ledger.history(run.id, "system/process/memory/rss");
  await run.finish();
  return { perSecond: median(seconds), samplesPerSecond: values.length / (passed + WARM_UP_MS / 1000) };
}

function idle(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (isMain(import.meta.url)) {
  const kind = process.argv[2] as Idling;
  answer(await withScratch((directory) => measure(directory, kind)));
}
