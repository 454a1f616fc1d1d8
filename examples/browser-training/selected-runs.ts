import { zipSync } from "fflate";
import type { Ledger, MediaEntry } from "runledger";
import type { Backend } from "runledger/backend";
import { formatComparison } from "runledger/compare";
import { element } from "./elements.ts";

/** Returns what differs between runs as text. */
export async function difference(ledger: Ledger, ids: readonly string[]): Promise<string> {
  if (ids.length < 2) return "Select two runs or more to compare them.";
  // A letter is 7.2 to 8.2 pixels wide, depending on the width of the page.
  const width = Math.max(40, Math.min(110, Math.floor((innerWidth - 32) / (innerWidth < 500 ? 7.3 : 8.5))));
  return formatComparison(await ledger.compareRuns(ids), { width });
}

/** What the slider moves through. */
let shown: { readonly ledger: Ledger; readonly entries: readonly MediaEntry[]; readonly steps: readonly number[] };

/** Shows the images and histograms of a run at its last step; the slider chooses another one. */
export async function showMedia(ledger: Ledger, id: string | undefined): Promise<void> {
  const entries = id === undefined ? [] : (await ledger.media(id)).filter(({ type }) => type !== "text");
  const steps = [...new Set(entries.map(({ step }) => step))].sort((a, b) => a - b);
  shown = { ledger, entries, steps };
  const slider = element("step", HTMLInputElement);
  element("step-label", HTMLLabelElement).hidden = steps.length === 0;
  slider.max = String(Math.max(0, steps.length - 1));
  slider.value = slider.max;
  await showStep();
}

/** Shows the images and histograms at the step that the slider chooses. */
export async function showStep(): Promise<void> {
  const { ledger, entries, steps } = shown;
  const step = steps[Number(element("step", HTMLInputElement).value)];
  element("step-value", HTMLOutputElement).value = String(step ?? "");
  const chosen = entries.filter((entry) => entry.step === step);
  const figures = await Promise.all(chosen.map((entry) => figure(ledger, entry)));
  element("media", HTMLDivElement).replaceChildren(...figures.flat());
}

async function figure(ledger: Ledger, entry: MediaEntry): Promise<HTMLElement[]> {
  const opened = await ledger.openMedia(entry);
  const place = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.textContent = entry.key;
  if (opened.type === "image") {
    const image = new Image();
    image.alt = `${entry.key} at step ${entry.step}`;
    image.src = URL.createObjectURL(new Blob([opened.bytes as BlobPart], { type: opened.mediaType }));
    image.addEventListener("load", () => URL.revokeObjectURL(image.src), { once: true });
    place.append(image, caption);
  } else if (opened.type === "histogram") {
    const [least, greatest] = [opened.edges.at(0), opened.edges.at(-1)];
    caption.textContent += `, ${least?.toPrecision(2)} to ${greatest?.toPrecision(2)}`;
    place.append(bars(opened.counts, `${entry.key} at step ${entry.step}`), caption);
  } else return [];
  return [place];
}

function bars(counts: ArrayLike<number>, label: string): SVGElement {
  const namespace = "http://www.w3.org/2000/svg";
  const drawing = document.createElementNS(namespace, "svg");
  drawing.setAttribute("viewBox", `0 0 ${counts.length} 100`);
  drawing.setAttribute("preserveAspectRatio", "none");
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", label);
  const most = Math.max(1, ...Array.from(counts));
  for (let i = 0; i < counts.length; i++) {
    const bar = document.createElementNS(namespace, "rect");
    const height = (100 * (counts[i] as number)) / most;
    for (const [name, value] of Object.entries({ x: i + 0.05, y: 100 - height, width: 0.9, height }))
      bar.setAttribute(name, String(value));
    drawing.append(bar);
  }
  return drawing;
}

/** Saves the objects of runs as a zip archive. Unpacked, it is a ledger with these runs, without their artifacts. */
export async function download(backend: Backend, ids: readonly string[]): Promise<void> {
  const files: Record<string, Uint8Array> = { "ledger.json": await backend.read("ledger.json") };
  for (const id of ids) for await (const { key } of backend.list(`runs/${id}`)) files[key] = await backend.read(key);
  const link = document.createElement("a");
  // Parquet is compressed already.
  link.href = URL.createObjectURL(new Blob([zipSync(files, { level: 0 }) as BlobPart], { type: "application/zip" }));
  link.download = ids.length === 1 ? `${ids[0]}.zip` : "runs.zip";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
