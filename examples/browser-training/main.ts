import type { RunRecord } from "runledger";
import { Chart } from "./chart.ts";
import { element } from "./elements.ts";
import { type Place, openAddress, openBrowser, openFolder } from "./places.ts";
import { RunTable } from "./run-table.ts";
import { difference, download, showMedia, showStep } from "./selected-runs.ts";

const trouble = element("trouble", HTMLParagraphElement);
const filter = element("search", HTMLFormElement).elements.namedItem("filter") as HTMLInputElement;
const metric = element("metric", HTMLSelectElement);
const chart = new Chart();
const table = new RunTable(
  () => attempt(showSelected),
  () => attempt(showRuns),
);
let place: Place;
let runs: readonly RunRecord[] = [];
/** Metrics to draw, the best first. */
let wanted: readonly string[] = ["batch/loss", "train/loss"];
let stopping = new AbortController();

/** Runs a step. What goes wrong stands on the page. */
async function attempt(step: () => Promise<void>): Promise<void> {
  try {
    trouble.textContent = "";
    await step();
  } catch (error) {
    trouble.textContent = error instanceof Error ? error.message : String(error);
  }
}

async function show(opened: Promise<Place>): Promise<void> {
  place = await opened;
  table.selected.clear();
  element("place", HTMLParagraphElement).textContent = `Runs of ${place.name}`;
  element("train", HTMLButtonElement).disabled = !place.canWrite;
  await showRuns();
}

async function showRuns(): Promise<void> {
  runs = await table.show(place.ledger, filter.value);
  await showSelected();
}

async function showSelected(): Promise<void> {
  const chosen = runs.filter(({ id }) => table.selected.has(id));
  const ids = chosen.map(({ id }) => id);
  element("download", HTMLButtonElement).disabled = ids.length === 0;
  await showCurves(chosen);
  element("difference", HTMLPreElement).textContent = await difference(place.ledger, ids);
  await showMedia(place.ledger, ids[0]);
}

async function showCurves(chosen: readonly RunRecord[]): Promise<void> {
  const keys = [...new Set(chosen.flatMap((run) => Object.keys(run.metrics)))].sort();
  const key = wanted.find((each) => keys.includes(each)) ?? keys[0];
  metric.replaceChildren(...keys.map((each) => new Option(each, each, false, each === key)));
  if (key !== undefined) await chart.draw(place.ledger, chosen, key);
}

/** Draws the curve of a run each time that the run has stored new points, until it ends. */
async function follow(id: string): Promise<void> {
  for await (const { record } of place.ledger.watchRun(id, { points: false }))
    if (table.selected.size === 1 && table.selected.has(id)) await showCurves([record]);
}

function onSubmit(id: string, work: (values: FormData) => Promise<void>): void {
  element(id, HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    void attempt(() => work(new FormData(event.target as HTMLFormElement)));
  });
}

/** Trains a run, and shows it while it is trained. */
async function trainRun(values: FormData): Promise<void> {
  const [start, stop] = [element("train", HTMLButtonElement), element("stop", HTMLButtonElement)];
  const progress = element("progress", HTMLParagraphElement);
  stopping = new AbortController();
  start.disabled = true;
  stop.disabled = false;
  progress.textContent = "Starts…";
  const images = Number(new URLSearchParams(location.search).get("images") ?? 2000);
  const settings = { learningRate: Number(values.get("learningRate")), epochs: Number(values.get("epochs")), images };
  try {
    const { train } = await import("./train.ts");
    await train(place.ledger, settings, {
      signal: stopping.signal,
      onStart: (id) => {
        table.selected.clear();
        table.selected.add(id);
        void attempt(() => follow(id));
      },
      onEpoch: (text) => {
        progress.textContent = text;
        void attempt(showRuns);
      },
    });
    progress.textContent = `Done: ${progress.textContent}`;
    await showRuns();
  } finally {
    start.disabled = !place.canWrite;
    stop.disabled = true;
  }
}

onSubmit("training", trainRun);
onSubmit("search", showRuns);
onSubmit("open-http", (values) => show(openAddress(String(values.get("address")))));
element("stop", HTMLButtonElement).addEventListener("click", () => stopping.abort());
element("step", HTMLInputElement).addEventListener("input", () => attempt(showStep));
element("open-browser", HTMLButtonElement).addEventListener("click", () => attempt(() => show(openBrowser())));
element("download", HTMLButtonElement).addEventListener("click", () =>
  attempt(() =>
    download(
      place.backend,
      runs.map(({ id }) => id).filter((id) => table.selected.has(id)),
    ),
  ),
);
const folder = element("open-folder", HTMLInputElement);
folder.addEventListener("change", () => attempt(() => show(openFolder(folder.files ?? []))));
metric.addEventListener("change", () => {
  wanted = [metric.value, ...wanted];
  void attempt(showSelected);
});
addEventListener("resize", () => attempt(showSelected));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => attempt(showSelected));
await attempt(() => show(openBrowser()));
