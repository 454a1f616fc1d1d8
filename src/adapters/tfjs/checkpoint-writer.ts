import { LedgerError } from "../../index.ts";
import { BestValues, bestAlias, type BestEntry, guessMode, type Mode } from "./best-values.ts";
import { type CheckpointMetadata, metadataOf } from "./checkpoint-metadata.ts";
import type { CheckpointModel } from "./checkpoint-model.ts";
import type { Guard } from "./guard.ts";
import { setGoal } from "./metric-goal.ts";
import { epochMetric } from "./metric-name.ts";
import { type AnyRun, insideOf, type RunInside } from "./run-inside.ts";
import { modelSource } from "./save-handler.ts";
import { takeSnapshot } from "./snapshot.ts";
import { readLogs, type TrainingLogs } from "./training-logs.ts";
import { UploadQueue } from "./upload-queue.ts";
import { endsWithin } from "./ends-within.ts";

/** How long the end of a training waits at least for one model, in ms. */
const END_WAIT_MS = 30_000;

/** How `checkpoint` stores models: its options with their defaults. */
export interface CheckpointSettings {
  readonly metric: string | undefined;
  readonly mode: Mode | undefined;
  readonly every: number | false;
  readonly keepBest: number;
  readonly maxWaitMs: number;
  readonly includeOptimizer: boolean;
  readonly name: string;
}

/** Stores the checkpoints of one training after the other. Its methods throw what goes wrong. */
export class CheckpointWriter {
  readonly #run: AnyRun;
  readonly #guard: Guard;
  readonly #inside: RunInside;
  readonly #settings: CheckpointSettings;
  readonly #queue = new UploadQueue();
  readonly #best: BestValues;
  /** The versions that the aliases of the best point at. */
  readonly #aliased: string[] = [];
  #earlier: Promise<void> | undefined;
  #unsaved: Omit<CheckpointMetadata, "optimizer"> | undefined;
  model: CheckpointModel | undefined;

  constructor(run: AnyRun, guard: Guard, settings: CheckpointSettings) {
    this.#run = run;
    this.#guard = guard;
    this.#inside = insideOf(run);
    this.#settings = settings;
    this.#best = new BestValues(settings.keepBest);
  }

  get #longWaitMs(): number {
    return Math.max(this.#settings.maxWaitMs, END_WAIT_MS);
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
    if (own) await this.#guard.run(() => setGoal(this.#run, monitor, own === "min" ? "minimize" : "maximize"));
    await this.#knowEarlier();
    const entry = value === undefined ? undefined : this.#best.add(mode, value, epoch);
    const metadata = { epoch, monitor, mode, ...(value !== undefined && { value }) };
    this.#unsaved = metadata;
    if (entry || (every !== false && (epoch + 1) % every === 0)) await this.#save(metadata, entry);
    const { maxWaitMs } = this.#settings;
    if (maxWaitMs > 0 && !(await this.#queue.settle(maxWaitMs))) this.#guard.tell(notYetStored(epoch, maxWaitMs));
  }

  async end(): Promise<void> {
    const epoch = this.#unsaved?.epoch;
    try {
      if (this.#unsaved && this.#settings.every !== false) await this.#save(this.#unsaved, undefined);
    } finally {
      const ms = this.#longWaitMs;
      if (!(await this.#queue.settleAll(ms))) this.#guard.tell(notYetStored(epoch, ms));
    }
  }

  /** Waits until it is known what earlier sessions have stored. */
  async #knowEarlier(): Promise<void> {
    const earlier = this.#earlier;
    if (earlier === undefined || (await endsWithin(this.#longWaitMs, earlier))) return;
    this.#earlier = Promise.resolve();
    const message = `checkpoint: the earlier checkpoints of the run could not be read within ${this.#longWaitMs} ms`;
    this.#guard.tell(new LedgerError("UNAVAILABLE", message, { operation: "checkpoint" }));
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
            // Otherwise a training that is killed goes on behind an epoch whose metrics are lost.
            await this.#inside.flushPoints();
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
  const message =
    `checkpoint: the training has no metric ${JSON.stringify(monitor)}, only ${metrics.join(", ") || "none"}. ` +
    "Its checkpoints have no value, so none is marked as best";
  return new LedgerError("INVALID_ARGUMENT", message, { field: "monitor" });
}

function tooSlow(epoch: number): LedgerError {
  const message =
    `the checkpoint of epoch ${epoch} was dropped: the storage is slower than the training. ` +
    "Store less often with { every }, or let the training wait with { maxWaitMs }";
  return new LedgerError("TOO_LARGE", message, { operation: "checkpoint" });
}

function notYetStored(epoch: number | undefined, ms: number): LedgerError {
  const which = epoch === undefined ? "the last checkpoint" : `the checkpoint of epoch ${epoch}`;
  const message =
    `${which} is not stored after ${ms} ms. The training goes on without waiting until the storage answers, and may ` +
    "drop checkpoints meanwhile. Check the storage; if it is only slow, raise maxWaitMs of checkpoint()";
  return new LedgerError("UNAVAILABLE", message, { operation: "checkpoint" });
}
