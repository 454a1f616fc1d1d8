import type { CatalogContext } from "./catalog-context.ts";
import { isOpen, type Touched } from "./list-catalog.ts";
import type { LooseRow } from "./loose-row.ts";
import { readTouched, unlessDamaged } from "./read-row.ts";

/** A run that has entries; nothing for one that cannot be read. */
export async function readLoose(
  { backend, onError }: CatalogContext,
  [id, touched]: [string, Touched],
  signal: AbortSignal,
): Promise<LooseRow | undefined> {
  // What is not there is about to begin, or its beginning failed.
  const row = await unlessDamaged(onError, () => readTouched(backend, id, touched, signal));
  if (row === undefined) return undefined;
  // A run is open until a document behind its sessions says otherwise, whether or not that was entered.
  const isClosed = !isOpen(touched) || (row.record.status !== "running" && row.document > touched.open);
  return { ...row, touched, isClosed };
}
