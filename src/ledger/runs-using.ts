import { readSignal } from "../arguments/options.ts";
import type { CallOptions } from "../backend/backend.ts";
import { invalidArgument, reading } from "../errors/ledger-error.ts";
import type { Condition } from "../filter/filter.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { checkName } from "../run/check-text.ts";
import type { RunContext } from "../run/run-context.ts";
import { searchRuns } from "./search-runs.ts";

/** Which data set: a digest, or a name, a digest or both. A data set of a record is one. */
type DatasetQuery = string | { readonly name?: string | undefined; readonly digest?: string | undefined };

/** The most records of a page. */
const PAGE_RUNS = 100;

/** Yields the runs that used a data set; see `Ledger.runsUsing`. */
export async function* runsUsing(
  context: RunContext,
  dataset: DatasetQuery,
  options: CallOptions | undefined,
): AsyncGenerator<RunRecord, void, undefined> {
  const wanted = checkQuery(dataset);
  const signal = readSignal("runsUsing", options);
  const conditions = (["name", "digest"] as const).flatMap((part): Condition[] => {
    const value = wanted[part];
    return value === undefined
      ? []
      : [{ kind: "compare", field: { kind: "dataset", name: part }, operator: "=", value }];
  });
  const [first, ...more] = conditions;
  const filter: Condition = more.length === 0 ? first! : { kind: "and", filters: conditions };
  let pageToken: string | undefined;
  do {
    const page = await searchRuns(context, { filter, limit: PAGE_RUNS, pageToken, signal });
    for (const run of page.runs) {
      // The filter is also true of a run with two data sets, one of the name and one of the digest.
      const isUsed = run.datasets.some(
        ({ name, digest }) => name === (wanted.name ?? name) && digest === (wanted.digest ?? digest),
      );
      if (isUsed) yield run;
    }
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
}

function checkQuery(dataset: DatasetQuery): { name?: string; digest?: string } {
  if (typeof dataset === "string") return { digest: checkName(dataset, "dataset") };
  const expected = "a digest, or an object with a name, a digest or both";
  if (typeof dataset !== "object" || dataset === null) throw invalidArgument("dataset", expected, dataset);
  return reading("dataset", () => {
    const { name, digest } = dataset;
    if (name === undefined && digest === undefined) throw invalidArgument("dataset", expected, dataset);
    return {
      ...(name !== undefined && { name: checkName(name, "dataset.name") }),
      ...(digest !== undefined && { digest: checkName(digest, "dataset.digest") }),
    };
  });
}
