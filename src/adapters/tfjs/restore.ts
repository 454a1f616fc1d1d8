import { type ArtifactVersion, LedgerError } from "../../index.ts";
import { applyModel } from "./apply-model.ts";
import { isBetter, type Mode } from "./best-values.ts";
import { type CheckpointMetadata, checkpointName, metadataOf } from "./checkpoint-metadata.ts";
import { type CheckpointModel, checkModel, optimizerOf } from "./checkpoint-model.ts";
import { readModel } from "./load-handler.ts";
import { monitoredMetric } from "./metric-name.ts";
import { checkOption, isWhole, readOptions } from "./options.ts";
import { type AnyRun, insideOf } from "./run-inside.ts";

/** Options of `restoreBest` and `resumeTraining`. */
export interface RestoreOptions {
  /** The name of the artifact, also of another run. Default `checkpoints/<id of the run>`. */
  readonly name?: string | undefined;
  /** Aborting it rejects the call. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `resumeTraining`. */
export interface ResumeTrainingOptions extends RestoreOptions {
  /** The epoch of the checkpoint, from 0. Default: the last one. */
  readonly epoch?: number | undefined;
}

/** Options of `restoreBest`. */
export interface RestoreBestOptions extends RestoreOptions {
  /** The metric that decides. Default: that of the newest checkpoint. */
  readonly monitor?: string | undefined;
  /** Whether a smaller or a greater value is better. Default: that of the checkpoint. */
  readonly mode?: Mode | undefined;
}

/** The checkpoint that `restoreBest` restored. */
export interface RestoredCheckpoint {
  /** The epoch after which the model was saved, from 0. */
  readonly epoch: number;
  /** The metric that decided. */
  readonly monitor: string;
  /** Its value in this epoch. */
  readonly value: number;
  /** The version of the artifact. */
  readonly version: ArtifactVersion;
}

/** How many damaged checkpoints `resumeTraining` skips. */
const MAX_SKIPPED = 5;
/** The longest chain of forks that is followed. */
const MAX_FORKS = 100;

type Checkpoint = CheckpointMetadata & { readonly version: ArtifactVersion };

/**
 * Sets the weights of the model, and of its optimizer if they are stored, to those of the best checkpoint of the run.
 * Returns which one that is. The model stays the same object. Rejects with `ARTIFACT_NOT_FOUND` if the run has no
 * checkpoint with a value, with `INVALID_ARGUMENT` if the model has other layers or another optimizer, and with
 * `CORRUPT`.
 */
export async function restoreBest(
  model: CheckpointModel,
  run: AnyRun,
  options?: RestoreBestOptions,
): Promise<RestoredCheckpoint> {
  const { monitor, mode, name, signal } = readOptions("restoreBest", options, ["monitor", "mode", "name", "signal"]);
  checkOption("monitor", monitor, typeof monitor === "string" && monitor !== "", "the name of a metric");
  checkOption("mode", mode, mode === "min" || mode === "max", '"min" or "max"');
  const own = checkModel(model);
  const all = await checkpointsOf(run, name, signal);
  const metric = monitor === undefined ? all.at(-1)?.monitor : monitoredMetric(monitor);
  let best: (Checkpoint & { value: number }) | undefined;
  for (const { value, ...each } of all) {
    if (each.monitor !== metric || value === undefined || !Number.isFinite(value)) continue;
    if (best === undefined || isBetter(mode ?? each.mode ?? "min", value, best.value)) best = { ...each, value };
  }
  if (best === undefined || metric === undefined) {
    const what = metric === undefined ? "checkpoint" : `checkpoint with a value of ${JSON.stringify(metric)}`;
    throw new LedgerError("ARTIFACT_NOT_FOUND", `run ${run.id} has no ${what}`, { operation: "restoreBest" });
  }
  await restore(own, run, best, signal);
  const { epoch, value, version } = best;
  return { epoch, monitor: metric, value, version };
}

/**
 * Sets the weights of the model, and of its optimizer, to those of the last checkpoint of the run. Returns the epoch to
 * go on from, for `initialEpoch` of `model.fit`: 0, and the model as it is, if the run has no checkpoint. A fork without
 * checkpoints of its own begins with the last one, up to its step, of the run that it was forked from. `onError` of the
 * ledger is told of a fork that finds none, of an optimizer that is not restored because the model is not compiled, and
 * of a damaged checkpoint, instead of which the one before it is restored. Rejects with `ARTIFACT_NOT_FOUND` if there is
 * no checkpoint of `epoch`, with `INVALID_ARGUMENT` if the model has other layers or another optimizer, and with
 * `CORRUPT` if every checkpoint is damaged.
 */
export async function resumeTraining(
  model: CheckpointModel,
  run: AnyRun,
  options?: ResumeTrainingOptions,
): Promise<number> {
  const { name, signal, epoch } = readOptions("resumeTraining", options, ["name", "signal", "epoch"]);
  checkOption("epoch", epoch, isWhole(epoch, 0), "a whole number from 0");
  const own = checkModel(model);
  const all = await checkpointsToResume(run, name, epoch, signal);
  for (let skipped = 0; ; skipped++) {
    const last = all.pop();
    if (last === undefined) return 0;
    try {
      await restore(own, run, last, signal);
      if (last.optimizer !== undefined && optimizerOf(own) === undefined)
        insideOf(run).report(notCompiled(last.optimizer));
      return last.epoch + 1;
    } catch (error) {
      const isDamaged = ["CORRUPT", "NOT_FOUND", "ARTIFACT_NOT_FOUND"].some((code) =>
        LedgerError.hasCode(error, code as "CORRUPT"),
      );
      if (!isDamaged || all.length === 0 || skipped >= MAX_SKIPPED) throw error;
      insideOf(run).report(error as LedgerError);
    }
  }
}

/** Returns the checkpoints of the run, or else those that it inherits from the runs that it was forked from. */
async function checkpointsToResume(
  run: AnyRun,
  name: string | undefined,
  epoch: number | undefined,
  signal: AbortSignal | undefined,
): Promise<Checkpoint[]> {
  const wanted = (each: Checkpoint): boolean => epoch === undefined || each.epoch === epoch;
  const own = (await checkpointsOf(run, name, signal)).filter(wanted);
  if (own.length > 0) return epoch === undefined && name === undefined ? await loggedOnes(run, own, signal) : own;
  const found = name === undefined ? await inheritedCheckpoints(run, wanted, signal) : { isFork: false, all: [] };
  if (found.all.length > 0) return found.all;
  const which = epoch === undefined ? "" : ` of epoch ${epoch}`;
  const message = found.isFork
    ? `neither the fork ${run.id} nor the runs that it was forked from have a checkpoint${which} up to its step`
    : `run ${run.id} has no checkpoint${which}`;
  const error = new LedgerError("ARTIFACT_NOT_FOUND", message, { operation: "resumeTraining" });
  if (epoch !== undefined) throw error;
  if (found.isFork) insideOf(run).report(error);
  return [];
}

/**
 * Leaves out the last checkpoint if the training was killed after it was stored and before the metrics of its epoch
 * were. Going on from it would leave a hole in them.
 */
async function loggedOnes(run: AnyRun, all: Checkpoint[], signal: AbortSignal | undefined): Promise<Checkpoint[]> {
  const { epoch, monitor } = all.at(-1)!;
  if (monitor === undefined) return all;
  const last = await insideOf(run).lastStepOf(monitor, signal ? { signal } : {});
  return last === epoch - 1 ? all.slice(0, -1) : all;
}

/** Returns the checkpoints, up to the step of the fork, of the nearest ancestor that has some. */
async function inheritedCheckpoints(
  run: AnyRun,
  wanted: (checkpoint: Checkpoint) => boolean,
  signal: AbortSignal | undefined,
): Promise<{ readonly isFork: boolean; readonly all: Checkpoint[] }> {
  const inside = insideOf(run);
  const seen = new Set([run.id]);
  let last = Infinity;
  let origin = await inside.forkOrigin(run.id);
  const isFork = origin !== undefined;
  while (origin !== undefined) {
    const { run: id, step } = origin;
    const isCircle = seen.has(id);
    if (isCircle || seen.size > MAX_FORKS) {
      const why = isCircle ? `run ${id} is a fork of itself` : `there are more than ${MAX_FORKS} forks in a row`;
      const message = `resumeTraining: run ${run.id} may inherit checkpoints that were not looked for: ${why}`;
      inside.report(new LedgerError("CORRUPT", message, { operation: "resumeTraining" }));
      break;
    }
    seen.add(id);
    last = Math.min(last, step);
    const versions = await checkpointsOf(run, `checkpoints/${id}`, signal);
    const all = versions.filter((each) => each.epoch <= last && wanted(each));
    if (all.length > 0) return { isFork, all };
    origin = await inside.forkOrigin(id, signal ? { signal } : {}).catch((error: unknown) => {
      if (!LedgerError.is(error)) throw error;
      inside.report(error);
      return undefined;
    });
  }
  return { isFork, all: [] };
}

function notCompiled(optimizer: string): LedgerError {
  const message =
    `resumeTraining: the model is not compiled, so the weights of the optimizer ${optimizer} were ` +
    "not restored. Call model.compile() before";
  return new LedgerError("INVALID_ARGUMENT", message, { field: "model" });
}

async function checkpointsOf(
  run: AnyRun,
  name: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Checkpoint[]> {
  checkOption("name", name, typeof name === "string" && name !== "", "the name of an artifact");
  const versions = await insideOf(run).artifactVersions(checkpointName(run, name), signal ? { signal } : {});
  return versions.flatMap((version) => {
    const metadata = metadataOf(version);
    return metadata ? [{ ...metadata, version }] : [];
  });
}

async function restore(
  model: CheckpointModel,
  run: AnyRun,
  { version, optimizer }: Checkpoint,
  signal: AbortSignal | undefined,
): Promise<void> {
  const call = signal ? { signal } : {};
  const stored = await readModel(await insideOf(run).openArtifact(version, call), version, call);
  await applyModel(model, stored, optimizer);
}
