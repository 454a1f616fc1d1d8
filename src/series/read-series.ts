import type { Backend } from "../backend/backend.ts";
import { LedgerError } from "../backend/error.ts";
import { type Damage, losesRecords } from "../journal/damage.ts";
import type { RunEvent } from "../journal/event.ts";
import { listSegments } from "../journal/list-segments.ts";
import { type JournalVisitor, readWriter } from "../journal/reader.ts";
import type { RunCreated } from "../journal/run-created.ts";
import { compareWriters, writerOrder } from "../journal/writer-fold.ts";
import { Column } from "./column.ts";
import { joinColumns, type Series } from "./series.ts";

export interface HistoryOptions {
  /** Lowest step, inclusive. */
  readonly from?: number;
  /** Highest step, inclusive. */
  readonly to?: number;
  /**
   * What to do when records of the run are damaged or missing: `"reject"` (default) with `CORRUPT`, naming the object, or
   * `"skip"` to get what is intact.
   */
  readonly damaged?: "reject" | "skip";
  readonly signal?: AbortSignal;
}

/** Histories of a run's metrics, of all of them without `keys`, read from its journals. A key without values is absent. */
export async function readSeries(
  backend: Backend,
  created: RunCreated,
  keys: readonly string[] | undefined,
  options: HistoryOptions = {},
): Promise<Map<string, Series>> {
  const wanted = keys && new Set(keys);
  const call = options.signal ? { signal: options.signal } : {};
  const visits: SeriesVisit[] = [];
  for (const [writer, segments] of await listSegments(backend, created.id, call)) {
    const visit = new SeriesVisit(writer, wanted, options);
    await readWriter(backend, created.id, segments, visit, call);
    const lost = visit.lost;
    if (lost && options.damaged !== "skip") {
      throw new LedgerError("CORRUPT", `the history of run ${created.id} is not complete: ${lost.message}`, {
        key: lost.key,
      });
    }
    visits.push(visit);
  }
  visits.sort((a, b) => compareWriters(a.place(created), b.place(created)));
  const names = keys ?? new Set(visits.flatMap(({ columns }) => [...columns.keys()]));
  const histories = new Map<string, Series>();
  for (const name of names) {
    const columns = visits.flatMap((visit) => visit.columns.get(name) ?? []);
    if (columns.length > 0) histories.set(name, joinColumns(columns));
  }
  return histories;
}

class SeriesVisit implements JournalVisitor {
  readonly columns = new Map<string, Column>();
  readonly writer: string;
  lost: Damage | undefined;
  readonly #wanted: ReadonlySet<string> | undefined;
  readonly #from: number;
  readonly #to: number;
  readonly #columnsOfShape = new WeakMap<readonly string[], (Column | undefined)[]>();
  #sessionOrder: number | undefined;
  #firstOrder: number | undefined;

  constructor(writer: string, wanted: ReadonlySet<string> | undefined, { from, to }: HistoryOptions) {
    this.writer = writer;
    this.#wanted = wanted;
    this.#from = from ?? Number.NEGATIVE_INFINITY;
    this.#to = to ?? Number.POSITIVE_INFINITY;
  }

  place(created: RunCreated): { writer: string; order: number } {
    return { writer: this.writer, order: writerOrder(this.writer, created, this.#sessionOrder ?? this.#firstOrder) };
  }

  row(_n: number, keys: readonly string[], step: number, time: number, values: Float64Array): void {
    if (step < this.#from || step > this.#to) return;
    let columns = this.#columnsOfShape.get(keys);
    if (columns === undefined) {
      columns = keys.map((key) => this.#column(key));
      this.#columnsOfShape.set(keys, columns);
    }
    for (let i = 0; i < columns.length; i++) columns[i]?.push(step, time, values[i] as number);
  }

  event(_n: number, event: RunEvent): void {
    if (event.kind === "session") this.#sessionOrder ??= event.order;
    else if (event.kind !== "beat") this.#firstOrder ??= event.order;
  }

  damage(damage: Damage): void {
    if (losesRecords(damage)) this.lost ??= damage;
  }

  #column(key: string): Column | undefined {
    if (this.#wanted && !this.#wanted.has(key)) return undefined;
    let column = this.columns.get(key);
    if (column === undefined) {
      column = new Column();
      this.columns.set(key, column);
    }
    return column;
  }
}
