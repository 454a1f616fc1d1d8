import type { Metrics } from "../../run/metric-input.ts";
import { nvidiaSmi } from "../environment/nvidia-smi.ts";

/** Returns how busy each GPU is, and how many bytes of its memory are used, as `nvidia-smi` reports it. */
export async function gpuMetrics(): Promise<Metrics> {
  const gpus = await nvidiaSmi(["index", "utilization.gpu", "memory.used"]);
  const metrics: { [index: string]: Metrics } = {};
  for (const [index = "", percent = "", mebibytes = ""] of gpus)
    if (/^\d{1,3}$/.test(index)) metrics[index] = { percent: number(percent), memory: number(mebibytes, 1024 * 1024) };
  return metrics;
}

/** Returns a number of a unit. Some GPUs answer "[N/A]". */
function number(text: string, unit = 1): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) * unit : undefined;
}
