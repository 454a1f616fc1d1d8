import { lstat, open, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../../backend/clock.ts";
import { errno, failure, isAbsent } from "./errors.ts";
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
 * one, created exclusively. Whoever holds it looks whether the name is free and renames. Readers see the whole object or
 * nothing in this case too. A process that dies holding a claim blocks that one key, until the claim is removed with
 * `removeStaleTemporaryFiles`.
 */
export async function publish(file: string, target: Target): Promise<"linked" | "renamed"> {
  const final = join(target.directory, target.name);
  try {
    await target.link(file, final);
    return "linked";
  } catch (error) {
    if (errno(error) === "EEXIST") throw await taken(final, target);
    if (!REFUSED.has(errno(error) ?? "")) throw error;
    await claimed(join(target.directory, claimName(target.name)), target, async () => {
      if (await isTaken(final)) throw await taken(final, target);
      await rename(file, final);
    });
    return "renamed";
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
