import type { Metrics } from "../../run/metric-input.ts";
import { EventLoopDelay } from "./event-loop-delay.ts";
import { machineMemory, machineTimes, networkBytes, processIo } from "./proc.ts";
import type { CgroupUsage } from "./cgroup-usage.ts";

/** Counters that only grow. The metrics are their growth per second, or relative to each other. */
interface Counters {
  readonly at: number;
  /** Microseconds of CPU time of the process. */
  readonly cpu: number | undefined;
  readonly machine: { readonly busy: number; readonly total: number } | undefined;
  /** Microseconds of CPU time of the container. */
  readonly container: number | undefined;
  readonly disk: { readonly read: number; readonly written: number } | undefined;
  readonly network: { readonly received: number; readonly sent: number } | undefined;
}

/**
 * Measures the process and the machine. In a container with limits, "the machine" is the container. What the platform
 * does not say, or does not permit to ask, is left out.
 */
export class SystemSampler {
  readonly #cgroup: CgroupUsage;
  readonly #delay = new EventLoopDelay();
  #before: Counters;

  constructor(cgroup: CgroupUsage) {
    this.#cgroup = cgroup;
    this.#before = this.#count();
  }

  /** Returns the metrics since the last call. */
  sample(): Metrics {
    const before = this.#before;
    const now = (this.#before = this.#count());
    const seconds = Math.max(1e-3, (now.at - before.at) / 1000);
    const perSecond = (after: number | undefined, first: number | undefined): number | undefined =>
      after === undefined || first === undefined ? undefined : Math.max(0, after - first) / seconds;
    return {
      cpu: { percent: this.#machineCpu(before, now, seconds) },
      memory: memoryMetrics(this.#cgroup.memory() ?? machineMemory()),
      process: processMetrics(perSecond(now.cpu, before.cpu)),
      event_loop: { delay: this.#delay.take() },
      disk: {
        read: perSecond(now.disk?.read, before.disk?.read),
        written: perSecond(now.disk?.written, before.disk?.written),
      },
      network: {
        received: perSecond(now.network?.received, before.network?.received),
        sent: perSecond(now.network?.sent, before.network?.sent),
      },
    };
  }

  close(): void {
    this.#delay.end();
  }

  #count(): Counters {
    return {
      at: performance.now(),
      cpu: look(() => {
        const { user, system } = process.cpuUsage();
        return user + system;
      }),
      machine: machineTimes(),
      container: this.#cgroup.cpu(),
      disk: processIo(),
      network: networkBytes(),
    };
  }

  #machineCpu(before: Counters, now: Counters, seconds: number): number | undefined {
    const { cores } = this.#cgroup;
    if (cores !== undefined && now.container !== undefined && before.container !== undefined)
      return (100 * (now.container - before.container)) / (seconds * 1e6 * cores);
    const total = now.machine && before.machine && now.machine.total - before.machine.total;
    return total ? (100 * (now.machine!.busy - before.machine!.busy)) / total : undefined;
  }
}

function processMetrics(cpuPerSecond: number | undefined): Metrics {
  const memory = look(() => process.memoryUsage());
  return {
    // Of microseconds per second.
    cpu: { percent: cpuPerSecond === undefined ? undefined : cpuPerSecond / 1e4 },
    memory: { rss: memory?.rss, heap: memory?.heapUsed },
  };
}

function memoryMetrics(memory: { readonly used: number; readonly total: number } | undefined): Metrics {
  return memory === undefined ? {} : { used: memory.used, percent: (100 * memory.used) / memory.total };
}

/** Returns the answer, or `undefined` if the platform refuses it: Deno needs permissions. */
function look<T>(question: () => T): T | undefined {
  try {
    return question();
  } catch {
    return undefined;
  }
}
