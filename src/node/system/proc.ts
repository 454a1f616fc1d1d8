import { readFileSync } from "node:fs";
import { freemem, totalmem } from "node:os";

/** Returns a file of `/proc` or `/sys`, which never waits for a disk, or `undefined` if there is none. */
export function readKernelFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Returns how long all cores were busy, and how long they ran, in ticks. Only Linux says so cheaply. */
export function machineTimes(
  stat: string | undefined = readKernelFile("/proc/stat"),
): { busy: number; total: number } | undefined {
  const line = stat?.slice(0, stat.indexOf("\n")) ?? "";
  if (!line.startsWith("cpu ")) return undefined;
  // user, nice, system, idle, iowait, irq, softirq, steal. What follows is counted in the first two.
  const times = line.trim().split(/\s+/).slice(1, 9).map(Number);
  const total = times.reduce((sum, time) => sum + time, 0);
  const idle = (times[3] ?? 0) + (times[4] ?? 0);
  return Number.isFinite(total) ? { busy: total - idle, total } : undefined;
}

/** Returns the memory of the machine in bytes. Memory that only caches files counts as free. */
export function machineMemory(
  meminfo: string | undefined = readKernelFile("/proc/meminfo"),
): { used: number; total: number } | undefined {
  const bytes = (name: string): number | undefined => {
    const kibibytes = meminfo === undefined ? undefined : new RegExp(`^${name}: +(\\d+) kB`, "m").exec(meminfo)?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
  };
  try {
    const total = bytes("MemTotal") ?? totalmem();
    return { used: total - (bytes("MemAvailable") ?? freemem()), total };
  } catch {
    return undefined; // Deno needs a permission.
  }
}

/** Returns the bytes that the process has read from disks and written to them. */
export function processIo(
  io: string | undefined = readKernelFile("/proc/self/io"),
): { read: number; written: number } | undefined {
  const read = /^read_bytes: (\d+)$/m.exec(io ?? "")?.[1];
  const written = /^write_bytes: (\d+)$/m.exec(io ?? "")?.[1];
  return read === undefined || written === undefined ? undefined : { read: Number(read), written: Number(written) };
}

/** Returns the bytes that went through the network interfaces of the machine or container, without the loopback. */
export function networkBytes(
  devices: string | undefined = readKernelFile("/proc/net/dev"),
): { received: number; sent: number } | undefined {
  if (devices === undefined) return undefined;
  let [received, sent] = [0, 0];
  for (const line of devices.split("\n").slice(2)) {
    const [, name, rest = ""] = /^\s*([^\s:]+):(.*)$/.exec(line) ?? [];
    if (name === undefined || name === "lo") continue;
    const counts = rest.trim().split(/\s+/).map(Number);
    received += counts[0] ?? 0;
    sent += counts[8] ?? 0;
  }
  return Number.isFinite(received + sent) ? { received, sent } : undefined;
}
