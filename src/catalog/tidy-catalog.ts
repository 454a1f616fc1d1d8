import { LedgerError } from "../errors/ledger-error.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { CatalogContext } from "./catalog-context.ts";
import type { CatalogTrouble, OpenCatalog } from "./open-catalog.ts";
import { countUnjoined, type OpenExperiment, openExperiment } from "./open-experiment.ts";
import { pausingBackend } from "./pausing-backend.ts";
import { MIN_JOINED, MIN_LOOSE, MIN_LOOSE_OF_ALL } from "./segment-limits.ts";
import { type OpenedBefore, withCatalog } from "./with-catalog.ts";

const rebuilding = /* @__PURE__ */ onDemand(() => import("./rebuild-catalog.ts"));
const joining = /* @__PURE__ */ onDemand(() => import("./compact-jointly.ts"));
const compacting = /* @__PURE__ */ onDemand(() => import("./compact-experiment.ts"));

/**
 * Tidies the catalogue of one experiment, or of all, after the work that goes on in the background. Compacts experiments
 * with at least `least` closed runs in no segment.
 */
export async function compactCatalog(
  context: CatalogContext,
  experiment: string | undefined,
  least: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  await context.background.alone(() => tidyOpened(context, experiment, least, signal), signal);
}

/** Does the same, but only calls `onError` if it fails, and not if nothing may be written. */
export async function tryToCompact(
  context: CatalogContext,
  experiment: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (context.backend.capabilities.readOnly === true) return;
  await orTell(context, signal, () => compactCatalog(context, experiment, MIN_LOOSE, signal));
}

/**
 * Tidies what a search has found untidy. The process may end between any two operations, and does so if nothing else
 * keeps it alive.
 */
export async function tidyInBackground(
  context: CatalogContext,
  experiment: string | undefined,
  before: OpenedBefore,
): Promise<void> {
  const backend = pausingBackend(context.backend, context.background);
  const own = { ...context, backend };
  await orTell(context, undefined, () => tidyOpened(own, experiment, MIN_LOOSE, undefined, before));
}

async function tidyOpened(
  context: CatalogContext,
  experiment: string | undefined,
  least: number,
  signal: AbortSignal | undefined,
  before?: OpenedBefore,
): Promise<void> {
  const use = async (catalog: OpenCatalog, trouble: CatalogTrouble): Promise<{ error: unknown } | undefined> => {
    try {
      await tidy(context, experiment, catalog, trouble, least, signal);
      return undefined;
    } catch (error) {
      // The catalogue is opened again. Other failures are of writing.
      if (LedgerError.hasCode(error, "NOT_FOUND") || LedgerError.hasCode(error, "CORRUPT")) throw error;
      return { error };
    }
  };
  const failure = await withCatalog(context, experiment, signal, use, { before });
  if (failure !== undefined) throw failure.error;
}

/** Rebuilds damaged parts, compacts experiments with many entries, and trims the cache. */
async function tidy(
  context: CatalogContext,
  experiment: string | undefined,
  { experiments, unplaced, unreadable, isComplete }: OpenCatalog,
  trouble: CatalogTrouble,
  least: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const mended = [...trouble.damaged].flatMap(([prefix, mayHelp]) => (mayHelp ? [prefix] : []));
  // A rebuilt catalogue would lack the unplaced runs even after they become readable again. Until then, searches read
  // the runs themselves.
  if ((!isComplete || mended.length > 0) && unplaced.length === 0) {
    const { rebuildCatalog } = await rebuilding();
    await rebuildCatalog(context, isComplete ? new Set(mended) : undefined, signal);
  }
  const closedIn = ({ loose }: OpenExperiment): number => loose.filter(({ isClosed }) => isClosed).length;
  const all = experiments.reduce((sum, open) => sum + closedIn(open), 0);
  const enough = experiment === undefined && all >= MIN_LOOSE_OF_ALL ? 1 : least;
  let unjoined = countUnjoined(experiments);
  for (const open of experiments) {
    if (closedIn(open) < enough) continue;
    unjoined++;
    const { compactExperiment } = await compacting();
    const whole =
      open.repeated.length > 0 ? await openExperiment(context, open.listing, unreadable, new Map(), signal) : open;
    await compactExperiment(context, whole, enough, signal);
  }
  if (experiment === undefined && unjoined >= MIN_JOINED)
    await (await joining()).compactJointly(context, trouble, signal);
  await context.segments.trim();
}

/** Searches are right without tidying, so its failures are not theirs. */
async function orTell(
  { onError }: CatalogContext,
  signal: AbortSignal | undefined,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (signal?.aborted || !LedgerError.is(error)) throw error;
    // A reader without write permission leaves the catalogue unchanged.
    if (error.code !== "PERMISSION_DENIED" && error.code !== "UNSUPPORTED" && error.code !== "NOT_FOUND")
      onError(error);
  }
}
