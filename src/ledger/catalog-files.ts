import { readOptions } from "../arguments/options.ts";
import type { CatalogRow } from "../catalog/catalog-row.ts";
import { encodeRecord } from "../catalog/record-json.ts";
import { runsOutsideSegments } from "../catalog/row-sources.ts";
import { tryToCompact } from "../catalog/tidy-catalog.ts";
import { withCatalog } from "../catalog/with-catalog.ts";
import type { RunContext } from "../run/run-context.ts";
import { checkName } from "../run/check-text.ts";
import { catalogOf } from "../catalog/catalog-context.ts";
import { type StoredFile, storedFile } from "./stored-file.ts";

/** Options of `catalogFiles`. */
export interface CatalogFilesOptions {
  /** Only files that may have runs of this experiment. Default: all. */
  readonly experiment?: string | undefined;
  /** Aborting it rejects the call. */
  readonly signal?: AbortSignal | undefined;
}

/** A row of the catalogue, with the columns that a segment has under these names. */
export interface CatalogRowText {
  /** The id of the run. */
  readonly run_id: string;
  /** The number of the run document that the row comes from, 0 for a run that is open. */
  readonly document: number;
  /** The number of the newest marker of a deletion or a restoration, 0 without one. */
  readonly marker: number;
  /** The `RunRecord` as JSON, with `summaries` instead of `metrics`: see `FORMAT.md`. */
  readonly record: string;
}

/** The catalogue as other programs read it. `FORMAT.md` lists the columns. */
export interface CatalogFiles {
  /**
   * Parquet files with a row for each run. If a run has several rows, the one with the highest `document` counts, then
   * the one with the highest `marker`.
   */
  readonly segments: readonly StoredFile[];
  /** The ids of runs that have no valid row in `segments`. */
  readonly superseded: ReadonlySet<string>;
  /** The rows of these runs, as far as they can be read. */
  readonly loose: readonly CatalogRowText[];
}

/** Returns the files of the catalogue after it has merged what can be merged. */
export async function listCatalogFiles(
  context: RunContext,
  options: CatalogFilesOptions | undefined,
): Promise<CatalogFiles> {
  const { experiment, signal } = readOptions("catalogFiles", options, { experiment: true, signal: true });
  const catalog = catalogOf(context);
  const name = experiment === undefined ? undefined : checkName(experiment, "experiment");
  // Not after the listing, as searches do, because that would remove listed segments.
  await tryToCompact(catalog, name, signal);
  return await withCatalog(
    catalog,
    name,
    signal,
    async (open) => {
      const superseded = new Set(open.unlisted);
      const loose: CatalogRowText[] = [];
      for (const { listing, loose: runs } of open.experiments) {
        for (const id of listing.entries.keys()) superseded.add(id);
        for (const { record, isOld } of runs) if (isOld) superseded.delete(record.id);
      }
      for await (const runs of runsOutsideSegments(catalog, open, signal))
        for (const run of runs) loose.push(toText(run));
      const segments = open.experiments.flatMap((each) =>
        each.segments.map(({ name: { key, size } }) => storedFile(context.backend, key, size)),
      );
      for (const { error } of open.unreadable.list()) catalog.onError(error);
      return { segments, superseded, loose };
    },
    { joint: false },
  );
}

function toText({ record, document, marker }: CatalogRow): CatalogRowText {
  return { run_id: record.id, document, marker, record: encodeRecord(record) };
}
