import type { Run } from "runledger";

interface LoggedSeries {
  readonly run: string;
  readonly key: string;
  readonly steps: number[];
  readonly times: number[];
  readonly values: number[];
}

/** Writes down what it logs: all that the programs know of what a ledger must hold. */
export class LoggedPoints {
  readonly #series = new Map<string, LoggedSeries>();

  get series(): readonly LoggedSeries[] {
    return [...this.#series.values()];
  }

  log(run: Pick<Run, "id" | "log">, metrics: readonly (readonly [string, number])[], step: number, time: number): void {
    run.log(Object.fromEntries(metrics), { step, time });
    for (const [key, value] of metrics) this.add(run.id, key, step, time, value);
  }

  add(run: string, key: string, step: number, time: number, value: number): void {
    const name = `${run}/${key}`;
    let series = this.#series.get(name);
    if (series === undefined) this.#series.set(name, (series = { run, key, steps: [], times: [], values: [] }));
    series.steps.push(step);
    series.times.push(time);
    series.values.push(value);
  }

  /** Integers as text and values as their bits, so that nothing depends on how numbers are parsed. */
  toJson(): string {
    const series = this.series.map(({ run, key, steps, times, values }) => ({
      run,
      key,
      steps: steps.map((step) => BigInt(step).toString()),
      times: times.map((time) => BigInt(time).toString()),
      values: values.map(bitsOf).join(""),
    }));
    return JSON.stringify({ series });
  }
}

function bitsOf(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}
