import { LedgerError } from "../../index.ts";
import { BestValues, bestAlias, type BestEntry, guessMode, type Mode } from "./best-values.ts";
import { type CheckpointMetadata, checkpointName, metadataOf } from "./checkpoint-metadata.ts";
import { type CheckpointModel, checkModel } from "./checkpoint-model.ts";
import { Guard } from "./guard.ts";
import { makeCallback } from "./make-callback.ts";
import { epochMetric, monitoredMetric } from "./metric-name.ts";
import { checkOption, isWhole, readOptions } from "./options.ts";
import { type AnyRun, insideOf, type RunInside } from "./run-inside.ts";
import { modelSource } from "./save-handler.ts";
import { takeSnapshot } from "./snapshot.ts";
import type { TrainingCallback } from "./training-callback.ts";
import { readLogs, type TrainingLogs } from "./training-logs.ts";
import { UploadQueue } from "./upload-queue.ts";

/** Options of `checkpoint`. */
export interface CheckpointOptions {
  /**
   * The metric that decides which checkpoint is best: `val/loss`, or as TF.js calls it, `val_loss`. Default: the loss of
   * the validation data, or without these of the training.
   */
  readonly monitor?: string | undefined;
  /** Whether a smaller or a greater value is better. Default: `max` for accuracies, else `min`. */
  readonly mode?: Mode | undefined;
  /** Stores the model after every n-th epoch, and after the last one. `false`: only if it is among the best. Default 1. */
  readonly every?: number | false | undefined;
  /**
   * How many of the best checkpoints to mark with the aliases `best`, `best-2`, … An epoch that is among them is always
   * stored. At most 100, `0` for none. Default 1.
   */
  readonly keepBest?: number | undefined;
  /** Whether to store the weights of the optimizer, so that a resumed training goes on as if uninterrupted. Default `true`. */
  readonly includeOptimizer?: boolean | undefined;
  /** The model. It is needed in a list of plain callbacks; `watch` gives it, and so does `mix` with `{ tf }` or `{ model }`. */
  readonly model?: CheckpointModel | undefined;
  /** The name of the artifact. Default `checkpoints/<id of the run>`. */
  readonly name?: string | undefined;
}

const OPTIONS = ["monitor", "mode", "every", "keepBest", "includeOptimizer", "model", "name"] as const;
const MAX_KEPT = 100;

/**
 * Returns a callback for `model.fit` and `model.fitDataset` that stores the model as versions of an artifact while it is
 * trained: for `restoreBest`, `resumeTraining` and `loadHandler`. The training goes on while a version is stored, and
 * its end waits for the last one. It never throws into the training: `onError` of the ledger gets what goes wrong.
 * Throws `INVALID_ARGUMENT` for a wrong run or option.
 */
export function checkpoint(run: AnyRun, options?: CheckpointOptions): TrainingCallback {
  const given = readOptions("checkpoint", options, OPTIONS);
  const { monitor, mode, every = 1, keepBest = 1, includeOptimizer = true, model, name } = given;
  checkOption("monitor", monitor, typeof monitor === "string" && monitor !== "", "the name of a metric");
  checkOption("mode", mode, mode === "min" || mode === "max", '"min" or "max"');
  checkOption("every", every, every === false || isWhole(every, 1), "a whole number from 1, or false");
  checkOption(
    "keepBest",
    keepBest,
    isWhole(keepBest, 0) && keepBest <= MAX_KEPT,
    `a whole number from 0 to ${MAX_KEPT}`,
  );
  checkOption("includeOptimizer", includeOptimizer, typeof includeOptimizer === "boolean", "true or false");
  checkOption("name", name, typeof name === "string" && name !== "", "the name of an artifact");
  const guard = new Guard(run, "checkpoint");
  const metric = monitor === undefined ? undefined : monitoredMetric(monitor);
  const settings = { metric, mode, every, keepBest, includeOptimizer, name: checkpointName(run, name) };
  const writer = new CheckpointWriter(run, guard, settings);
  let hasOwnModel = model !== undefined;
  if (hasOwnModel) writer.model = checkModel(model);
  return makeCallback({
    begin: async () => writer.begin(),
    epochEnd: async (epoch, logs) => await guard.run(() => writer.epoch(epoch, logs)),
    end: async () => await guard.run(() => writer.end()),
    innerModel: (inner) => {
      if (!hasOwnModel) writer.model = inner as CheckpointModel;
    },
    ownModel: (own) => {
      writer.model = own as CheckpointModel;
      hasOwnModel = true;
    },
  });
}

interface Settings {
  readonly metric: string | undefined;
  readonly mode: Mode | undefined;
  readonly every: number | false;
  readonly keepBest: number;
  readonly includeOptimizer: boolean;
  readonly name: string;
}

/** Stores the checkpoints of one training after the other. Its methods throw what goes wrong. */
class CheckpointWriter {
  readonly #run: AnyRun;
  readonly #guard: Guard;
  readonly #inside: RunInside;
  readonly #settings: Settings;
  readonly #queue = new UploadQueue();
  readonly #best: BestValues;
  /** The versions that the aliases of the best point at. */
  readonly #aliased: string[] = [];
  #earlier: Promise<void> | undefined;
  #unsaved: Omit<CheckpointMetadata, "optimizer"> | undefined;
  model: CheckpointModel | undefined;

  constructor(run: AnyRun, guard: Guard, settings: Settings) {
    this.#run = run;
    this.#guard = guard;
    this.#inside = insideOf(run);
    this.#settings = settings;
    this.#best = new BestValues(settings.keepBest);
  }

  /** Begins to read which checkpoints an earlier session has stored. The training need not wait for it. */
  begin(): void {
    this.#unsaved = undefined;
    this.#earlier ??= this.#guard.run(() => this.#readEarlier());
  }

  async epoch(epoch: number, logs: TrainingLogs | undefined): Promise<void> {
    const { every, mode: own } = this.#settings;
    const metrics = await readLogs(logs, epochMetric, (error) => this.#guard.tell(error));
    const monitor = this.#settings.metric ?? (Object.hasOwn(metrics, "val/loss") ? "val/loss" : "train/loss");
    const value = Object.hasOwn(metrics, monitor) ? metrics[monitor] : undefined;
    if (value === undefined) this.#guard.tell(missingMetric(monitor, Object.keys(metrics)));
    const mode = own ?? guessMode(monitor);
    await this.#earlier;
    const entry = value === undefined ? undefined : this.#best.add(mode, value, epoch);
    const metadata = { epoch, monitor, mode, ...(value !== undefined && { value }) };
    this.#unsaved = metadata;
    if (entry || (every !== false && (epoch + 1) % every === 0)) await this.#save(metadata, entry);
  }

  async end(): Promise<void> {
    try {
      if (this.#unsaved && this.#settings.every !== false) await this.#save(this.#unsaved, undefined);
    } finally {
      await this.#queue.settle();
    }
  }

  async #save(metadata: Omit<CheckpointMetadata, "optimizer">, entry: BestEntry | undefined): Promise<void> {
    const { includeOptimizer, name } = this.#settings;
    const { model } = this;
    try {
      if (model === undefined)
        throw new LedgerError(
          "UNSUPPORTED",
          "checkpoint has no model: pass { model }, or use watch(), or mix() with { tf } or { model }",
          { field: "model" },
        );
      const { artifacts, optimizer } = await takeSnapshot(model, includeOptimizer, (error) => this.#guard.tell(error));
      const { source } = modelSource(artifacts);
      const all: CheckpointMetadata = { ...metadata, ...(optimizer !== undefined && { optimizer }) };
      this.#unsaved = undefined;
      this.#queue.add({
        isBest: entry !== undefined,
        store: async () => {
          const stored = await this.#guard.run(async () => {
            const { version } = await this.#run.logArtifact(name, source, { type: "checkpoint", metadata: all });
            if (entry) entry.version = version;
            await this.#setAliases();
            return true;
          });
          if (entry && entry.version === undefined && !stored) this.#best.remove(entry);
        },
        drop: () => {
          if (entry) this.#best.remove(entry);
          this.#guard.tell(tooSlow(metadata.epoch));
        },
      });
    } catch (error) {
      if (entry) this.#best.remove(entry);
      throw error;
    }
  }

  async #setAliases(): Promise<void> {
    for (const [place, { version }] of this.#best.entries.entries()) {
      if (version === undefined || this.#aliased[place] === version) continue;
      await this.#inside.setAlias(this.#settings.name, version, bestAlias(place));
      this.#aliased[place] = version;
    }
  }

  async #readEarlier(): Promise<void> {
    const { metric, mode, name } = this.#settings;
    for (const stored of await this.#inside.artifactVersions(name)) {
      const { epoch, monitor, value, mode: theirs } = metadataOf(stored) ?? {};
      if (epoch === undefined || value === undefined || (metric !== undefined && monitor !== metric)) continue;
      const entry = this.#best.add(mode ?? theirs ?? "min", value, epoch);
      if (entry) entry.version = stored.version;
      for (let place = 0; place < this.#settings.keepBest; place++)
        if (stored.aliases.includes(bestAlias(place))) this.#aliased[place] = stored.version;
    }
  }
}

function missingMetric(monitor: string, metrics: readonly string[]): LedgerError {
  const message = `checkpoint: the training has no metric ${JSON.stringify(monitor)}, only ${metrics.join(", ")}`;
  return new LedgerError("INVALID_ARGUMENT", message, { field: "monitor" });
}

function tooSlow(epoch: number): LedgerError {
  const message = `the checkpoint of epoch ${epoch} was dropped: the storage is slower than the training`;
  return new LedgerError("TOO_LARGE", message, { operation: "checkpoint" });
}
