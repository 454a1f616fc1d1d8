import type { Liveness } from "../../backend/backend.ts";
import { readFileSync } from "./file-calls.ts";
import { processExists, seesOwnProcesses, type ThreadIdentity, thisThread, threadRuns } from "./linux-threads.ts";
import { crypto, os } from "./builtin-modules.ts";

/** Tokens of threads that are known to have ended. That never changes, so they are not checked again. */
const ended = new Set<string>();
const MAX_ENDED = 4096;
/** Checks in progress, by token. */
const asked = new Map<string, Promise<boolean | undefined>>();

/**
 * Tells whether a thread of this machine still runs. Tokens are
 * - `linux:<host>:<boot>:<process namespace>:<time namespace>:<pid>:<start>:<thread>:<thread start>` on Linux. Starts
 *   are in clock ticks since the start of the machine. The last two parts are empty if the system does not tell them;
 * - `<platform>:<host>:<network>:<pid>` elsewhere. `network` stands for the hardware addresses of the machine.
 *
 * `host`, `boot` and `network` are shortened hashes, which can be compared without telling a name.
 *
 * A writer has certainly ended only if it ran since the same start of the machine and in the namespaces of this
 * process, /proc is that of this namespace, and its process or thread is gone or another one has its number. Machine
 * ids and host names alone prove nothing, because cloned machines share them.
 */
export const processLiveness: Liveness = {
  get token() {
    return (own ??= ownToken());
  },
  async isAlive(token) {
    if (typeof token !== "string" || token.length > 200) return undefined;
    if (token === processLiveness.token) return true;
    if (ended.has(token)) return false;
    let answer = asked.get(token);
    if (answer === undefined) asked.set(token, (answer = ask(token).finally(() => asked.delete(token))));
    return await answer;
  },
};

let own: string | undefined;

async function ask(token: string): Promise<boolean | undefined> {
  try {
    const mine = processLiveness.token.split(":");
    const other = token.split(":");
    if (other.length !== mine.length || other[0] !== mine[0] || other[1] !== mine[1]) return undefined;
    const answer = other[0] === "linux" ? await isAliveOnLinux(mine, other) : isAliveElsewhere(mine, other);
    if (answer === false && ended.size < MAX_ENDED) ended.add(token);
    return answer;
  } catch {
    return undefined;
  }
}

function ownToken(): string {
  const host = short([attempt(() => readFileSync("/etc/machine-id", "utf8").trim()), hostName()]);
  const thread = process.platform === "linux" ? thisThread() : undefined;
  if (thread) {
    const { boot, processes, times, pid, start } = thread;
    return ["linux", host, short([boot]), processes, times, pid, start, thread.thread, thread.threadStart].join(":");
  }
  const kind = process.platform === "linux" ? "linux-" : process.platform;
  return [kind, host, hardware(), process.pid].join(":");
}

/**
 * Returns a hash of the hardware addresses, in which all machines of a network differ, also cloned ones. Empty if
 * unknown.
 */
function hardware(): string {
  const found = attempt(() => Object.values(os().networkInterfaces()).flatMap((each) => each ?? [])) ?? [];
  const addresses = found.filter(({ internal, mac }) => !internal && !/^[0:]*$/.test(mac)).map(({ mac }) => mac);
  return addresses.length === 0 ? "" : short([...new Set(addresses)].sort());
}

/**
 * Returns the host's name, or a random one if Deno has no permission to tell it: then no other process is known to be
 * on the same host.
 */
function hostName(): string {
  return attempt(() => os().hostname()) ?? (unknownHost ??= crypto().randomUUID());
}

let unknownHost: string | undefined;

async function isAliveOnLinux(mine: readonly string[], other: readonly string[]): Promise<boolean | undefined> {
  const [, , boot = "", processes = "", times = "", pid = "", start = "", thread = "", threadStart = ""] = other;
  if (boot !== mine[2] || processes !== mine[3] || times !== mine[4]) return undefined;
  if (toPid(pid) === undefined || !isNumber(start) || !seesOwnProcesses()) return undefined;
  if (thread !== "" && (toPid(thread) === undefined || !isNumber(threadStart))) return undefined;
  const identity: ThreadIdentity = { boot, processes, times, pid, start, thread, threadStart };
  return await threadRuns(identity);
}

/**
 * Returns false if the process has ended, and `undefined` otherwise: a new process may have its number, and the system
 * does not show its threads.
 */
function isAliveElsewhere(mine: readonly string[], other: readonly string[]): boolean | undefined {
  const pid = toPid(other[3]);
  if (other[2] !== mine[2] || other[2] === "" || pid === undefined) return undefined;
  return processExists(pid) ? undefined : false;
}

function isNumber(text: string): boolean {
  return /^\d{1,20}$/.test(text);
}

function toPid(text: string | undefined): number | undefined {
  if (text === undefined || !/^[1-9]\d{0,9}$/.test(text)) return undefined;
  const pid = Number(text);
  return pid <= 0x7fffffff ? pid : undefined;
}

function short(parts: readonly (string | undefined)[]): string {
  const text = ["runledger", ...parts.map((part) => part ?? "")].join("\n");
  return crypto().createHash("sha256").update(text).digest("hex").slice(0, 16);
}

function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}
