import { readFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { isAbsent } from "./findings.ts";

/** What a container lets the process use. */
export interface ContainerLimits {
  /** The version of cgroups that sets the limits. */
  readonly cgroup: 1 | 2;
  /** The number of cores, which may be a fraction. */
  readonly cores?: number;
  /** Bytes of memory. */
  readonly memory?: number;
}

/** The deepest nesting of control groups that is looked at. */
const MAX_DEPTH = 32;
/** Longer files are not of this kind. */
const MAX_LENGTH = 65_536;

/** A limit, and the control group that sets it. */
export interface GroupLimit {
  readonly limit: number;
  /** The directory of the group. */
  readonly group: string;
}

/** The lowest limits of the control groups of a process. */
export interface GroupLimits {
  readonly cgroup: 1 | 2;
  readonly cores: GroupLimit | undefined;
  readonly memory: GroupLimit | undefined;
}

/** Returns the limits of the container, or `undefined` if there are none. */
export async function containerLimits(): Promise<ContainerLimits | undefined> {
  const limits = await findGroupLimits();
  const { cgroup, cores, memory } = limits ?? {};
  if (cgroup === undefined || !(cores || memory)) return undefined;
  return { cgroup, ...(cores && { cores: cores.limit }), ...(memory && { memory: memory.limit }) };
}

/**
 * Returns the limits of the control groups of this process, or `undefined` if there are no groups. A group has the
 * lowest limit of all groups that contain it. `root` is where `/proc` and `/sys` are, for tests.
 */
export async function findGroupLimits(root = "", machineMemory: number = totalmem()): Promise<GroupLimits | undefined> {
  const groups = (await text(`${root}/proc/self/cgroup`))?.split("\n").map((line) => line.split(":"));
  if (groups === undefined) return undefined;
  const pathOf = (controller: string): string | undefined =>
    groups
      .find(([, controllers = ""]) => controllers.split(",").includes(controller))
      ?.slice(2)
      .join(":");
  const [memoryPath, cpuPath] = [pathOf("memory"), pathOf("cpu")];
  const cgroup = memoryPath === undefined && cpuPath === undefined ? 2 : 1;
  const base = `${root}/sys/fs/cgroup`;
  const [memory, cores] =
    cgroup === 2
      ? await Promise.all([
          lowest(base, pathOf(""), async (group) => number(await text(`${group}/memory.max`))),
          lowest(base, pathOf(""), async (group) => ratio((await text(`${group}/cpu.max`))?.split(/\s+/))),
        ])
      : await Promise.all([
          lowest(`${base}/memory`, memoryPath, async (group) => number(await text(`${group}/memory.limit_in_bytes`))),
          lowest(`${base}/cpu`, cpuPath, async (group) =>
            ratio([await text(`${group}/cpu.cfs_quota_us`), await text(`${group}/cpu.cfs_period_us`)]),
          ),
        ]);
  // "No limit" of cgroup v1 is a number beyond the memory of any machine.
  return { cgroup, cores, memory: memory && memory.limit < machineMemory ? memory : undefined };
}

/** Returns the lowest limit of a group and those that contain it. Inside a container, only the outermost may exist. */
async function lowest(
  base: string,
  path = "/",
  limitOf: (group: string) => Promise<number | undefined>,
): Promise<GroupLimit | undefined> {
  const names = path.split("/").filter((name) => name !== "" && name !== "..");
  let found: GroupLimit | undefined;
  for (let depth = Math.min(names.length, MAX_DEPTH); depth >= 0; depth--) {
    const group = [base, ...names.slice(0, depth)].join("/");
    const limit = await limitOf(group);
    if (limit !== undefined && (found === undefined || limit < found.limit)) found = { limit, group };
  }
  return found;
}

/** Returns the content of a small file, or `undefined` if there is none. */
async function text(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).slice(0, MAX_LENGTH).trim();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** Returns a limit as a number. `max` and `-1` are no limits. */
function number(limit: string | undefined): number | undefined {
  return limit !== undefined && /^\d{1,20}$/.test(limit) ? Number(limit) : undefined;
}

function ratio([quota, period]: readonly (string | undefined)[] = []): number | undefined {
  const [used, of] = [number(quota), number(period)];
  return used === undefined || of === undefined || of === 0 ? undefined : used / of;
}
