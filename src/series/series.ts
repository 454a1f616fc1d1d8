import type { Column } from "./column.ts";

/** A metric's history: parallel arrays in step order, ties in the order of logging. `times` in ms since the epoch. */
export interface Series {
  readonly steps: Float64Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
}

/** One series of the columns of several writers, given in the writers' order. */
export function joinColumns(columns: readonly Column[]): Series {
  const length = columns.reduce((sum, column) => sum + column.length, 0);
  const series = { steps: new Float64Array(length), times: new Float64Array(length), values: new Float64Array(length) };
  let at = 0;
  let sorted = true;
  for (const column of columns) {
    for (let i = 0; i < column.length; i++, at++) {
      const step = column.step(i);
      if (at > 0 && step < (series.steps[at - 1] as number)) sorted = false;
      series.steps[at] = step;
      series.times[at] = column.time(i);
      series.values[at] = column.value(i);
    }
  }
  return sorted ? series : sortBySteps(series);
}

function sortBySteps({ steps, times, values }: Series): Series {
  // Sorting is stable only if equal steps are told apart by where they were.
  const order = Uint32Array.from(steps, (_, i) => i).sort(
    (a, b) => (steps[a] as number) - (steps[b] as number) || a - b,
  );
  const arrange = (column: Float64Array): Float64Array => Float64Array.from(order, (i) => column[i] as number);
  return { steps: arrange(steps), times: arrange(times), values: arrange(values) };
}
