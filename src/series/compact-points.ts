import type { CallOptions } from "../backend/backend.ts";
import { inSlices } from "../platform/event-loop.ts";
import { onDemand } from "../platform/on-demand.ts";
import { FILE_BYTES } from "../journal/compacted.ts";
import type { WriterFold } from "../journal/writer-fold.ts";
import { MetricsWriter, type Slice } from "../parquet/metrics-writer.ts";
import {
  type PlannedKey,
  type PlannedPart,
  type PointsBefore,
  RowGroups,
  planKeys,
  planPasses,
} from "./compaction-plan.ts";
import { gather, type PointSources } from "./gather-points.ts";
import type { OverviewCollector } from "./overview/overview-writer.ts";

const generalCompression = /* @__PURE__ */ onDemand(() => import("../parquet/fflate-compressor.ts"));
const overviews = /* @__PURE__ */ onDemand(() => import("./overview/overview-writer.ts"));

/** Shorter series get no overview: reading them whole takes no longer. */
const OVERVIEW_POINTS: number = 16 * 1024;

export interface CompactPointsOptions extends CallOptions {
  /** Writes PLAIN values with an ordinary gzip, for engines that cannot read BYTE_STREAM_SPLIT. */
  readonly compat?: boolean | undefined;
  /** Called with the number of points written so far, and of all points. */
  readonly onProgress?: ((points: number, total: number) => void) | undefined;
  /** For tests: how many points are in memory at once, and the size of a file. */
  readonly pointsAPass?: number | undefined;
  readonly fileBytes?: number | undefined;
  /** Name below the run of the object with the overviews. Their checksums depend on it. Without it none is made. */
  readonly overviewName?: string | undefined;
  /** Compacts only late points, and those that are merged with them. */
  readonly before?: PointsBefore | undefined;
}

/**
 * Turns the points of a run into Parquet files. Memory does not grow with the number of points, because the journals
 * are read once for every four million. Take the files one after the other, each to its end, then the overview.
 */
export class PointsCompaction {
  readonly #sources: PointSources;
  readonly #options: CompactPointsOptions;
  readonly #passes: readonly (readonly PlannedPart[])[];
  #overview: OverviewCollector | undefined;
  readonly #groups: AsyncGenerator<readonly Slice[], void, undefined>;
  #next: readonly Slice[] | undefined;
  #written = 0;
  readonly total: number;

  private constructor(sources: PointSources, keys: readonly PlannedKey[], options: CompactPointsOptions) {
    this.#sources = sources;
    this.#options = options;
    this.total = keys.reduce((sum, { total }) => sum + total, 0);
    this.#passes = planPasses(keys, options.pointsAPass);
    this.#groups = this.#rowGroups();
  }

  /** `folds` are those of all writers. They state how many points there are. */
  static async plan(
    sources: PointSources,
    folds: readonly WriterFold[],
    options: CompactPointsOptions,
  ): Promise<PointsCompaction> {
    return new PointsCompaction(sources, await inSlices(planKeys(folds, options.before)), options);
  }

  /** Yields the bytes of each file. */
  async *files(): AsyncGenerator<AsyncGenerator<Uint8Array, void, undefined>, void, undefined> {
    await this.#advance();
    while (this.#next !== undefined) yield this.#file();
  }

  /** Returns the overviews of the long keys, or `undefined` if no key is long. */
  overview(): Uint8Array | undefined {
    return this.#overview?.end();
  }

  async *#file(): AsyncGenerator<Uint8Array, void, undefined> {
    const { fileBytes = FILE_BYTES, onProgress } = this.#options;
    // Loaded only if needed: the compressor takes as long to load as everything else.
    const compat = this.#options.compat ? (await generalCompression()).generalCompressor : undefined;
    const file = new MetricsWriter({ runId: this.#sources.runId, compat });
    while (this.#next !== undefined && file.size < fileBytes) {
      const bytes = await inSlices(file.rowGroupInPieces(this.#next));
      this.#written += this.#next.reduce((sum, { values }) => sum + values.length, 0);
      onProgress?.(this.#written, this.total);
      yield bytes;
      await this.#advance();
    }
    yield file.end();
  }

  async #advance(): Promise<void> {
    const { done, value } = await this.#groups.next();
    this.#next = done ? undefined : value;
  }

  async *#rowGroups(): AsyncGenerator<readonly Slice[], void, undefined> {
    const { signal, overviewName: name } = this.#options;
    const { runId } = this.#sources;
    const groups = new RowGroups();
    // The writer of overviews is loaded only for runs that get some.
    if (name !== undefined && this.#passes.some((pass) => pass.some(({ planned }) => planned.total >= OVERVIEW_POINTS)))
      this.#overview = new (await overviews()).OverviewCollector({ runId, name });
    for (const pass of this.#passes) {
      for (const { part, steps, times, values } of await gather(this.#sources, pass, signal ? { signal } : {})) {
        const { key, total } = part.planned;
        if (total >= OVERVIEW_POINTS && this.#overview)
          await inSlices(this.#overview.addInPieces({ key, total, steps, times, values }));
        yield* groups.add({ key, total, steps, times, values });
      }
    }
    yield* groups.end();
  }
}
