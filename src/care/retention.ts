import { type OptionNames, readOptions } from "../arguments/options.ts";
import { artifactNames } from "../artifacts/artifact-names.ts";
import type { ArtifactStore } from "../artifacts/store.ts";
import { toArtifactName } from "../artifacts/name.ts";
import type { ArtifactVersion } from "../artifacts/version.ts";
import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { encodeSegment } from "../backend/key.ts";
import { invalidArgument, LedgerError } from "../errors/ledger-error.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { BestVersions } from "./best-versions.ts";
import { SealedRuns } from "./sealed-runs.ts";

/** Options of `ledger.applyRetention`. At least one of `keepLast`, `keepBest` and `ttlMs` is there. */
export interface RetentionOptions {
  /** The name of the artifact. Default: every artifact of the ledger. */
  readonly artifact?: string | undefined;
  /** Keep this many of the newest versions, at least 1. */
  readonly keepLast?: number | undefined;
  /**
   * Keep the `k` best by a metric and its goal, for each artifact. A version counts by itself if its metadata has a
   * number under the name of the metric (`metadata["val/loss"]` or `metadata.val.loss`). Other versions count by their
   * runs: those of the `k` runs with the best values stay, all of them. All runs that recorded a version count, but not
   * deleted ones. What cannot be judged stays: versions whose runs lack the metric, were purged or are damaged.
   */
  readonly keepBest?:
    | {
        /** The name of the metric. */
        readonly metric: string;
        /** How many versions and runs count as the best, at least 1. */
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
  /** Returns a function that returns the ids of all runs that recorded a version as their own. */
  readonly readMakers: (signal: AbortSignal | undefined) => Promise<(version: ArtifactVersion) => readonly string[]>;
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

/** Removes the versions that no criterion keeps, or says which. */
export async function applyRetention(
  context: RetentionContext,
  given: RetentionOptions | undefined,
): Promise<Retention> {
  const options = checked(readOptions("applyRetention", given, NAMES));
  const { artifact, keepBest, dryRun = true, signal } = options;
  const removed: string[] = [];
  const best =
    keepBest &&
    new BestVersions({
      ...keepBest,
      makersOf: await context.readMakers(signal),
      readRun: context.readRun,
      signal,
    });
  const sealed = new SealedRuns(context.backend, signal);
  const names =
    artifact === undefined ? artifactNames(context.backend, signal) : [await known(context, artifact, signal)];
  for await (const name of names) {
    const versions = await context.artifacts.versions(name, callOptions(signal));
    const kept = await best?.kept(versions);
    for (const version of toRemove(context, versions, options)) {
      if (kept?.has(version)) continue;
      const ref = `${name}:${version.version}`;
      if (await sealed.has(version.runId)) continue;
      if (!dryRun && !(await remove(context.artifacts, ref, options))) continue;
      removed.push(ref);
    }
  }
  best?.assertJudged();
  return { removed, dryRun };
}

/** Returns the name of an artifact as it is stored. Rejects with `ARTIFACT_NOT_FOUND` if it never had a version. */
async function known(
  { backend, artifacts }: RetentionContext,
  given: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const name = toArtifactName(given, "artifact");
  // Versions that were removed leave a marker.
  for await (const _ of backend.list(`artifacts/${encodeSegment(name, "artifact")}/versions`, {
    ...callOptions(signal),
    pageSize: 1,
  }))
    return name;
  await artifacts.resolve(name, callOptions(signal));
  return name;
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

/** Returns the versions that no criterion but `keepBest` keeps. `versions`: all of an artifact, oldest first. */
function toRemove(
  { now }: RetentionContext,
  versions: readonly ArtifactVersion[],
  { keepLast = 0, keepAliased = true, ttlMs }: RetentionOptions,
): ArtifactVersion[] {
  const newest = versions.at(-1);
  const since = ttlMs === undefined ? Number.POSITIVE_INFINITY : now - ttlMs;
  return versions.filter((version, i) => {
    const isAliased = version.aliases.length > 0;
    if ((keepAliased && isAliased) || i >= versions.length - keepLast || version.createdAt >= since) return false;
    // It was the newest when the call began. So a run may have recorded it that the call does not know.
    if ((versions[i + 1]?.createdAt ?? 0) > now) return false;
    // The newest one goes only if it is too old, and nobody gave it a name.
    return version !== newest || (ttlMs !== undefined && !isAliased);
  });
}

function checked(options: RetentionOptions): RetentionOptions {
  const { artifact, keepLast, keepBest, keepAliased, ttlMs, dryRun } = options;
  if (keepLast === undefined && keepBest === undefined && ttlMs === undefined)
    throw new LedgerError(
      "INVALID_ARGUMENT",
      "applyRetention needs at least one of keepLast, keepBest and ttlMs, which say what stays: options has none",
      { field: "options" },
    );
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
  if (!(Number.isSafeInteger(value) && (value as number) >= 1))
    throw invalidArgument(field, "a whole number from 1", value);
}
