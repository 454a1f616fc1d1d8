import { LedgerError } from "../../index.ts";
import type { Guard } from "./guard.ts";
import { guessGoal, knownGoal } from "./metric-goal.ts";
import { batchMetric, epochMetric } from "./metric-name.ts";
import { describeTensorFlow, flagsOf, memoryMetrics, type TensorFlow } from "./tensorflow.ts";
import { describeModel, summaryOf, topologyOf } from "./trained-model.ts";
import { batchesBefore, type TrainingFacts } from "./training-facts.ts";
import { Readings } from "./readings.ts";
import { readLogs, type TrainingLogs, type TrainingMetrics } from "./training-logs.ts";
import type { AnyRun } from "./run-inside.ts";

/** What to do when a value is NaN or infinite. */
export type OnNaN = "record" | "mark" | "stop";

/** The topologies that were logged last, so that many trainings of one model log them once. */
const topologies = new WeakMap<AnyRun, string>();

/** The flags that were logged last. */
const flags = new WeakMap<AnyRun, string>();

/** Writes a training to a run. Each method throws what goes wrong. */
export class TrainingLog {
  readonly #run: AnyRun;
  readonly #guard: Guard;
  readonly #tf: TensorFlow | undefined;
  readonly #onNaN: OnNaN;
  #model: object | undefined;
  #batches = 0;
  #hasDiverged = false;
  readonly #seen = new Set<string>();
  readonly #readings = new Readings();

  constructor(run: AnyRun, guard: Guard, tf: TensorFlow | undefined, onNaN: OnNaN) {
    this.#run = run;
    this.#guard = guard;
    this.#tf = tf;
    this.#onNaN = onNaN;
  }

  set model(model: object) {
    this.#model = model;
  }

  /** Records what is known of the training. What one part of TF.js does not tell does not keep the rest out. */
  async begin(facts: TrainingFacts): Promise<void> {
    this.#hasDiverged = false;
    this.#batches = Math.max(this.#batches, batchesBefore(facts));
    const model = this.#model;
    const tf = this.#tf;
    const described = model && (await this.#guard.run(() => describeModel(model)));
    const backend = tf && (await this.#guard.run(() => describeTensorFlow(tf)));
    // A resumed training begins later than an uninterrupted one, and both have the same params.
    const { initialEpoch: _, ...params } = facts;
    const tfjs = { ...backend, ...described, ...params };
    // Another training of the same run may use other values. The run keeps the history of its params.
    if (Object.keys(tfjs).length > 0) this.#run.setParams({ tfjs }, { overwrite: true });
    if (model) await this.#guard.run(() => this.#logTopology(model));
    if (tf) await this.#guard.run(() => this.#logFlags(tf));
  }

  /** Logs the values of an epoch, and what the backend holds. */
  async epoch(epoch: number, logs: TrainingLogs | undefined): Promise<void> {
    const metrics = await readLogs(logs, epochMetric, (error) => this.#guard.tell(error));
    await this.#readings.settled();
    const tf = this.#tf;
    const memory = tf && (await this.#guard.run(() => memoryMetrics(tf)));
    this.#run.log({ ...metrics, ...memory }, { step: epoch });
    await this.#defineGoals(metrics);
    this.#watchFor(metrics, `epoch ${epoch}`);
  }

  /** Counts a batch. Returns its number, counted through all epochs from 0. */
  countBatch(): number {
    return this.#batches++;
  }

  /**
   * Logs the values of a batch. A GPU would stand still until they are read, so the training goes on meanwhile, unless
   * they may stop it.
   */
  async batch(step: number, logs: TrainingLogs | undefined): Promise<void> {
    const values = readLogs(logs, batchMetric, (error) => this.#guard.tell(error));
    const record = async (): Promise<void> => {
      const metrics = await values;
      this.#run.log(metrics, { step });
      await this.#defineGoals(metrics);
      this.#watchFor(metrics, `batch ${step}`);
    };
    await this.#readings.add(() => this.#guard.run(record));
    if (this.#onNaN === "stop") await this.#readings.settled();
  }

  /** Resolves when the values of all batches are logged. */
  async settled(): Promise<void> {
    await this.#readings.settled();
  }

  /** Defines the goals of metrics that TF.js knows, once. */
  async #defineGoals(metrics: TrainingMetrics): Promise<void> {
    for (const name of Object.keys(metrics)) {
      if (this.#seen.has(name)) continue;
      this.#seen.add(name);
      const goal = knownGoal(name);
      if (goal) await this.#guard.run(() => guessGoal(this.#run, name, goal));
    }
  }

  #watchFor(metrics: TrainingMetrics, place: string): void {
    if (this.#onNaN === "record" || this.#hasDiverged) return;
    const found = Object.entries(metrics).find(([, value]) => !Number.isFinite(value));
    if (found === undefined) return;
    this.#hasDiverged = true;
    this.#run.setTags({ diverged: `${found[0]} is ${found[1]} at ${place}` });
    if (this.#onNaN !== "stop") return;
    const model = this.#model as { stopTraining?: boolean } | undefined;
    if (model === undefined)
      throw new LedgerError(
        "UNSUPPORTED",
        'tfCallback: onNaN: "stop" needs the model: pass { model }, or use watch() or mix() with { model }',
        { field: "model" },
      );
    model.stopTraining = true;
  }

  #logFlags(tf: TensorFlow): void {
    const found = flagsOf(tf);
    if (found === undefined || flags.get(this.#run) === found) return;
    flags.set(this.#run, found);
    void this.#run.logText("tfjs/flags", found);
  }

  #logTopology(model: object): void {
    const topology = topologyOf(model);
    if (topology !== undefined && topologies.get(this.#run) === topology) return;
    if (topology !== undefined) topologies.set(this.#run, topology);
    const summary = summaryOf(model);
    // `onError` hears of a text that cannot be stored.
    if (topology !== undefined) void this.#run.logText("tfjs/topology", topology);
    if (summary !== undefined) void this.#run.logText("tfjs/summary", summary);
  }
}
