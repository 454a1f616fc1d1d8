import { OverviewBuilder } from "./overview/overview-builder.ts";
import type { OverviewPlace } from "./overview/file-index.ts";
import { OverviewFileWriter } from "./overview/overview-writer.ts";
import type { KeySlice } from "./row-groups.ts";
import { isInStepOrder, sortBySteps } from "./series.ts";

/** Makes the overviews of the long keys of a run as their points come along, key by key. */
export class OverviewCollector {
  readonly #file: OverviewFileWriter;
  readonly #chunks: Uint8Array[] = [];
  #builder: OverviewBuilder | undefined;
  #seen = 0;
  #lastStep = Number.NEGATIVE_INFINITY;

  constructor(place: OverviewPlace) {
    this.#file = new OverviewFileWriter(place);
  }

  add({ key, total, steps, times, values }: KeySlice): void {
    if (this.#seen === 0) {
      this.#builder = new OverviewBuilder(total);
      this.#lastStep = Number.NEGATIVE_INFINITY;
    }
    this.#seen += steps.length;
    const isWhole = steps.length === total;
    const points = isWhole && !isInStepOrder(steps) ? sortBySteps({ steps, times, values }) : { steps, times, values };
    // A key that does not fit into memory and is not in step order gets none: it would have to be sorted outside of it.
    if ((points.steps[0] as number) < this.#lastStep || !isInStepOrder(points.steps)) this.#builder = undefined;
    this.#lastStep = points.steps[points.steps.length - 1] as number;
    this.#builder?.add(points.steps, points.times, points.values);
    if (this.#seen < total) return;
    if (this.#builder && !this.#file.isFull) this.#chunks.push(this.#file.add(key, this.#builder.finish()));
    this.#builder = undefined;
    this.#seen = 0;
  }

  /** The object, or `undefined` when no key was long enough. */
  end(): Uint8Array | undefined {
    if (this.#chunks.length === 0) return undefined;
    this.#chunks.push(this.#file.end());
    const size = this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const bytes = new Uint8Array(size);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }
}
