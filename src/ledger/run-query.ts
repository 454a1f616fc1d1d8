import { LedgerError, invalidArgument } from "../backend/error.ts";
import type { View } from "../catalog/matches.ts";
import { type FilterInput, toFilter } from "../catalog/filter/to-filter.ts";
import type { Filter } from "../catalog/filter/filter.ts";
import { type OrderKey, parseOrderBy } from "../catalog/filter/order-by.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { checkName } from "../run/text.ts";

/** Which runs, in which order. */
export interface RunQuery {
  /** Runs of this experiment only. */
  readonly experiment?: string;
  /** Runs that fit: text, `metrics.loss < 0.1 AND params.model = "cnn"`, or what `where` builds. Default: all. */
  readonly filter?: FilterInput;
  /** Keys such as `metrics.loss ASC`, `params.lr`, `start_time DESC`, the most important first. Ties: the newest first. */
  readonly orderBy?: string | readonly string[];
  /** `"active"` (default): runs that are not deleted. */
  readonly view?: View;
  /** Most runs in a page, 1 to 10,000. Default 100. */
  readonly limit?: number;
  /** Where the page before ended; good for the same experiment, filter, order and view only. */
  readonly pageToken?: string;
  /** Only these members of the records are wanted, `id` besides. Default: all. */
  readonly fields?: readonly (keyof RunRecord)[];
  readonly signal?: AbortSignal;
}

const KNOWN = new Set(["experiment", "filter", "orderBy", "view", "limit", "pageToken", "fields", "signal"]);

export interface CheckedQuery {
  readonly experiment: string | undefined;
  readonly filter: Filter;
  readonly orderBy: readonly OrderKey[];
  readonly view: View;
  readonly limit: number;
  readonly pageToken: string | undefined;
  readonly fields: readonly (keyof RunRecord)[] | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Throws `INVALID_ARGUMENT` naming what is wrong, with the position where it is in a text. */
export function checkQuery(query: RunQuery): CheckedQuery {
  if (typeof query !== "object" || query === null) throw invalidArgument("query", "an object", query);
  for (const key of Object.keys(query)) {
    if (KNOWN.has(key) || (query as Record<string, unknown>)[key] === undefined) continue;
    const field = key.slice(0, 100);
    throw new LedgerError("INVALID_ARGUMENT", `a query has no member ${JSON.stringify(field)}`, { field });
  }
  const { experiment, filter, orderBy = [], view = "active", limit = 100, pageToken, fields, signal } = query;
  if (view !== "active" && view !== "deleted" && view !== "all")
    throw invalidArgument("view", '"active", "deleted" or "all"', view);
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 10_000)
    throw invalidArgument("limit", "a whole number from 1 to 10,000", limit);
  if (pageToken !== undefined && typeof pageToken !== "string")
    throw invalidArgument("pageToken", "a string", pageToken);
  if (fields !== undefined && !(Array.isArray(fields) && fields.every((field) => typeof field === "string")))
    throw invalidArgument("fields", "an array of names of members", fields);
  return {
    experiment: experiment === undefined ? undefined : checkName(experiment, "experiment"),
    filter: toFilter(filter),
    orderBy: parseOrderBy(orderBy),
    view,
    limit,
    pageToken,
    fields: fields as readonly (keyof RunRecord)[] | undefined,
    signal,
  };
}
