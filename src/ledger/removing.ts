import { type OptionNames, readOptions } from "../arguments/options.ts";
import type { ArtifactRef } from "../artifacts/version.ts";
import { callOptions } from "../backend/call-options.ts";
import { applyRetention, type Retention, type RetentionOptions } from "../care/retention.ts";
import { invalidArgument } from "../errors/ledger-error.ts";
import type { RunContext } from "../run/run-context.ts";
import { readRun } from "./read-run.ts";

// The code that removes for good. It is loaded as one when it is first needed.
export { purgeRun } from "./purge-run.ts";
export { collectGarbage } from "./collecting.ts";

/** Options of `ledger.removeArtifact`. */
export interface RemoveArtifactOptions {
  /** Remove a version that has aliases, and these aliases. Default `false`. */
  readonly force?: boolean | undefined;
  /** Aborting it rejects the call. */
  readonly signal?: AbortSignal | undefined;
}

const REMOVE_OPTIONS: OptionNames<RemoveArtifactOptions> = { force: true, signal: true };

/** Removes a version of an artifact. */
export async function removeArtifact(
  { artifacts }: RunContext,
  ref: ArtifactRef,
  given: RemoveArtifactOptions | undefined,
): Promise<void> {
  const { force = false, signal } = readOptions("removeArtifact", given, REMOVE_OPTIONS);
  if (typeof force !== "boolean") throw invalidArgument("force", "a boolean", force);
  await (await artifacts()).remove(ref, { force, ...callOptions(signal) });
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
    },
    options,
  );
}
