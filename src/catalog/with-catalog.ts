import { LedgerError } from "../backend/error.ts";
import type { CatalogContext } from "./catalog-context.ts";
import { compactExperiment } from "./compact-experiment.ts";
import { COMPLETE_KEY, experimentPrefix } from "./entry.ts";
import { listCatalog } from "./list-catalog.ts";
import { type OpenExperiment, openExperiment } from "./open-experiment.ts";
import { rebuildCatalog } from "./rebuild-catalog.ts";
import { runsByPrefix } from "./scan-runs.ts";

/** The catalogue as a query finds it. */
export interface OpenCatalog {
  readonly experiments: readonly OpenExperiment[];
  /** Runs of which the catalogue cannot tell. */
  readonly unlisted: readonly string[];
  /** It has every run that it should have. */
  readonly isComplete: boolean;
}

/** How often the catalogue is listed anew when segments were merged while they were being read, or are damaged. */
const TRIES = 20;

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
    const unlisted = [...(await runsByPrefix(context, prefixes, signal)).values()].flat();
    return { experiments: [], unlisted, isComplete: false };
  }
  const unlisted = damaged.size > 0 ? [...(await runsByPrefix(context, damaged, signal)).values()].flat() : [];
  const experiments: OpenExperiment[] = [];
  for (const listing of listings) {
    if (!damaged.has(listing.prefix)) experiments.push(await openExperiment(context, listing, signal));
  }
  return { experiments, unlisted, isComplete: true };
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
    if (!isComplete) await rebuildCatalog(context, undefined, signal);
    else if (damaged.size > 0) await rebuildCatalog(context, damaged, signal);
    for (const open of experiments) await compactExperiment(context, open, signal);
    await context.segments.trim();
  } catch (error) {
    // The answer is right without it. Who may only read leaves it to others.
    if (!LedgerError.is(error)) throw error;
    if (error.code !== "PERMISSION_DENIED" && error.code !== "UNSUPPORTED" && error.code !== "NOT_FOUND")
      context.onError(error);
  }
}
