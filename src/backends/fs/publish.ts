import { join } from "node:path";
import { systemClock } from "../../platform/clock.ts";
import { NOT_AN_OBJECT, errno, failure, isAbsent } from "./errors.ts";
import { lstat, open, readdir, rename, rmdir, unlink } from "./file-calls.ts";
import { claimName } from "./temporary.ts";

/** Gives a file a second name, as `link(2)` does. Fails with `EEXIST` if the name is taken. */
export type Link = (existing: string, added: string) => Promise<void>;

/** The name that a file gets, and what errors name. */
export interface Target {
  readonly operation: string;
  readonly key: string;
  /** An existing directory. */
  readonly directory: string;
  readonly name: string;
  readonly link: Link;
}

/** Error codes of file systems without hard links: exFAT, many network and FUSE mounts, some container layers. */
const REFUSED = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EXDEV", "EMLINK", "EINVAL"]);

const CLAIM_WAIT_MS = 5000;
const CLAIM_POLL_MS = 10;

/**
 * Gives a finished file its name. Rejects with `EXISTS` if an object has the name, and with `CONFLICT` if something
 * else has it. Returns `linked` if the file still has its old name, which the caller must remove, and `renamed` if it
 * does not.
 *
 * `link` does this in one step. If the file system refuses it, this first makes a claim: a file, created exclusively,
 * whose name is derived from the wanted one. The holder of the claim checks that the name is free, and renames the
 * file. Readers still see the whole object or nothing. A process that dies with a claim blocks that one key until
 * `removeStaleTemporaryFiles` removes the claim.
 */
export async function publish(file: string, target: Target): Promise<"linked" | "renamed"> {
  const final = join(target.directory, target.name);
  try {
    await linkOver(file, final, target.link);
    return "linked";
  } catch (error) {
    if (errno(error) === "EEXIST") throw await taken(final, target);
    if (!REFUSED.has(errno(error) ?? "")) throw error;
    await claimed(join(target.directory, claimName(target.name)), target, async () => {
      if ((await isTaken(final)) && !(await removeEmpty(final))) throw await taken(final, target);
      await rename(file, final);
    });
    return "renamed";
  }
}

/** Links a file. Replaces empty directories that removed objects have left behind. */
async function linkOver(file: string, final: string, link: Link): Promise<void> {
  try {
    await link(file, final);
  } catch (error) {
    if (errno(error) !== "EEXIST" || !(await removeEmpty(final))) throw error;
    await link(file, final);
  }
}

/**
 * Removes a directory that contains nothing but directories. Returns true if it is gone. `rmdir` refuses a directory
 * that is not empty, so this removes nothing that somebody writes there at the same time.
 */
async function removeEmpty(path: string): Promise<boolean> {
  try {
    if (!(await lstat(path)).isDirectory()) return false;
    const inside = await readdir(path, { withFileTypes: true });
    if (!inside.every((entry) => entry.isDirectory())) return false;
    for (const entry of inside) if (!(await removeEmpty(join(path, entry.name)))) return false;
    await rmdir(path);
    return true;
  } catch {
    return false;
  }
}

async function claimed(claim: string, { operation, key }: Target, work: () => Promise<void>): Promise<void> {
  const start = systemClock.monotonic();
  for (;;) {
    try {
      await (await open(claim, "wx", 0o600)).close();
      break;
    } catch (error) {
      if (errno(error) !== "EEXIST") throw error;
    }
    if (systemClock.monotonic() - start > CLAIM_WAIT_MS) {
      const what = `another process holds the claim on this name (${claim}), or died with it`;
      throw failure("UNAVAILABLE", operation, key, what, undefined, true);
    }
    await systemClock.sleep(CLAIM_POLL_MS);
  }
  try {
    await work();
  } finally {
    await unlink(claim).catch(() => {});
  }
}

async function isTaken(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

async function taken(path: string, { operation, key }: Target): Promise<Error> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined || found.isFile()) return failure("EXISTS", operation, key, "it exists already");
  const what = found.isDirectory() ? "there are objects under this key" : NOT_AN_OBJECT;
  return failure("CONFLICT", operation, key, what);
}
