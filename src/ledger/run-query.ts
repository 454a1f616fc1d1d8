import { type OptionNames, readOptions } from "../arguments/options.ts";
import { checkChoice } from "../arguments/choice.ts";
import { didYouMean } from "../arguments/did-you-mean.ts";
import { invalidArgument, LedgerError, reading } from "../errors/ledger-error.ts";
import type { View } from "../catalog/search-plan.ts";
import { type FilterInput, toFilter } from "../filter/parse-filter.ts";
import { attributesByName } from "../filter/attributes.ts";
import { entityOf } from "../filter/field.ts";
import type { Filter } from "../filter/filter.ts";
import { type OrderKey, parseOrderBy } from "../filter/order-by.ts";
import { type AttributeMember, RUN_ATTRIBUTES } from "../journal/run-attributes.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { checkName } from "../run/check-text.ts";

/** Which runs to look at. */
export interface RunSelection {
  /** Only runs of this experiment. Default: all. */
  readonly experiment?: string | undefined;
  /**
   * Only runs that match: text such as `metrics.loss < 0.1 AND params.model = "cnn"`, or what `where` of
   * `runledger/where` builds. Default: all.
   */
  readonly filter?: FilterInput | undefined;
  /** Which runs to show. Default `"active"`: runs that are not deleted. */
  readonly view?: View | undefined;
  /** Aborting it rejects the call. */
  readonly signal?: AbortSignal | undefined;
}

/** Which runs to return, and in which order. */
export interface RunQuery extends RunSelection {
  /**
   * Keys such as `metrics.loss ASC`, `params.lr`, `start_time DESC`, the most important first. Default, and for ties:
   * the newest first.
   */
  readonly orderBy?: string | readonly string[] | undefined;
  /** The greatest number of runs in a page, 1 to 10,000. Default 100. */
  readonly limit?: number | undefined;
  /** `nextPageToken` of the page before. It is valid for the same experiment, filter, order and view. */
  readonly pageToken?: string | undefined;
  /**
   * The members of the records to return, besides `id`. Default: all. A search reads less if all of them are texts and
   * times, such as `name`, `status` or `startTime`, except `lastActivity`.
   */
  readonly fields?: readonly (keyof RunRecord)[] | undefined;
}

/** The names of all {@link RunSelection}. */
export const SELECTION: OptionNames<RunSelection> = { experiment: true, filter: true, view: true, signal: true };
const QUERY: OptionNames<RunQuery> = { ...SELECTION, orderBy: true, limit: true, pageToken: true, fields: true };

/** The members of a record that are not attributes. */
const MEMBERS: OptionNames<Omit<RunRecord, AttributeMember>> = {
  params: true,
  tags: true,
  metrics: true,
  metricDefinitions: true,
  media: true,
  artifacts: true,
  inputs: true,
  datasets: true,
  code: true,
  forkOf: true,
  environment: true,
  error: true,
  damage: true,
};

export interface CheckedSelection {
  readonly experiment: string | undefined;
  readonly filter: Filter;
  readonly view: View;
  readonly signal: AbortSignal | undefined;
}

export interface CheckedQuery extends CheckedSelection {
  readonly orderBy: readonly OrderKey[];
  readonly limit: number;
  readonly pageToken: string | undefined;
  readonly fields: readonly (keyof RunRecord)[] | undefined;
}

/** Returns advice for an option of a query that is a field of filters: `status`, `group`, `params`, … */
export function filterAdvice(name: string): string {
  const attribute = attributesByName.get(name)?.name;
  if (attribute !== undefined) return `; write filter: "${attribute} = '…'"`;
  const entity = entityOf(name);
  return entity === undefined || entity === "attribute" ? "" : `; write filter: "${entity}s.name = …"`;
}

/** Returns a checked selection. Throws `INVALID_ARGUMENT`, which names what is wrong and its position in a text. */
export function checkSelection(query: RunSelection): CheckedSelection {
  const { experiment, filter, view = "active", signal } = query;
  checkChoice("view", view, ["active", "deleted", "all"]);
  return {
    experiment: experiment === undefined ? undefined : checkName(experiment, "experiment"),
    filter: toFilter(filter),
    view,
    signal,
  };
}

/** Returns a checked query. Throws like {@link checkSelection}. */
export function checkQuery(given: RunQuery): CheckedQuery {
  const query = readOptions("searchRuns", given, QUERY, "query", filterAdvice);
  const selection = checkSelection(query);
  const { orderBy = [], limit = 100, pageToken, fields } = query;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 10_000)
    throw invalidArgument("limit", "a whole number from 1 to 10,000", limit);
  if (pageToken !== undefined && typeof pageToken !== "string")
    throw invalidArgument("pageToken", "a string", pageToken);
  const wanted = reading("fields", () => (Array.isArray(fields) ? [...(fields as unknown[])] : fields));
  if (wanted !== undefined && !(Array.isArray(wanted) && wanted.every((field) => typeof field === "string")))
    throw invalidArgument("fields", "an array of names of members", fields);
  const known = [RUN_ATTRIBUTES, MEMBERS].flatMap((members) => Object.keys(members));
  for (const [i, name] of ((wanted ?? []) as string[]).entries()) {
    if (known.includes(name)) continue;
    const meant = didYouMean(name, known) || `; it has ${known.join(", ")}`;
    const message = `a run record has no member ${JSON.stringify(name.slice(0, 100))}${meant}`;
    throw new LedgerError("INVALID_ARGUMENT", message, { field: `fields[${i}]` });
  }
  return {
    ...selection,
    orderBy: parseOrderBy(orderBy),
    limit,
    pageToken,
    fields: wanted as readonly (keyof RunRecord)[] | undefined,
  };
}
