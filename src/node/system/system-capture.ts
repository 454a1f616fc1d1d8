import { ledgerErrorOf } from "../../errors/ledger-error.ts";
import { onDemand } from "../../platform/on-demand.ts";
import type { Timer } from "../../platform/clock.ts";
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

/**
 * Logs metrics of the system while a run is open, by a timer that does not keep the process alive. The first ones come
 * after one interval: most of them are averages since the last time.
 */
export function systemCapture({ intervalMs = INTERVAL_MS, gpu = false }: SystemOptions): CaptureKind {
  return (session) => {
    const { clock } = session;
    let timer: Timer | undefined;
    let sampler: SystemSampler | undefined;
    let isStopped = false;
    const stop = (): void => {
      isStopped = true;
      timer?.cancel();
      sampler?.close();
      sampler = undefined;
    };
    const tell = (error: unknown): void =>
      session.report(ledgerErrorOf(error, "the metrics of the system cannot be measured"));
    const measure = async (): Promise<void> => {
      const metrics = sampler?.sample();
      // An answer of `nvidia-smi` takes a while. Its failure must not cost the other metrics.
      const gpus = gpu ? await (await measuring()).gpuMetrics().catch(tell) : undefined;
      if (metrics && !isStopped) session.metrics({ system: { ...metrics, ...(gpus && { gpu: gpus }) } });
    };
    const arm = (): void => {
      if (!isStopped) timer = clock.timer(intervalMs, () => void measure().catch(tell).finally(arm));
    };
    const begin = async (): Promise<void> => {
      const { CgroupUsage, SystemSampler } = await measuring();
      sampler = new SystemSampler(await CgroupUsage.find());
      if (isStopped) stop();
      else arm();
    };
    void begin().catch(tell);
    return { end: async () => stop(), stop };
  };
}
