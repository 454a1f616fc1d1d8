import type { Entry } from "../../backend/backend.ts";
import type { LedgerError } from "../../errors/ledger-error.ts";
import { MAX_STORED_KEY_BYTES, assertKey } from "../../backend/key.ts";
import { isAbsent, toLedgerError } from "./errors.ts";
import type { Root } from "./paths.ts";
import { isTemporaryName } from "./temporary.ts";
import { walk } from "./walk.ts";

/**
 * Lists the objects under a prefix. Leaves out names that are not keys, temporary files, links and special files. An
 * error names the directory or file that caused it.
 */
export async function* listObjects(
  root: Root,
  prefix: string,
  startAfter: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Entry> {
  const under = prefix === "" ? "" : `${prefix}/`;
  try {
    await root.assertNoLink(prefix);
    const fault = (error: unknown, path: string): LedgerError => toLedgerError(error, "list", path);
    const files = walk(root.path(prefix), { prefix: under, startAfter, enters: isKey, gives: isKey, fault, signal });
    for await (const { path, size } of files) yield { key: path, size };
  } catch (error) {
    if (!isAbsent(error)) throw error; // The prefix does not exist, or is itself an object.
  }
}

/**
 * Removes temporary files to which nobody has written for `olderThanMs`, by the clock of the file system. `now` is the
 * time that the file system gave to a file that was just written.
 */
export async function removeStale(
  root: Root,
  now: number,
  olderThanMs: number,
  signal: AbortSignal | undefined,
  remove: (path: string) => Promise<boolean>,
): Promise<{ removed: number; bytes: number }> {
  const total = { removed: 0, bytes: 0 };
  const gives = (_path: string, name: string): boolean => isTemporaryName(name);
  for await (const file of walk(root.directory, { prefix: "", enters: isKey, gives, signal })) {
    if (now - file.mtimeMs < olderThanMs) continue;
    if (!(await remove(file.absolute))) continue;
    total.removed++;
    total.bytes += file.size;
  }
  return total;
}

function isKey(path: string): boolean {
  if (path.startsWith(".") || path.includes("/.")) return false;
  try {
    assertKey(path, MAX_STORED_KEY_BYTES);
    return true;
  } catch {
    return false;
  }
}
