import { type OptionNames, readOptions } from "../arguments/options.ts";
import { artifactNames } from "../artifacts/artifact-names.ts";
import type { ArtifactStore } from "../artifacts/store.ts";
import { toArtifactName } from "../artifacts/name.ts";
import type { ArtifactVersion } from "../artifacts/version.ts";
import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { invalidArgument, LedgerError } from "../errors/ledger-error.ts";
import { definitionOf } from "../journal/metric-glob.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { mapBounded } from "../platform/bounded.ts";

/** Options of `ledger.applyRetention`. At least one of `keepLast`, `keepBest` and `ttlMs` is there. */
export interface RetentionOptions {
  /** The name of the artifact. Default: every artifact of the ledger. */
  readonly artifact?: string | undefined;
  /** Keep this many of the newest versions. */
  readonly keepLast?: number | undefined;
  /** Keep the versions of the `k` runs with the best value of a metric, by its goal. */
  readonly keepBest?:
    | {
        /** The name of the metric. */
        readonly metric: string;
        /** How many runs count as the best. */
        readonly k: number;
      }
    | undefined;
  /** Keep versions that have an alias. Default `true`. */
  readonly keepAliased?: boolean | undefined;
  /** Keep versions that were logged in the last `ttlMs` ms, by the clock of the ledger. */
  readonly ttlMs?: number | undefined;
  /** Only say what would go. Default `true`. */
  readonly dryRun?: boolean | undefined;
  /** Aborting it rejects the call. Versions that are removed by then stay removed. */
  readonly signal?: AbortSignal | undefined;
}

/** What `ledger.applyRetention` removed, or would remove. */
export interface Retention {
  /** The versions, as `name:v3`, by name, oldest first. */
  readonly removed: string[];
  /** Whether the call only looked. */
  readonly dryRun: boolean;
}

/** What retention needs of a ledger. */
export interface RetentionContext {
  readonly backend: Backend;
  readonly artifacts: ArtifactStore;
  readonly now: number;
  readonly readRun: (id: string, signal: AbortSignal | undefined) => Promise<RunRecord>;
}

const NAMES: OptionNames<RetentionOptions> = {
  artifact: true,
  keepLast: true,
  keepBest: true,
  keepAliased: true,
  ttlMs: true,
  dryRun: true,
  signal: true,
};
const RUNS_AT_ONCE = 16;

/** Removes the versions that no criterion keeps, or says which. */
export async function applyRetention(
  context: RetentionContext,
  given: RetentionOptions | undefined,
): Promise<Retention> {
  const options = checked(readOptions("applyRetention", given, NAMES));
  const { artifact, dryRun = true, signal } = options;
  const removed: string[] = [];
  const names =
    artifact === undefined ? artifactNames(context.backend, signal) : [toArtifactName(artifact, "artifact")];
  for await (const name of names) {
    const versions = await context.artifacts.versions(name, callOptions(signal));
    for (const version of await toRemove(context, versions, options)) {
      const ref = `${name}:${version.version}`;
      if (!dryRun && !(await remove(context.artifacts, ref, options))) continue;
      removed.push(ref);
    }
  }
  return { removed, dryRun };
}

/** Removes a version. Returns `false` if it has got an alias meanwhile that keeps it. */
async function remove(
  artifacts: ArtifactStore,
  ref: string,
  { keepAliased = true, signal }: RetentionOptions,
): Promise<boolean> {
  try {
    await artifacts.remove(ref, { force: !keepAliased, ...callOptions(signal) });
    return true;
  } catch (error) {
    if (keepAliased && LedgerError.hasCode(error, "CONFLICT")) return false;
    throw error;
  }
}

/** Returns the versions that no criterion keeps. `versions`: all of an artifact, oldest first. */
async function toRemove(
  context: RetentionContext,
  versions: readonly ArtifactVersion[],
  { keepLast = 0, keepBest, keepAliased = true, ttlMs, signal }: RetentionOptions,
): Promise<ArtifactVersion[]> {
  const newest = versions.at(-1);
  const since = ttlMs === undefined ? Number.POSITIVE_INFINITY : context.now - ttlMs;
  const old = versions.filter((version, i) => {
    const isAliased = version.aliases.length > 0;
    if ((keepAliased && isAliased) || i >= versions.length - keepLast || version.createdAt >= since) return false;
    // The newest one goes only if it is too old, and nobody gave it a name.
    return version !== newest || (ttlMs !== undefined && !isAliased);
  });
  if (keepBest === undefined) return old;
  const best = await bestRuns(context, versions, keepBest, signal);
  return old.filter(({ runId }) => runId === undefined || !best.has(runId));
}

/** Returns the runs with the best values of a metric among those that made the versions. */
async function bestRuns(
  { readRun }: RetentionContext,
  versions: readonly ArtifactVersion[],
  { metric, k }: NonNullable<RetentionOptions["keepBest"]>,
  signal: AbortSignal | undefined,
): Promise<Set<string>> {
  const ids = [...new Set(versions.flatMap(({ runId }) => runId ?? []))];
  const values = await mapBounded(ids, RUNS_AT_ONCE, signal, async (id, stop) => {
    try {
      return bestOf(await readRun(id, stop), metric);
    } catch (error) {
      // It was purged, so nothing says how good it was.
      if (LedgerError.hasCode(error, "RUN_NOT_FOUND")) return undefined;
      throw error;
    }
  });
  const ranked = ids.flatMap((id, i) => {
    const value = values[i];
    return value === undefined ? [] : [{ id, value }];
  });
  return new Set(
    ranked
      .sort((a, b) => a.value - b.value)
      .slice(0, k)
      .map(({ id }) => id),
  );
}

/**
 * Returns the best value of a run, so that a lower one is better, or `undefined` for a run without one. Throws
 * `INVALID_ARGUMENT` if the metric has no goal.
 */
function bestOf({ id, metrics, metricDefinitions }: RunRecord, metric: string): number | undefined {
  const summary = Object.hasOwn(metrics, metric) ? metrics[metric] : undefined;
  if (summary?.min === undefined) return undefined;
  const goal = definitionOf(metric, metricDefinitions)?.goal;
  if (goal === undefined || summary.best === undefined)
    throw new LedgerError(
      "INVALID_ARGUMENT",
      `keepBest.metric: run ${id} does not say whether a low or a high ${JSON.stringify(metric)} is better: ` +
        `call run.defineMetric(${JSON.stringify(metric)}, { goal: "minimize" })`,
      { field: "keepBest.metric", received: "string" },
    );
  return goal === "maximize" ? -summary.best.value : summary.best.value;
}

function checked(options: RetentionOptions): RetentionOptions {
  const { artifact, keepLast, keepBest, keepAliased, ttlMs, dryRun } = options;
  if (keepLast === undefined && keepBest === undefined && ttlMs === undefined)
    throw invalidArgument("options", "an object with keepLast, keepBest or ttlMs", options);
  if (artifact !== undefined) toArtifactName(artifact, "artifact");
  if (keepLast !== undefined) checkCount("keepLast", keepLast);
  if (ttlMs !== undefined && !(typeof ttlMs === "number" && ttlMs >= 0))
    throw invalidArgument("ttlMs", "a non-negative number", ttlMs);
  for (const [name, value] of Object.entries({ keepAliased, dryRun }))
    if (value !== undefined && typeof value !== "boolean") throw invalidArgument(name, "a boolean", value);
  if (keepBest === undefined) return options;
  const { metric, k } = readOptions("applyRetention", keepBest, { metric: true, k: true }, "keepBest");
  if (typeof metric !== "string") throw invalidArgument("keepBest.metric", "the name of a metric", metric);
  checkCount("keepBest.k", k);
  return { ...options, keepBest: { metric, k } };
}

function checkCount(field: string, value: unknown): void {
  if (!(Number.isSafeInteger(value) && (value as number) >= 0))
    throw invalidArgument(field, "a whole number from 0", value);
}
