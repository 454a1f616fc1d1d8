import type { CallOptions } from "../backend/backend.ts";
import { concernsOneObject, LedgerError } from "../errors/ledger-error.ts";
import { type StoredVersion, tagOf } from "./manifests.ts";
import type { NumberedEntry } from "./numbered-objects.ts";

/** Options of the removal of a version. */
export interface RemoveOptions extends CallOptions {
  /** Whether to remove a version that {@link assertRemovable} refuses. Default `false`. */
  readonly force?: boolean | undefined;
  /** Returns whether a run is sealed. Default: none is. */
  readonly isSealed?: ((runId: string) => Promise<boolean>) | undefined;
}

/** A version that is to be removed. */
interface Removal {
  readonly name: string;
  readonly entry: NumberedEntry;
  /** The aliases that mean it. */
  readonly aliases: readonly string[];
  readonly read: () => Promise<StoredVersion>;
}

/** Rejects with `CONFLICT` if aliases mean a version, or if the run that logged it first is sealed. */
export async function assertRemovable(
  { name, entry, aliases, read }: Removal,
  { isSealed }: RemoveOptions,
): Promise<void> {
  const shown = `${name}:${tagOf(entry)}`;
  if (aliases.length > 0) {
    const message = `${shown} has aliases (${aliases.join(", ")}): set them to another version, or pass { force: true }`;
    throw new LedgerError("CONFLICT", message, { field: "ref" });
  }
  // Removing it again changes nothing.
  if (isSealed === undefined || entry.isRemoved) return;
  const runId = await runOf(read);
  if (runId === undefined || !(await isSealed(runId))) return;
  const message = `${shown} belongs to run ${runId}, which is sealed, and verify() will report that it was removed: pass { force: true } if you mean it`;
  throw new LedgerError("CONFLICT", message, { field: "ref" });
}

/** Returns the run that a version names, or `undefined` if it names none, or cannot be read. */
async function runOf(read: () => Promise<StoredVersion>): Promise<string | undefined> {
  try {
    return (await read()).manifest.runId;
  } catch (error) {
    if (concernsOneObject(error)) return undefined;
    throw error;
  }
}
