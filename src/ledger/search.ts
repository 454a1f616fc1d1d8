import type { Backend, Entry } from "../backend/backend.ts";
import { LedgerError, invalidArgument } from "../backend/error.ts";
import { type RunListing, toRunListing } from "../journal/list-run.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { ID_PATTERN } from "../run/ids.ts";
import { checkName } from "../run/text.ts";
import { readRun, readRunCreated } from "./read-run.ts";

export interface RunQuery {
  /** Runs of this experiment only. */
  readonly experiment?: string;
  /** `"active"` (default): runs that are not deleted. */
  readonly view?: "active" | "deleted" | "all";
  /** Most runs in a page, 1 to 10,000. Default 100. */
  readonly limit?: number;
  /** Where the page before ended. */
  readonly pageToken?: string;
  readonly signal?: AbortSignal;
}

export interface RunPage {
  /** Newest first. */
  readonly runs: RunRecord[];
  /** Absent on the last page. */
  readonly nextPageToken?: string;
}

const KNOWN = new Set(["experiment", "view", "limit", "pageToken", "signal"]);
/** Runs read at a time. */
const PARALLEL = 16;

/** A page of runs, newest first. A run that cannot be read is left out and told to `onDamaged`. */
export async function searchRuns(
  backend: Backend,
  query: RunQuery,
  onDamaged: (error: LedgerError) => void,
): Promise<RunPage> {
  const { experiment, view, limit, after, signal } = checkQuery(query);
  const listings = await listRuns(backend, signal);
  const ids = [...listings.keys()]
    .filter((id) => after === undefined || id < after)
    .sort()
    .reverse();
  const runs: RunRecord[] = [];
  for (let at = 0; at < ids.length; at += PARALLEL) {
    const batch = ids.slice(at, at + PARALLEL);
    const found = await Promise.all(
      batch.map(async (id) => {
        try {
          if (experiment !== undefined && (await readRunCreated(backend, id, signal)).experiment !== experiment)
            return undefined;
          const run = await readRun(backend, id, signal, listings.get(id));
          return view === "all" || (run.deletedAt === undefined) === (view === "active") ? run : undefined;
        } catch (error) {
          if (
            !LedgerError.hasCode(error, "CORRUPT") &&
            !LedgerError.hasCode(error, "RUN_NOT_FOUND") &&
            !LedgerError.hasCode(error, "FORMAT_TOO_NEW")
          )
            throw error;
          onDamaged(error);
          return undefined;
        }
      }),
    );
    for (const run of found) {
      if (run === undefined) continue;
      // One more than asked for shows that there is another page.
      if (runs.length === limit) return { runs, nextPageToken: `after:${(runs.at(-1) as RunRecord).id}` };
      runs.push(run);
    }
  }
  return { runs };
}

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

function checkQuery(
  query: RunQuery,
): Pick<RunQuery, "experiment" | "signal"> & Required<Pick<RunQuery, "view" | "limit">> & { readonly after?: string } {
  if (typeof query !== "object" || query === null) throw invalidArgument("query", "an object", query);
  for (const key of Object.keys(query)) {
    if (!KNOWN.has(key) && (query as Record<string, unknown>)[key] !== undefined) {
      throw new LedgerError("UNSUPPORTED", `searchRuns does not know ${JSON.stringify(key.slice(0, 100))} yet`, {
        field: key.slice(0, 100),
      });
    }
  }
  const { experiment, view = "active", limit = 100, pageToken, signal } = query;
  if (view !== "active" && view !== "deleted" && view !== "all")
    throw invalidArgument("view", '"active", "deleted" or "all"', view);
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 10_000)
    throw invalidArgument("limit", "a whole number from 1 to 10,000", limit);
  if (pageToken !== undefined && typeof pageToken !== "string")
    throw invalidArgument("pageToken", "a string", pageToken);
  const after = pageToken?.startsWith("after:") ? pageToken.slice(6) : undefined;
  if (pageToken !== undefined && (after === undefined || !ID_PATTERN.test(after))) {
    throw new LedgerError("INVALID_ARGUMENT", "pageToken is not one that searchRuns gave", {
      field: "pageToken",
      received: "string",
    });
  }
  return {
    ...(experiment !== undefined && { experiment: checkName(experiment, "experiment") }),
    view,
    limit,
    ...(after !== undefined && { after }),
    ...(signal && { signal }),
  };
}
