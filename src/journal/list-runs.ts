import type { Backend, Entry } from "../backend/backend.ts";
import type { LedgerError } from "../errors/ledger-error.ts";
import { listGroups } from "../backend/list-groups.ts";
import { type RunListing, toRunListing } from "./list-run.ts";
import { ID_PATTERN } from "./run-id.ts";

/**
 * Returns the listing of every run that was not purged, from one listing of all runs. `onUnlisted` gets the runs that the backend cannot
 * list.
 */
export async function listRuns(
  backend: Backend,
  onUnlisted: (id: string, error: LedgerError) => void,
  signal?: AbortSignal,
): Promise<Map<string, RunListing>> {
  const entries = new Map<string, Entry[]>();
  const unlisted = new Set<string>();
  const leaveOut = (id: string, error: LedgerError): void => {
    if (!ID_PATTERN.test(id)) return;
    unlisted.add(id);
    onUnlisted(id, error);
  };
  for await (const entry of listGroups(backend, "runs", leaveOut, signal ? { signal } : {})) {
    const id = entry.key.split("/", 2)[1] as string;
    if (!ID_PATTERN.test(id)) continue;
    const own = entries.get(id);
    if (own) own.push(entry);
    else entries.set(id, [entry]);
  }
  for (const id of unlisted) entries.delete(id);
  const listings = [...entries].map(([id, own]) => [id, toRunListing(own, id)] as const);
  return new Map(listings.filter(([, { purged }]) => !purged));
}
