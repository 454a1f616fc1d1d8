import type { CatalogContext } from "./catalog-context.ts";
import { experimentPrefix } from "./entry.ts";
import type { Touched } from "./list-catalog.ts";
import type { ReadLoose } from "./loose-row.ts";
import { isClosed, readTouched, unlessDamaged } from "./read-row.ts";

/** A run that has entries; nothing for one that cannot be read. */
export async function readLoose(
  { backend, onError }: CatalogContext,
  prefix: string,
  [id, touched]: [string, Touched],
  signal: AbortSignal,
): Promise<ReadLoose | undefined> {
  // What is not there is about to begin, or its beginning failed. What is of another experiment is entered there.
  const row = await unlessDamaged(onError, () => readTouched(backend, id, touched, signal));
  if (row === undefined || experimentPrefix(row.record.experiment) !== prefix) return undefined;
  return { ...row, touched, isClosed: isClosed(row, touched) };
}
