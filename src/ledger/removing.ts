import { type OptionNames, readOptions } from "../arguments/options.ts";
import { parseRef } from "../artifacts/name.ts";
import type { ArtifactRef, ArtifactVersion } from "../artifacts/version.ts";
import { callOptions } from "../backend/call-options.ts";
import { applyRetention, type Retention, type RetentionOptions } from "../care/retention.ts";
import { SealedRuns } from "../care/sealed-runs.ts";
import { catalogOf } from "../catalog/catalog-context.ts";
import type { CatalogVersion } from "../catalog/link-cells.ts";
import { type LinkedRuns, readLinks } from "../catalog/read-links.ts";
import { versionRefOf } from "../catalog/run-links.ts";
import { invalidArgument, LedgerError } from "../errors/ledger-error.ts";
import type { RunContext } from "../run/run-context.ts";
import { readRun } from "./read-run.ts";

// The code that removes for good. It is loaded as one when it is first needed.
export { purgeRun } from "./purge-run.ts";
export { collectGarbage } from "./collecting.ts";

/** Options of `ledger.removeArtifact`. */
export interface RemoveArtifactOptions {
  /** Remove a version that has aliases, and these aliases, or one of a sealed run. Default `false`. */
  readonly force?: boolean | undefined;
  /** Aborting it rejects the call. */
  readonly signal?: AbortSignal | undefined;
}

const REMOVE_OPTIONS: OptionNames<RemoveArtifactOptions> = { force: true, signal: true };

/** Removes a version of an artifact. */
export async function removeArtifact(
  { artifacts, backend }: RunContext,
  ref: ArtifactRef,
  given: RemoveArtifactOptions | undefined,
): Promise<void> {
  const { force = false, signal } = readOptions("removeArtifact", given, REMOVE_OPTIONS);
  assertNamesVersion(ref);
  if (typeof force !== "boolean") throw invalidArgument("force", "a boolean", force);
  await (
    await artifacts()
  ).remove(ref, {
    force,
    isSealed: (runId) => new SealedRuns(backend, signal).has(runId),
    ...callOptions(signal),
  });
}

/** Throws `INVALID_ARGUMENT` for what may name another version later: a repeated call would remove that one, too. */
function assertNamesVersion(ref: ArtifactRef): void {
  const parsed = parseRef(ref);
  if (parsed.by === "version" || parsed.by === "digest") return;
  const name = JSON.stringify(parsed.name);
  const meant =
    parsed.by === "latest"
      ? `what is the newest version of ${name} changes`
      : `the alias ${JSON.stringify(parsed.alias)} of ${name} may move`;
  const message = `ref must name one version, as "model:v3" does: ${meant}, so a second call would remove another version`;
  throw new LedgerError("INVALID_ARGUMENT", message, { field: "ref", received: "string" });
}

/** Removes the versions that no criterion keeps. */
export async function retain(context: RunContext, options: RetentionOptions | undefined): Promise<Retention> {
  const { backend, clock, artifacts } = context;
  return await applyRetention(
    {
      backend,
      artifacts: await artifacts(),
      now: clock.now(),
      readRun: (id, signal) => readRun(backend, id, signal),
      readMakers: (signal) =>
        readLinks(catalogOf(context), signal, async (runs) => (version) => makersOf(runs, version)),
    },
    options,
  );
}

/** Returns the ids of the runs that recorded a version as their own, and of the one that it names itself. */
function makersOf(runs: LinkedRuns, { name, version, digest, runId }: ArtifactVersion): string[] {
  // `v3.<id>` was `v3` to a run that recorded it before another version got the number.
  const tags = [...new Set([version, version.split(".", 1)[0] ?? version])];
  const isIt = (made: CatalogVersion): boolean =>
    made.name === name && tags.includes(made.version) && made.digest === digest;
  const makers = tags.flatMap((tag) => runs.makersOf(versionRefOf({ name, version: tag })));
  const ids = makers.filter(({ made }) => made.some(isIt)).map(({ id }) => id);
  return [...new Set([...(runId === undefined ? [] : [runId]), ...ids])];
}
