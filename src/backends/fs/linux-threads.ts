import { errno } from "./errors.ts";
import { readFile, readFileSync, readlinkSync } from "./file-calls.ts";

/** Identifies a thread as long as its machine runs and its process namespace exists. Unknown parts are empty. */
export interface ThreadIdentity {
  readonly boot: string;
  /** Inodes of the namespaces of process ids and of start times. */
  readonly processes: string;
  readonly times: string;
  readonly pid: string;
  /** Clock ticks from the start of the machine to that of the process. */
  readonly start: string;
  readonly thread: string;
  readonly threadStart: string;
}

const LOOKS = 20;
const LOOK_MS = 10;

/** Returns the identity of this thread, or `undefined` if the system does not tell enough. */
export function thisThread(): ThreadIdentity | undefined {
  const boot = look(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
  const processes = inode("pid");
  const start = look(() => statFields(readFileSync("/proc/self/stat", "utf8"))?.start);
  if (boot === undefined || processes === undefined || start === undefined) return undefined;
  // The /proc of another namespace has other numbers.
  const thread = seesOwnProcesses() ? look(() => /\/task\/(\d+)$/.exec(readlinkSync("/proc/thread-self"))?.[1]) : "";
  const threadStart = thread && look(() => statFields(readFileSync(`/proc/self/task/${thread}/stat`, "utf8"))?.start);
  return {
    boot,
    processes,
    times: inode("time") ?? "",
    pid: String(process.pid),
    start,
    thread: threadStart ? (thread ?? "") : "",
    threadStart: threadStart || "",
  };
}

/**
 * Returns whether /proc shows the processes of this process's own namespace. If the namespace did not mount its own
 * /proc, the same numbers are those of other processes there.
 */
export function seesOwnProcesses(): boolean {
  // The line has one number for each namespace from that of /proc down to that of this process.
  const status = look(() => readFileSync("/proc/self/status", "utf8"));
  return /^NSpid:\t(\d+)$/m.exec(status ?? "")?.[1] === String(process.pid);
}

/**
 * Returns whether a thread of this process's own namespaces still runs, or `undefined` if that is unknown. Call it only
 * if {@link seesOwnProcesses} is true.
 */
export async function threadRuns(asked: ThreadIdentity): Promise<boolean | undefined> {
  const pid = Number(asked.pid);
  if (!processExists(pid)) return false;
  const leader = await statOf(`/proc/${pid}`);
  // The process has just ended, or /proc hides the processes of other users.
  if (leader === undefined) return processExists(pid) ? undefined : false;
  if (leader.start !== asked.start) return false;
  if (hasEnded(leader)) return (await hasNoThreads(asked)) ? false : undefined;
  if (asked.thread === "") return undefined;
  const thread = await statOf(`/proc/${pid}/task/${asked.thread}`);
  if (thread !== undefined) return thread.start === asked.threadStart && !hasEnded(thread);
  // The thread has ended if its process is still the same.
  return (await statOf(`/proc/${pid}`))?.start === asked.start ? false : await threadRuns(asked);
}

/** Returns whether all threads of a killed process end within a moment. A thread that waits for a disk does not. */
async function hasNoThreads({ pid, start }: ThreadIdentity): Promise<boolean> {
  for (let left = LOOKS; left > 0; left--) {
    const leader = await statOf(`/proc/${pid}`);
    if (leader === undefined ? !processExists(Number(pid)) : leader.start !== start || leader.threads <= 1) return true;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return false;
}

interface Stat {
  readonly state: string;
  readonly threads: number;
  readonly start: string;
}

function hasEnded({ state }: Stat): boolean {
  return state === "Z" || state === "X";
}

/** Returns the state of a process or thread, or `undefined` if it does not exist or is hidden. */
async function statOf(directory: string): Promise<Stat | undefined> {
  try {
    return statFields(await readFile(`${directory}/stat`, "utf8"));
  } catch (error) {
    // Reading the file of a process that is ending fails with ESRCH.
    if (errno(error) === "ENOENT" || errno(error) === "ESRCH") return undefined;
    throw error;
  }
}

/** Parses a `stat` file. The name in its second field may contain spaces and parentheses. */
function statFields(stat: string): Stat | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, threads, start] = [fields[0], Number(fields[17]), fields[19]];
  return state === undefined || start === undefined || !/^\d+$/.test(start) ? undefined : { state, threads, start };
}

export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (errno(error) === "ESRCH") return false;
    if (errno(error) === "EPERM") return true;
    throw error;
  }
}

function inode(namespace: "pid" | "time"): string | undefined {
  return look(() => /\[(\d+)\]$/.exec(readlinkSync(`/proc/self/ns/${namespace}`))?.[1]);
}

function look<T>(at: () => T): T | undefined {
  try {
    return at();
  } catch {
    return undefined;
  }
}
