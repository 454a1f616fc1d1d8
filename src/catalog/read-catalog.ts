import { LedgerError, concernsOneObject } from "../errors/ledger-error.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { CatalogContext } from "./catalog-context.ts";
import { CatalogTrouble, type OpenCatalog, openCatalog } from "./open-catalog.ts";

const rebuilding = /* @__PURE__ */ onDemand(() => import("./rebuild-catalog.ts"));
const compacting = /* @__PURE__ */ onDemand(() => import("./compact-experiment.ts"));

/** The number of closed runs with entries from which a search makes a segment. */
export const MIN_LOOSE = 8;
/** How often the catalogue is opened again because segments were merged during the read, or are damaged. */
const TRIES = 20;

/**
 * Opens the catalogue of one experiment, or of all, and returns the result of `read`. Starts again if others merge
 * segments meanwhile. Also starts again if segments turn out to be damaged; then their runs are read instead. Then
 * tidies the catalogue. Calls `onError` for each run that could not be read.
 */
export async function readCatalog<T>(
  context: CatalogContext,
  experiment: string | undefined,
  signal: AbortSignal | undefined,
  read: (catalog: OpenCatalog) => Promise<T>,
): Promise<T> {
  const trouble = new CatalogTrouble();
  for (let left = TRIES; ; left--) {
    try {
      const catalog = await openCatalog(context, experiment, trouble, signal);
      const answer = await read(catalog);
      await tidy(context, catalog, trouble, signal);
      for (const { error } of catalog.unreadable.list()) context.onError(error);
      return answer;
    } catch (error) {
      const prefix = left > 0 ? segmentsPrefix(error) : undefined;
      if (prefix === undefined || !LedgerError.is(error)) throw error;
      if (error.code === "NOT_FOUND") continue;
      context.onError(error);
      trouble.damaged.set(prefix, error.code === "CORRUPT");
    }
  }
}

/** Returns the prefix of the experiment whose segments an error is about, if it is about nothing else. */
function segmentsPrefix(error: unknown): string | undefined {
  if (!LedgerError.is(error) || !concernsOneObject(error)) return undefined;
  return /^experiments\/[^/]+(?=\/segments(?:\/|$))/.exec(error.key ?? "")?.[0];
}

/**
 * Rebuilds damaged parts, compacts experiments with many entries, and trims the cache, as far as this process may
 * write.
 */
async function tidy(
  context: CatalogContext,
  { experiments, unplaced, isComplete }: OpenCatalog,
  { damaged }: CatalogTrouble,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (context.backend.capabilities.readOnly === true) return;
  try {
    const mended = [...damaged].flatMap(([prefix, mayHelp]) => (mayHelp ? [prefix] : []));
    // A rebuilt catalogue would lack the unplaced runs even after they become readable again. Until then, searches read
    // the runs themselves.
    if ((!isComplete || mended.length > 0) && unplaced.length === 0) {
      const { rebuildCatalog } = await rebuilding();
      await rebuildCatalog(context, isComplete ? new Set(mended) : undefined, signal);
    }
    for (const open of experiments) {
      if (open.loose.length < MIN_LOOSE) continue;
      const { compactExperiment } = await compacting();
      await compactExperiment(context, open, MIN_LOOSE, signal);
    }
    await context.segments.trim();
  } catch (error) {
    // The result is right without this. A reader without write permission leaves the catalogue unchanged.
    if (!LedgerError.is(error)) throw error;
    if (error.code !== "PERMISSION_DENIED" && error.code !== "UNSUPPORTED" && error.code !== "NOT_FOUND")
      context.onError(error);
  }
}
