import type { Liveness } from "../../backend/backend.ts";
import { errno } from "./errors.ts";
import { readFile, readFileSync, readlinkSync } from "./file-calls.ts";
import { crypto, os } from "./on-demand.ts";

/** The number of the first process namespace of every Linux system. Other ones are those of containers. */
const FIRST_NAMESPACE = "4026531836";

/**
 * Tokens:
 * - `linux:<machine>:<boot>:<process namespace>:<pid>:<start time>`, the start in clock ticks since the machine's start;
 * - `<platform>:<machine>:<pid>` elsewhere.
 *
 * `machine` and `boot` are shortened hashes: they can be compared, but tell nobody a name.
 */
export const processLiveness: Liveness = {
  get token() {
    return (own ??= ownToken());
  },
  async isAlive(token) {
    try {
      if (typeof token !== "string") return undefined;
      if (token === processLiveness.token) return true;
      const mine = processLiveness.token.split(":");
      const other = token.split(":");
      if (other.length !== mine.length || other[0] !== mine[0]) return undefined;
      return other[0] === "linux" ? await isAliveOnLinux(mine, other) : isAliveElsewhere(mine, other);
    } catch {
      return undefined;
    }
  },
};

let own: string | undefined;

function ownToken(): string {
  if (process.platform === "linux") {
    const boot = attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
    const namespace = attempt(() => /^pid:\[(\d+)\]$/.exec(readlinkSync("/proc/self/ns/pid"))?.[1]);
    const start = attempt(() => statFields(readFileSync("/proc/self/stat", "utf8"))?.start);
    if (boot !== undefined && namespace !== undefined && start !== undefined) {
      const machine = attempt(() => readFileSync("/etc/machine-id", "utf8").trim()) ?? "";
      return [
        "linux",
        machine === "" ? "" : short(`${machine}\n${os().hostname()}`),
        short(boot),
        namespace,
        process.pid,
        start,
      ].join(":");
    }
  }
  return `${process.platform === "linux" ? "linux-" : process.platform}:${short(os().hostname())}:${process.pid}`;
}

async function isAliveOnLinux(mine: readonly string[], other: readonly string[]): Promise<boolean | undefined> {
  const [, machine, boot, namespace, pid, start] = other;
  if (boot !== mine[2]) {
    // The same machine, started anew since: nothing that ran before still does. Containers are left out, as many are made
    // from one image and share its machine id.
    const same = machine !== "" && machine === mine[1] && namespace === FIRST_NAMESPACE && mine[3] === FIRST_NAMESPACE;
    return same ? false : undefined;
  }
  if (namespace !== mine[3]) return undefined;
  const number = toPid(pid);
  if (number === undefined || !/^\d+$/.test(start ?? "")) return undefined;
  if (!processExists(number)) return false;
  let found: { state: string; start: string } | undefined;
  try {
    found = statFields(await readFile(`/proc/${number}/stat`, "utf8"));
  } catch (error) {
    // Gone in this moment; or hidden from us, and then another process may have taken the number.
    return errno(error) === "ENOENT" && !processExists(number) ? false : undefined;
  }
  if (found === undefined) return undefined;
  return found.start === start && found.state !== "Z" && found.state !== "X";
}

/** The number of an ended process may be in use again, so here it can be told only that one has ended. */
function isAliveElsewhere(mine: readonly string[], other: readonly string[]): boolean | undefined {
  const number = toPid(other[2]);
  if (other[1] !== mine[1] || number === undefined) return undefined;
  return processExists(number) ? undefined : false;
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    if (errno(error) === "ESRCH") return false;
    if (errno(error) === "EPERM") return true;
    throw error;
  }
}

/** State and start time. The name in the second field may itself hold spaces and brackets. */
function statFields(stat: string): { state: string; start: string } | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, start] = [fields[0], fields[19]];
  return state === undefined || start === undefined || !/^\d+$/.test(start) ? undefined : { state, start };
}

function toPid(text: string | undefined): number | undefined {
  if (text === undefined || !/^[1-9]\d{0,9}$/.test(text)) return undefined;
  const pid = Number(text);
  return pid <= 0x7fffffff ? pid : undefined;
}

function short(text: string): string {
  return crypto().createHash("sha256").update(`runledger\n${text}`).digest("hex").slice(0, 16);
}

function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
