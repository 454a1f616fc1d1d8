import { join } from "node:path";
import { systemClock } from "../../platform/clock.ts";
import { errno, failure, isAbsent } from "./errors.ts";
import { lstat, open, readdir, rename, rmdir, unlink } from "./file-calls.ts";
import { claimName } from "./temporary.ts";

/** `link(2)`: gives a file a second name and fails with `EEXIST` when the name is taken. */
export type Link = (existing: string, added: string) => Promise<void>;

/** The name a file is to get, and what to say when that fails. */
export interface Target {
  readonly operation: string;
  readonly key: string;
  /** It is there. */
  readonly directory: string;
  readonly name: string;
  readonly link: Link;
}

/** What file systems without hard links answer: exFAT, many network and FUSE mounts, some container layers. */
const REFUSED = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EXDEV", "EMLINK", "EINVAL"]);

const CLAIM_WAIT_MS = 5000;
const CLAIM_POLL_MS = 10;

/**
 * Gives a finished file its name, unless that is taken: `EXISTS` when an object has it, `CONFLICT` when something else does.
 * `linked`: the old name is still there, and removing it is the caller's. `renamed`: it is gone.
 *
 * `link` does this in one step. Where it is refused, a claim is made first: a file whose name is derived from the wanted
 * one, created exclusively. Its holder looks whether the name is free, and renames. Readers see the whole object or
 * nothing in this case too. A process that dies holding a claim blocks that one key, until the claim is removed with
 * `removeStaleTemporaryFiles`.
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

/** Links, also in the place of directories that removed objects have left behind. */
async function linkOver(file: string, final: string, link: Link): Promise<void> {
  try {
    await link(file, final);
  } catch (error) {
    if (errno(error) !== "EEXIST" || !(await removeEmpty(final))) throw error;
    await link(file, final);
  }
}

/**
 * Removes a directory in which there are directories at most; true when it is gone. `rmdir` refuses what is not empty, so
 * nothing is lost to somebody who writes there at the same time.
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
      const what = `another process holds the claim on this name (${claim}), or died holding it`;
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
  const what = found.isDirectory() ? "there are objects under this key" : "something that is no object has its name";
  return failure("CONFLICT", operation, key, what);
}
