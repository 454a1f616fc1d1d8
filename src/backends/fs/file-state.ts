import type { BigIntStats } from "node:fs";
import type { FileState } from "../../backend/file-tree.ts";
import { statfsSync, statSync } from "./file-calls.ts";

/** A later write certainly gets other times. Some file systems count time in steps of 2 s. */
const SETTLED_NS = 2_000_000_000n;
/**
 * The same for files that programs may map into their memory, as they do with arrays and weights. The first write to a page
 * of a map changes the times of the file, and further ones do not until the system has written the page to the disk: 35
 * s later at most, unless somebody has changed that.
 */
const SETTLED_LARGE_NS = 60_000_000_000n;
const LARGE_BYTES = 64n * 1024n;

/**
 * File systems of Linux that take the times of files from the clock of this machine: ext, XFS, Btrfs, ZFS, F2FS,
 * bcachefs and overlayfs. The clock of a file server may be behind, and tmpfs never writes pages of a map to a disk.
 */
const LOCAL = new Set([0xef53, 0x58465342, 0x9123683e, 0x2fc12fc1, 0xf2f52010, 0xca451a4e, 0x794c7630]);

/**
 * Returns the number of the device that a file or directory is on, if the times of its files are known to come from the
 * clock of this machine.
 */
export function ownClockDevice(path: string): bigint | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    return LOCAL.has(statfsSync(path).type) ? statSync(path, { bigint: true }).dev : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Returns the state of a file, or `undefined` if the file system gives no useful numbers. `ownClock`: the device
 * whose times come from the clock of this machine.
 */
export function fileState(
  { dev, ino, size, mtimeNs, ctimeNs }: BigIntStats,
  ownClock: bigint | undefined,
): FileState | undefined {
  if (ino <= 0n || mtimeNs <= 0n || ctimeNs <= 0n) return undefined;
  const newest = mtimeNs > ctimeNs ? mtimeNs : ctimeNs;
  const age = dev === ownClock ? BigInt(Date.now()) * 1_000_000n - newest : 0n;
  if (size >= LARGE_BYTES && age < SETTLED_LARGE_NS) return undefined;
  return {
    id: [dev, ino, mtimeNs, ctimeNs - mtimeNs].map((number) => number.toString(36)).join(" "),
    settled: age >= SETTLED_NS,
  };
}
