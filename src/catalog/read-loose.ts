import type { Backend } from "../backend/backend.ts";
import type { UnreadableRuns } from "../journal/unreadable.ts";
import { experimentPrefix } from "./entry.ts";
import type { Touched } from "./list-catalog.ts";
import type { ReadLoose } from "./loose-row.ts";
import { isClosed, readTouched } from "./read-row.ts";

/** A run that has entries; nothing for one that cannot be read. */
export async function readLoose(
  backend: Backend,
  prefix: string,
  [id, touched]: [string, Touched],
  unreadable: UnreadableRuns,
  signal: AbortSignal,
): Promise<ReadLoose | undefined> {
  // What is not there is about to begin, or its beginning failed. What is of another experiment is entered there.
  const row = await unreadable.unless(id, () => readTouched(backend, id, touched, signal));
  if (row === undefined || experimentPrefix(row.record.experiment) !== prefix) return undefined;
  return { ...row, touched, isClosed: isClosed(row, touched) };
}
