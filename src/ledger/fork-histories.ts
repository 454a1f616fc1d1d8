import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { compareUtf8 } from "../bytes/utf8-order.ts";
import { concernsOneObject, type LedgerError } from "../errors/ledger-error.ts";
import type { ForkOrigin } from "../journal/fork-origin.ts";
import { mapBounded } from "../platform/bounded.ts";
import type { RunContext } from "../run/run-context.ts";
import type { HistoryOptions } from "../series/history-options.ts";
import { readSeries } from "../series/read-series.ts";
import { pickPoints, type Series } from "../series/series.ts";
import { isInStepOrder } from "../series/step-order.ts";
import { type ForkAncestor, inheritedLost, readAncestors } from "./fork-ancestors.ts";
import { readRunCreated } from "./read-run.ts";

/** How many runs are read at a time. */
const RUNS_AT_ONCE = 8;

/**
 * Reads the histories of a fork: points of the runs that it was forked from, up to the step, then its own. Runs that
 * cannot be read never keep the fork from being read: `onError` gets the error, and the histories say what is lost.
 */
export class ForkReader {
  readonly #backend: Backend;
  readonly #runId: string;
  readonly #origin: ForkOrigin;
  readonly #onError: RunContext["onError"];
  readonly #marks = new WeakMap<Series, Float64Array>();
  #trouble: LedgerError | undefined;

  constructor(backend: Backend, runId: string, origin: ForkOrigin, onError: RunContext["onError"]) {
    this.#backend = backend;
    this.#runId = runId;
    this.#origin = origin;
    this.#onError = onError;
  }

  /** Returns histories that begin with the inherited points. `own` are the histories of the run itself. */
  async read(
    own: ReadonlyMap<string, Series>,
    keys: readonly string[] | undefined,
    options: HistoryOptions,
  ): Promise<Map<string, Series>> {
    const { signal } = options;
    const { ancestors, trouble } = await readAncestors(this.#backend, this.#runId, this.#origin, signal);
    const found = await mapBounded(ancestors, RUNS_AT_ONCE, signal, (ancestor, stop) =>
      this.#readAncestor(ancestor, keys, { ...options, signal: stop }),
    );
    if (trouble) this.#note(trouble);
    const inherited = found.reverse();
    const names = keys ?? [...new Set([...inherited, own].flatMap((part) => [...part.keys()]))].sort(compareUtf8);
    const joined = new Map<string, Series>();
    for (const key of names) {
      const before = inherited.flatMap((part) => part.get(key) ?? []);
      const after = own.get(key);
      if (before.length > 0 || after) joined.set(key, this.#join(before, after));
    }
    return joined;
  }

  /** Returns 1 for each inherited point of a history that {@link read} returned, and 0 for each other one. */
  marksOf(series: Series): Float64Array {
    return this.#marks.get(series)!;
  }

  /** Adds what is lost to histories. A key that was asked for is there then, even without points. */
  withLost(histories: Map<string, Series>, keys: readonly string[] | undefined): Map<string, Series> {
    if (this.#trouble === undefined) return histories;
    const lost = this.#trouble.message;
    const nothing = { steps: new Float64Array(0), times: new Float64Array(0), values: new Float64Array(0) };
    const names = keys ?? [...histories.keys()];
    return new Map(names.map((key) => [key, { ...(histories.get(key) ?? { ...nothing, inherited: 0 }), lost }]));
  }

  async #readAncestor(
    { run, to }: ForkAncestor,
    keys: readonly string[] | undefined,
    options: HistoryOptions,
  ): Promise<Map<string, Series>> {
    const { signal } = options;
    const read = (damaged: "reject" | "skip"): Promise<Map<string, Series>> =>
      readSeries(this.#backend, run, () => readRunCreated(this.#backend, run, signal), keys, {
        ...options,
        to: Math.min(to, options.to ?? Infinity),
        damaged,
        ...callOptions(signal),
      });
    let failure: LedgerError;
    try {
      return await read("reject");
    } catch (error) {
      if (!concernsOneObject(error)) throw error;
      failure = error;
    }
    this.#note(inheritedLost(this.#runId, run, failure));
    try {
      return await read("skip");
    } catch (error) {
      if (!concernsOneObject(error)) throw error;
      return new Map();
    }
  }

  #note(trouble: LedgerError): void {
    this.#trouble ??= trouble;
    this.#onError(trouble);
  }

  #join(inherited: readonly Series[], own: Series | undefined): Series {
    const parts = own ? [...inherited, own] : inherited;
    const length = parts.reduce((sum, { steps }) => sum + steps.length, 0);
    const all = {
      steps: new Float64Array(length),
      times: new Float64Array(length),
      values: new Float64Array(length),
    };
    const marks = new Float64Array(length);
    let at = 0;
    for (const part of parts) {
      all.steps.set(part.steps, at);
      all.times.set(part.times, at);
      all.values.set(part.values, at);
      if (part !== own) marks.fill(1, at, at + part.steps.length);
      at += part.steps.length;
    }
    if (isInStepOrder(all.steps)) {
      this.#marks.set(all, marks);
      return all;
    }
    const order = Uint32Array.from(marks, (_, i) => i).sort((a, b) => all.steps[a]! - all.steps[b]! || a - b);
    const sorted = pickPoints(all, order);
    this.#marks.set(
      sorted,
      Float64Array.from(order, (place) => marks[place]!),
    );
    return sorted;
  }
}
