import { findGroupLimits, type GroupLimits } from "../environment/container-limits.ts";
import { readKernelFile } from "./proc.ts";

/** What a container with limits uses. Without limits, everything is `undefined`. */
export class CgroupUsage {
  readonly #limits: GroupLimits | undefined;

  constructor(limits: GroupLimits | undefined) {
    this.#limits = limits;
  }

  /** Finds the container of this process, if there is one. */
  static async find(): Promise<CgroupUsage> {
    // Not permitted is like not there.
    return new CgroupUsage(await findGroupLimits().catch(() => undefined));
  }

  /** How many cores the container may use. */
  get cores(): number | undefined {
    return this.#limits?.cores?.limit;
  }

  /** Returns the CPU time that the container has used, in microseconds. */
  cpu(): number | undefined {
    const group = this.#limits?.cores?.group;
    if (group === undefined) return undefined;
    if (this.#limits?.cgroup === 2) return numberIn(/^usage_usec (\d+)$/m, `${group}/cpu.stat`);
    const nanoseconds =
      numberIn(/^(\d+)/, `${group}/cpuacct.usage`) ??
      numberIn(/^(\d+)/, `${group.replace("/cgroup/cpu", "/cgroup/cpuacct")}/cpuacct.usage`);
    return nanoseconds === undefined ? undefined : nanoseconds / 1000;
  }

  /** Returns the memory that the container uses, in bytes. Memory that only caches files counts as free. */
  memory(): { readonly used: number; readonly total: number } | undefined {
    const { limit, group } = this.#limits?.memory ?? {};
    if (limit === undefined) return undefined;
    const isSecond = this.#limits?.cgroup === 2;
    const all = numberIn(/^(\d+)/, `${group}/${isSecond ? "memory.current" : "memory.usage_in_bytes"}`);
    if (all === undefined) return undefined;
    const cached = numberIn(
      isSecond ? /^inactive_file (\d+)$/m : /^total_inactive_file (\d+)$/m,
      `${group}/memory.stat`,
    );
    return { used: Math.max(0, all - (cached ?? 0)), total: limit };
  }
}

function numberIn(pattern: RegExp, path: string): number | undefined {
  const found = pattern.exec(readKernelFile(path) ?? "")?.[1];
  return found === undefined ? undefined : Number(found);
}
