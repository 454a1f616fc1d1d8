import { readSignal } from "../arguments/options.ts";
import type { ArtifactRef, ArtifactVersion } from "../artifacts/version.ts";
import type { CallOptions } from "../backend/backend.ts";
import { catalogOf } from "../catalog/catalog-context.ts";
import type { CatalogDataset } from "../catalog/link-cells.ts";
import { type LinkedRuns, readLinks } from "../catalog/read-links.ts";
import type { RunLinks } from "../catalog/run-links.ts";
import { invalidArgument, LedgerError, reading } from "../errors/ledger-error.ts";
import type { Comparison, Condition } from "../filter/filter.ts";
import type { RecordedDataset } from "../journal/recorded-dataset.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { checkName } from "../run/check-text.ts";
import type { RunContext } from "../run/run-context.ts";
import { isDigest } from "./is-digest.ts";
import { findVersion } from "./removed-version.ts";
import { searchRuns } from "./search-runs.ts";

/** Which data: a digest, a version of an artifact, or a data set by name, digest or both, as a record has it. */
type DatasetQuery = ArtifactRef | Partial<Pick<RecordedDataset, "name" | "digest" | "artifact">>;

/** What {@link DatasetQuery} names. */
interface Wanted {
  readonly name?: string;
  readonly digest?: string;
  /** A version of an artifact: `iris:v0`. */
  readonly artifact?: string;
}

/** The most records of a page. */
const PAGE_RUNS = 100;
/** The most ids of one comparison. */
const IDS_AT_ONCE = 10_000;

/** Yields the runs that used a data set; see `Ledger.runsUsing`. */
export async function* runsUsing(
  context: RunContext,
  dataset: DatasetQuery,
  options: CallOptions | undefined,
): AsyncGenerator<RunRecord, void, undefined> {
  const signal = readSignal("runsUsing", options);
  const wanted = await findWanted(context, dataset, signal);
  const ids = await readLinks(catalogOf(context), signal, async (runs) => usersOf(runs, wanted));
  const lists = Array.from({ length: Math.ceil(ids.length / IDS_AT_ONCE) }, (_, i): Comparison => {
    const value = ids.slice(i * IDS_AT_ONCE, (i + 1) * IDS_AT_ONCE);
    return { kind: "compare", field: { kind: "attribute", name: "id" }, operator: "IN", value };
  });
  const [first, ...more] = lists;
  if (first === undefined) return;
  const filter: Condition = more.length === 0 ? first : { kind: "or", filters: lists };
  let pageToken: string | undefined;
  do {
    const page = await searchRuns(context, { filter, limit: PAGE_RUNS, pageToken, signal });
    yield* page.runs;
    pageToken = page.nextPageToken;
  } while (pageToken !== undefined);
}

/** Returns the ids of the runs that used a data set, or a version that holds it. */
function usersOf(runs: LinkedRuns, { name, digest, artifact }: Wanted): string[] {
  const isWanted = (dataset: CatalogDataset): boolean =>
    (name !== undefined || digest !== undefined) &&
    dataset.name === (name ?? dataset.name) &&
    dataset.digest === (digest ?? dataset.digest);
  const refs = new Set(artifact === undefined ? [] : [artifact]);
  const found = new Map<string, RunLinks>();
  for (const links of runs.withDatasets()) {
    for (const each of links.datasets.filter(isWanted)) {
      found.set(links.id, links);
      if (each.artifact !== undefined) refs.add(each.artifact);
    }
  }
  for (const ref of refs) for (const links of runs.usersOf(ref)) found.set(links.id, links);
  return [...found.values()].filter(({ isDeleted }) => !isDeleted).map(({ id }) => id);
}

const EXPECTED = "a digest, a version of an artifact, or an object with a name, a digest or both";

async function findWanted(
  context: RunContext,
  dataset: DatasetQuery,
  signal: AbortSignal | undefined,
): Promise<Wanted> {
  if (typeof dataset === "string") {
    if (isDigest(checkName(dataset, "dataset"))) return { digest: dataset };
    if (!/[:@]/.test(dataset)) {
      const message = `dataset is no digest and no version: for the data set of this name, say { name: ${JSON.stringify(dataset)} }`;
      throw new LedgerError("INVALID_ARGUMENT", message, { field: "dataset", received: "string" });
    }
    return { artifact: (await findVersion(context, dataset, "dataset", signal)).ref };
  }
  if (typeof dataset !== "object" || dataset === null) throw invalidArgument("dataset", EXPECTED, dataset);
  return reading("dataset", () => {
    const { name, digest, artifact, version } = dataset as Wanted & Partial<ArtifactVersion>;
    if (name === undefined && digest === undefined) throw invalidArgument("dataset", EXPECTED, dataset);
    const own = {
      ...(name !== undefined && { name: checkName(name, "dataset.name") }),
      ...(digest !== undefined && { digest: checkName(digest, "dataset.digest") }),
    };
    if (version !== undefined) {
      if (own.name === undefined) throw invalidArgument("dataset.name", "the name of an artifact", name);
      return { artifact: `${own.name}:${checkName(version, "dataset.version")}` };
    }
    return { ...own, ...(artifact !== undefined && { artifact: checkName(artifact, "dataset.artifact", 2000) }) };
  });
}
