import type { Backend } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { UnreadableRuns } from "../journal/unreadable-runs.ts";
import { mapBounded } from "../platform/bounded.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { CatalogContext } from "./catalog-context.ts";
import { experimentPrefix } from "./catalog-entry.ts";
import { listCatalog } from "./list-catalog.ts";
import type { JointSegments } from "./joint-segments.ts";
import { joined, type OpenExperiment, openExperiment } from "./open-experiment.ts";
import { findLostSegment } from "./segment-lineage.ts";
import { checkCompleteness } from "./completeness.ts";

const joining = /* @__PURE__ */ onDemand(() => import("./joint-segments.ts"));
const scanning = /* @__PURE__ */ onDemand(() => import("./scan-runs.ts"));

const EXPERIMENTS_AT_ONCE = 8;
const NOT_JOINT: JointSegments = { ranges: new Map(), repeated: new Map() };

/** The catalogue as a query finds it. */
export interface OpenCatalog {
  readonly experiments: readonly OpenExperiment[];
  /** Runs that are not in the part of the catalogue that can be read. */
  readonly unlisted: readonly string[];
  /** Runs that cannot be read and are not in the catalogue: they may be in any experiment. */
  readonly unplaced: readonly string[];
  /** Runs that could not be read so far. */
  readonly unreadable: UnreadableRuns;
  /** Runs that lost records, as far as their own objects were read. */
  readonly damaged: UnreadableRuns;
  /** Whether the catalogue has every run that it should have. */
  readonly isComplete: boolean;
  /** The pieces of background work that had ended before. If more have ended, this may be out of date. */
  readonly openedAt: number;
}

/** The problems that the attempts to read the catalogue have met so far. */
export class CatalogTrouble {
  /** Prefixes of experiments whose segments cannot be read, and whether a rebuild may help. */
  readonly damaged: Map<string, boolean> = new Map();
  /** Keys of joint segments that cannot be read. */
  readonly unusable: Set<string> = new Set();
  readonly #missed = new Set<string>();

  /**
   * Returns the error for a segment that must exist but was not listed. It is `NOT_FOUND` at first, because the segment
   * may be late or just merged, then `CORRUPT`.
   */
  lostSegment(key: string): LedgerError {
    const code = this.#missed.has(key) ? "CORRUPT" : "NOT_FOUND";
    this.#missed.add(key);
    return new LedgerError(code, `${key} is missing: others have removed it`, { key });
  }
}

/**
 * Opens the catalogue of one experiment, or of all. Without `joint`, opens every segment and no joint one. If it is
 * incomplete or a part of it is damaged, the result names the runs to read instead. Rejects with `NOT_FOUND` if others
 * merged a segment meanwhile, and with `CORRUPT` if a segment is damaged or lost.
 */
export async function openCatalog(
  context: CatalogContext,
  experiment: string | undefined,
  trouble: CatalogTrouble,
  signal: AbortSignal | undefined,
  joint = true,
): Promise<OpenCatalog> {
  const { backend } = context;
  const { damaged } = trouble;
  const openedAt = context.background.ended;
  context.closedRuns.begin();
  context.runningRuns.begin();
  const onUnlisted = (prefix: string, error: LedgerError): void => {
    if (!damaged.has(prefix)) context.onError(error);
    damaged.set(prefix, false);
  };
  const listed = await listCatalog(backend, experiment, onUnlisted, signal);
  context.closedRuns.keepListed(
    experiment === undefined ? undefined : experimentPrefix(experiment),
    listed.experiments,
  );
  const unreadable = new UnreadableRuns();
  const { isComplete, emptied } = await checkCompleteness(context, experiment, listed, signal);
  if (!isComplete) {
    const prefixes = experiment === undefined ? undefined : new Set([experimentPrefix(experiment)]);
    const runs = await runsOf(backend, prefixes, unreadable, signal);
    return { experiments: [], ...runs, unreadable, damaged: new UnreadableRuns(), isComplete, openedAt };
  }
  for (const prefix of emptied) if (!damaged.has(prefix)) throw trouble.lostSegment(`${prefix}/segments`);
  const prefixes = new Set(damaged.keys());
  const none = { unlisted: [], unplaced: [] };
  const runs = prefixes.size > 0 ? await runsOf(backend, prefixes, unreadable, signal) : none;
  const sound = listed.experiments.filter(({ prefix }) => !damaged.has(prefix));
  const jointly =
    joint && listed.joint.length > 0
      ? await (await joining()).openJointSegments(context, { ...listed, experiments: sound }, trouble.unusable, signal)
      : NOT_JOINT;
  const opened = await mapBounded(sound, EXPERIMENTS_AT_ONCE, signal, (listing, stop) =>
    openExperiment(context, listing, unreadable, jointly.repeated, stop),
  );
  const experiments = jointly.ranges.size > 0 ? joined(opened, jointly) : opened;
  for (const { segments, repeated, listing } of opened) {
    const lost = findLostSegment([...segments, ...repeated]);
    if (lost !== undefined) throw trouble.lostSegment(`${listing.prefix}/segments/${lost}.parquet`);
  }
  return { experiments, ...runs, unreadable, damaged: new UnreadableRuns(), isComplete, openedAt };
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
