import type { Backend, Entry } from "../backend/backend.ts";
import { type RunListing, toRunListing } from "../journal/list-run.ts";
import { ID_PATTERN } from "../journal/run-created.ts";

/** What is listed of every run, from one listing of all of them. */
export async function listRuns(backend: Backend, signal?: AbortSignal): Promise<Map<string, RunListing>> {
  const entries = new Map<string, Entry[]>();
  for await (const entry of backend.list("runs", signal ? { signal } : {})) {
    const id = entry.key.split("/", 2)[1] as string;
    if (!ID_PATTERN.test(id)) continue;
    const own = entries.get(id);
    if (own) own.push(entry);
    else entries.set(id, [entry]);
  }
  return new Map([...entries].map(([id, own]) => [id, toRunListing(own, id)]));
}
