import { mapBounded } from "../platform/bounded.ts";
import { LedgerError, concernsOneObject } from "../errors/ledger-error.ts";
import { UnreadableRuns } from "../journal/unreadable.ts";
import type { Backend } from "../backend/backend.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { CatalogContext } from "./catalog-context.ts";
import { experimentPrefix } from "./entry.ts";
import { listCatalog } from "./list-catalog.ts";
import { findLost } from "./segment-kin.ts";
import { lookWhole } from "./whole.ts";
import { type OpenExperiment, openExperiment } from "./open-experiment.ts";

const scanning = /* @__PURE__ */ onDemand(() => import("./scan-runs.ts"));
const rebuilding = /* @__PURE__ */ onDemand(() => import("./rebuild-catalog.ts"));
const compacting = /* @__PURE__ */ onDemand(() => import("./compact-experiment.ts"));

/** The catalogue as a query finds it. */
export interface OpenCatalog {
  readonly experiments: readonly OpenExperiment[];
  /** Runs that are not in the part of the catalogue that can be read. */
  readonly unlisted: readonly string[];
  /** Runs that cannot be read and are not in the catalogue: they may be in any experiment. */
  readonly unplaced: readonly string[];
  /** Runs that could not be read so far. */
  readonly unreadable: UnreadableRuns;
  /** Runs that lost records, as far as they were looked at. */
  readonly damaged: UnreadableRuns;
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
 * it was found, within bounds, if it may. `onError` hears of each run that could not be read.
 */
export async function withCatalog<T>(
  context: CatalogContext,
  experiment: string | undefined,
  signal: AbortSignal | undefined,
  work: (catalog: OpenCatalog) => Promise<T>,
): Promise<T> {
  // Prefixes of experiments whose segments cannot be read, and whether a rebuild may help.
  const damaged = new Map<string, boolean>();
  const missed = new Set<string>();
  for (let left = TRIES; ; left--) {
    try {
      const catalog = await openCatalog(context, experiment, damaged, missed, signal);
      const result = await work(catalog);
      await tidy(context, catalog, damaged, signal);
      for (const { error } of catalog.unreadable.list()) context.onError(error);
      return result;
    } catch (error) {
      if (left === 0 || !LedgerError.is(error)) throw error;
      const prefix = /^experiments\/[^/]+(?=\/segments(?:\/|$))/.exec(error.key ?? "")?.[0];
      if (prefix === undefined || !concernsOneObject(error)) throw error;
      if (error.code === "NOT_FOUND") continue;
      context.onError(error);
      damaged.set(prefix, error.code === "CORRUPT");
    }
  }
}

async function openCatalog(
  context: CatalogContext,
  experiment: string | undefined,
  damaged: Map<string, boolean>,
  missed: Set<string>,
  signal: AbortSignal | undefined,
): Promise<OpenCatalog> {
  const { backend } = context;
  const onUnlisted = (prefix: string, error: LedgerError): void => {
    if (!damaged.has(prefix)) context.onError(error);
    damaged.set(prefix, false);
  };
  const listed = await listCatalog(backend, experiment, onUnlisted, signal);
  const unreadable = new UnreadableRuns();
  const damagedRuns = new UnreadableRuns();
  const { isComplete, emptied } = await lookWhole(context, experiment, listed, signal);
  if (!isComplete) {
    const prefixes = experiment === undefined ? undefined : new Set([experimentPrefix(experiment)]);
    const runs = await runsOf(backend, prefixes, unreadable, signal);
    return { experiments: [], ...runs, unreadable, damaged: damagedRuns, isComplete: false };
  }
  for (const prefix of emptied) {
    if (!damaged.has(prefix)) throw lostSegment(`${prefix}/segments`, missed);
  }
  const prefixes = new Set(damaged.keys());
  const none = { unlisted: [], unplaced: [] };
  const runs = prefixes.size > 0 ? await runsOf(backend, prefixes, unreadable, signal) : none;
  const sound = listed.experiments.filter(({ prefix }) => !damaged.has(prefix));
  const experiments = await mapBounded(sound, EXPERIMENTS_AT_ONCE, signal, (listing, stop) =>
    openExperiment(context, listing, unreadable, stop),
  );
  for (const { segments, listing } of experiments) {
    const lost = findLost(segments);
    if (lost !== undefined) throw lostSegment(`${listing.prefix}/segments/${lost}.parquet`, missed);
  }
  return { experiments, ...runs, unreadable, damaged: damagedRuns, isComplete: true };
}

async function runsOf(
  backend: Backend,
  prefixes: ReadonlySet<string> | undefined,
  unreadable: UnreadableRuns,
  signal: AbortSignal | undefined,
): Promise<Pick<OpenCatalog, "unlisted" | "unplaced">> {
  const { findRuns } = await scanning();
  const { byPrefix, unplaced } = await findRuns(backend, prefixes, unreadable, signal);
  return { unlisted: [...byPrefix.values()].flat(), unplaced };
}

/** The error for a segment that must be there and was not listed: `NOT_FOUND` at first, as it may be late or just merged; then `CORRUPT`. */
function lostSegment(key: string, missed: Set<string>): LedgerError {
  const code = missed.has(key) ? "CORRUPT" : "NOT_FOUND";
  missed.add(key);
  return new LedgerError(code, `${key} is not there: others have removed it`, { key });
}

async function tidy(
  context: CatalogContext,
  { experiments, unplaced, isComplete }: OpenCatalog,
  damaged: ReadonlyMap<string, boolean>,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    const mended = [...damaged].flatMap(([prefix, mayHelp]) => (mayHelp ? [prefix] : []));
    // A run that may be in any experiment can be found in none once it is readable again: until then the runs themselves are read.
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
    // The answer is right without it. A reader without write permission leaves the catalogue as it is.
    if (!LedgerError.is(error)) throw error;
    if (error.code !== "PERMISSION_DENIED" && error.code !== "UNSUPPORTED" && error.code !== "NOT_FOUND")
      context.onError(error);
  }
}
