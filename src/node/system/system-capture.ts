import { ledgerErrorOf } from "../../errors/ledger-error.ts";
import { onDemand } from "../../platform/on-demand.ts";
import type { Clock, Timer } from "../../platform/clock.ts";
import type { CapturedSession } from "../../run/run-capture.ts";
import type { CaptureKind } from "../guarded-capture.ts";
import type { SystemSampler } from "./system-sampler.ts";

const measuring = /* @__PURE__ */ onDemand(() => import("./measuring.ts"));

/** Options of the metrics of the system. */
export interface SystemOptions {
  /** How often they are logged, in ms. Default 15,000. */
  readonly intervalMs?: number | undefined;
  /** Whether to ask `nvidia-smi` for the GPUs each time. Default `false`. */
  readonly gpu?: boolean | undefined;
}

/** How often the metrics are logged unless the options say otherwise, in ms. */
const INTERVAL_MS = 15_000;

/** Who measures now, by clock, and by interval and whether GPUs are asked for. */
const measured = new WeakMap<Clock, Map<string, Sampling>>();

/**
 * Logs metrics of the system while a run is open, by a timer that does not keep the process alive. Most metrics are
 * averages since the last time, so the first ones come after one interval. All open runs share one measurement.
 */
export function systemCapture({ intervalMs = INTERVAL_MS, gpu = false }: SystemOptions): CaptureKind {
  return (session) => {
    const { clock } = session;
    const ofClock = measured.get(clock) ?? new Map<string, Sampling>();
    measured.set(clock, ofClock);
    const key = `${intervalMs} ${gpu}`;
    const sampling = ofClock.get(key) ?? new Sampling(clock, intervalMs, gpu);
    ofClock.set(key, sampling);
    sampling.add(session);
    const stop = (): void => {
      if (sampling.remove(session)) ofClock.delete(key);
    };
    return { end: async () => stop(), stop };
  };
}

/** Measures at an interval, as long as there are sessions to log to. */
class Sampling {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #gpu: boolean;
  readonly #sessions = new Set<CapturedSession>();
  #timer: Timer | undefined;
  #sampler: SystemSampler | undefined;
  #isTold = false;

  constructor(clock: Clock, intervalMs: number, gpu: boolean) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#gpu = gpu;
    void this.#begin().catch((error: unknown) => this.#tell(error));
  }

  add(session: CapturedSession): void {
    this.#sessions.add(session);
  }

  /** Returns whether this was the last session. Then it never measures again. */
  remove(session: CapturedSession): boolean {
    if (!this.#sessions.delete(session) || this.#sessions.size > 0) return false;
    this.#timer?.cancel();
    this.#sampler?.close();
    return true;
  }

  async #begin(): Promise<void> {
    const { CgroupUsage, SystemSampler } = await measuring();
    const cgroup = await CgroupUsage.find();
    if (this.#sessions.size === 0) return;
    this.#sampler = new SystemSampler(cgroup);
    this.#arm();
  }

  #arm(): void {
    if (this.#sessions.size === 0) return;
    this.#timer = this.#clock.timer(this.#intervalMs, () => {
      void this.#measure()
        .catch((error: unknown) => this.#tell(error))
        .finally(() => this.#arm());
    });
  }

  async #measure(): Promise<void> {
    const metrics = this.#sampler!.sample();
    // An answer of `nvidia-smi` takes a while. Its failure must not cost the other metrics.
    const gpu = this.#gpu
      ? await (await measuring()).gpuMetrics().catch((error: unknown) => this.#tell(error))
      : undefined;
    for (const session of this.#sessions) session.metrics({ system: { ...metrics, ...(gpu && { gpu }) } });
  }

  /** Tells one session, because most share `onError`, and tells it once. */
  #tell(error: unknown): void {
    if (this.#isTold) return;
    this.#isTold = true;
    const [first] = this.#sessions;
    first?.report(ledgerErrorOf(error, "the metrics of the system cannot be measured"));
  }
}
