import { mapBounded } from "../backend/bounded.ts";
import { LedgerError } from "../backend/error.ts";
import type { CatalogContext } from "./catalog-context.ts";
import { COMPLETE_KEY, experimentPrefix } from "./entry.ts";
import { listCatalog } from "./list-catalog.ts";
import { type OpenExperiment, openExperiment } from "./open-experiment.ts";

/** The catalogue as a query finds it. */
export interface OpenCatalog {
  readonly experiments: readonly OpenExperiment[];
  /** Runs of which the catalogue cannot tell. */
  readonly unlisted: readonly string[];
  /** It has every run that it should have. */
  readonly isComplete: boolean;
}

/** Runs with entries that are closed, so many that it is worth it to put them into a segment. */
export const MIN_LOOSE = 8;
/** How often the catalogue is listed anew when segments were merged while they were being read, or are damaged. */
const TRIES = 20;
const EXPERIMENTS_AT_ONCE = 8;

/**
 * Calls `work` with the catalogue, of one experiment or of all; again from the start when what it reads has been merged into something
 * else meanwhile. Where the catalogue is damaged or missing the runs themselves are read instead. Then leaves it in better order than
 * it was found, within bounds, if it may.
 */
export async function withCatalog<T>(
  context: CatalogContext,
  experiment: string | undefined,
  signal: AbortSignal | undefined,
  work: (catalog: OpenCatalog) => Promise<T>,
): Promise<T> {
  const damaged = new Set<string>();
  for (let left = TRIES; ; left--) {
    try {
      const catalog = await openCatalog(context, experiment, damaged, signal);
      const result = await work(catalog);
      await tidy(context, catalog, damaged, signal);
      return result;
    } catch (error) {
      if (left === 0 || !LedgerError.is(error)) throw error;
      const prefix = /^experiments\/[^/]+(?=\/segments\/)/.exec(error.key ?? "")?.[0];
      if (prefix === undefined || (error.code !== "NOT_FOUND" && error.code !== "CORRUPT")) throw error;
      if (error.code === "NOT_FOUND") continue;
      context.onError(error);
      damaged.add(prefix);
    }
  }
}

async function openCatalog(
  context: CatalogContext,
  experiment: string | undefined,
  damaged: Set<string>,
  signal: AbortSignal | undefined,
): Promise<OpenCatalog> {
  const listings = await listCatalog(context.backend, experiment, signal);
  if (!(await isComplete(context, listings.length > 0, signal))) {
    const prefixes = experiment === undefined ? undefined : new Set([experimentPrefix(experiment)]);
    return { experiments: [], unlisted: await runsOf(context, prefixes, signal), isComplete: false };
  }
  const unlisted = damaged.size > 0 ? await runsOf(context, damaged, signal) : [];
  const sound = listings.filter(({ prefix }) => !damaged.has(prefix));
  const experiments = await mapBounded(sound, EXPERIMENTS_AT_ONCE, signal, (listing, stop) =>
    openExperiment(context, listing, stop),
  );
  return { experiments, unlisted, isComplete: true };
}

async function runsOf(
  context: CatalogContext,
  prefixes: ReadonlySet<string> | undefined,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const { runsByPrefix } = await import("./scan-runs.ts");
  return [...(await runsByPrefix(context, prefixes, signal)).values()].flat();
}

/** Ledgers whose catalogue has every run: it does not lose any. */
const complete = new WeakSet<CatalogContext>();

/** Whether the catalogue has every run. Where there is nothing of it, it is looked at anew: it may have been done away with. */
async function isComplete(
  context: CatalogContext,
  isKnownThere: boolean,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (isKnownThere && complete.has(context)) return true;
  if ((await context.backend.stat(COMPLETE_KEY, signal ? { signal } : {})) === undefined) return false;
  complete.add(context);
  return true;
}

async function tidy(
  context: CatalogContext,
  { experiments, isComplete }: OpenCatalog,
  damaged: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    if (!isComplete || damaged.size > 0) {
      const { rebuildCatalog } = await import("./rebuild-catalog.ts");
      await rebuildCatalog(context, isComplete ? damaged : undefined, signal);
    }
    for (const open of experiments) {
      if (open.loose.length < MIN_LOOSE) continue;
      const { compactExperiment } = await import("./compact-experiment.ts");
      await compactExperiment(context, open, MIN_LOOSE, signal);
    }
    await context.segments.trim();
  } catch (error) {
    // The answer is right without it. Who may only read leaves it to others.
    if (!LedgerError.is(error)) throw error;
    if (error.code !== "PERMISSION_DENIED" && error.code !== "UNSUPPORTED" && error.code !== "NOT_FOUND")
      context.onError(error);
  }
}
