import type { Ledger, RunRecord } from "runledger";
import uPlot from "uplot";
import { element } from "./elements.ts";

/** How many points of a curve are read: those that show its extremes. */
const SAMPLES = 1000;
/** How many points are drawn: each is the mean of a stretch, with a band from its least to its greatest value. */
const STRETCHES = 80;
const COLOURS = ["#3b82f6", "#ea580c", "#16a34a", "#a855f7", "#ca8a04", "#0891b2"];

/** Draws a metric of some runs: a line for each run, and a band from the least to the greatest value. */
export class Chart {
  readonly #place = element("chart", HTMLDivElement);
  #plot: uPlot | undefined;

  async draw(ledger: Ledger, runs: readonly RunRecord[], key: string): Promise<void> {
    const found = await Promise.all(runs.map(({ id }) => ledger.history(id, key, { samples: SAMPLES })));
    const tables = found.map(({ steps, values }) => stretches(steps, values));
    const data = tables.length === 0 ? [[], []] : uPlot.join(tables as uPlot.AlignedData[]);
    const value = (_: uPlot, number: number | null): string => (number === null ? "" : String(+number.toPrecision(4)));
    const series: uPlot.Series[] = [{ label: "step", value }];
    const bands: uPlot.Band[] = [];
    runs.forEach(({ name }, i) => {
      const stroke = COLOURS[i % COLOURS.length] as string;
      const first = series.length;
      const edge = { stroke: "transparent", points: { show: false }, spanGaps: true, class: "edge" };
      const points = { show: (tables[i]?.[0]?.length ?? 0) < 10 };
      series.push({ label: name, stroke, width: 2, spanGaps: true, points, value }, edge, edge);
      bands.push({ series: [first + 2, first + 1], fill: `${stroke}40` });
    });
    this.#plot?.destroy();
    const axis = { stroke: getComputedStyle(document.body).color, grid: { stroke: "#8883" } };
    const width = Math.min(this.#place.clientWidth, document.documentElement.clientWidth - 32);
    const scales = { x: { time: false } };
    const steps = { ...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5, 1e6] };
    const options = { width, height: 280, scales, series, bands, axes: [steps, axis] };
    this.#plot = new uPlot(options, data as uPlot.AlignedData, this.#place);
    this.#place.setAttribute("role", "img");
    const last = found.map(({ values }, i) => `${runs[i]?.name}: ${values.at(-1)?.toPrecision(4) ?? "no values"}`);
    this.#place.setAttribute("aria-label", `${key} by step. Last values: ${last.join(", ")}`);
  }
}

/** Returns the first steps, means, least and greatest values of stretches of a curve. */
function stretches(steps: Float64Array, values: Float64Array): number[][] {
  const columns: number[][] = [[], [], [], []];
  const size = Math.ceil(values.length / STRETCHES);
  for (let i = 0; i < values.length; i += size) {
    const part = values.subarray(i, i + size);
    const mean = part.reduce((sum, each) => sum + each, 0) / part.length;
    [steps[i] as number, mean, Math.min(...part), Math.max(...part)].forEach((each, j) => columns[j]?.push(each));
  }
  return columns;
}
