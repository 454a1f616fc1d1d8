import type { Ledger } from "runledger";
import uPlot from "uplot";
import { element } from "./elements.ts";

/** Points of a curve: the least and the greatest value of each of half as many stretches. */
const SAMPLES = 400;
const COLOURS = ["#1a73e8", "#d93025", "#188038", "#9334e6", "#e37400", "#007b83"];

/** Draws a metric of some runs: for each run its course, and a band from the least to the greatest value. */
export class Chart {
  readonly #place = element("chart", HTMLDivElement);
  #plot: uPlot | undefined;

  async draw(ledger: Ledger, runs: readonly (readonly [id: string, name: string])[], key: string): Promise<void> {
    const found = await Promise.all(runs.map(([id]) => ledger.history(id, key, { samples: SAMPLES })));
    const tables = found.map(({ steps, values }) => stretches(steps, values));
    const data = tables.length === 0 ? [[], []] : uPlot.join(tables as uPlot.AlignedData[]);
    const series: uPlot.Series[] = [{ label: "step" }];
    const bands: uPlot.Band[] = [];
    runs.forEach(([, name], i) => {
      const stroke = COLOURS[i % COLOURS.length] as string;
      const first = series.length;
      const hiddenLine = { stroke: "transparent", points: { show: false } };
      series.push({ label: name, stroke, width: 2, spanGaps: true }, { label: `${name}, least`, ...hiddenLine });
      series.push({ label: `${name}, greatest`, ...hiddenLine });
      bands.push({ series: [first + 2, first + 1], fill: `${stroke}30` });
    });
    this.#plot?.destroy();
    const axis = { stroke: getComputedStyle(document.body).color, grid: { stroke: "#8883" } };
    const width = Math.min(this.#place.clientWidth, document.documentElement.clientWidth - 32);
    const scales = { x: { time: false } };
    const options = { width, height: 280, scales, series, bands, axes: [axis, axis] };
    this.#plot = new uPlot(options, data as uPlot.AlignedData, this.#place);
    this.#place.setAttribute("role", "img");
    const last = found.map(({ values }, i) => `${runs[i]?.[1]}: ${values.at(-1)?.toPrecision(4) ?? "no values"}`);
    this.#place.setAttribute("aria-label", `${key} by step. Last values: ${last.join(", ")}`);
  }
}

/** Returns steps, means, least and greatest values of pairs of samples, which are the extremes of a stretch. */
function stretches(steps: Float64Array, values: Float64Array): number[][] {
  if (values.length < SAMPLES / 2) return [[...steps], [...values], [...values], [...values]];
  const columns: number[][] = [[], [], [], []];
  for (let i = 0; i + 1 < values.length; i += 2) {
    const [a, b] = [values[i] as number, values[i + 1] as number];
    [steps[i] as number, (a + b) / 2, Math.min(a, b), Math.max(a, b)].forEach((value, j) => columns[j]?.push(value));
  }
  return columns;
}
