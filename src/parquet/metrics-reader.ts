import { isError } from "../platform/any-realm.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import { utf8Encoder } from "../bytes/utf8.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { type FileLayout, type GroupLayout, type RowGroupInfo, hasManyKeys, readFooter } from "./metrics-footer.ts";
import { MAGIC } from "./thrift-enums.ts";
import { compareBytes } from "../bytes/utf8-order.ts";
import { decodeText } from "./plain.ts";
import {
  type Bounds,
  type PointsRange,
  type ReadPoints,
  Scratch,
  boundsOf,
  copyPoints,
  emptyPoints,
  joinPoints,
  overlap,
  selectPoints,
  viewPoints,
} from "./points.ts";
import { type Span, planSpans } from "./row-group-spans.ts";
import { type ChunksBefore, type DecodedGroup, decodeRowGroup } from "./row-group-decode.ts";

export type { PointsRange, ReadPoints, RowGroupInfo };

/** Reads `length` bytes from `offset` of the file. */
export type ReadRange = (offset: number, length: number) => Promise<Uint8Array>;

/** Bytes of the first read. They hold a footer of up to 230 row groups. */
const TAIL_BYTES = 64 * 1024;
const MAX_FOOTER_BYTES = 64 * 1024 * 1024;
/** Bytes of the footer's length and the magic. */
const TRAILER_BYTES = 8;
/** The most bytes that one read of several row groups takes, and the number of simultaneous reads. */
const SPAN_BYTES = 8 * 1024 * 1024;
const PARALLEL_READS = 4;
/** The same for a scan, which must need little memory. */
const SCAN_SPAN_BYTES = 1024 * 1024;
const PARALLEL_SCAN_READS = 2;
/** Rows that are decoded in a millisecond or two. Other work may run before more are decoded. */
const ROWS_AT_ONCE = 16 * 1024;

/**
 * Reads a Parquet file of metrics: the columns `key`, `step`, `time` and `value`, sorted by the UTF-8 of the keys.
 * Rejects with `CORRUPT`, naming the file and the place, for anything else. Passes on the errors of the given `read`.
 */
export class MetricsReader {
  readonly #read: ReadRange;
  readonly #name: string;
  readonly #tail: Uint8Array;
  readonly #tailStart: number;
  readonly #layout: FileLayout;

  private constructor(read: ReadRange, name: string, tail: Uint8Array, tailStart: number, layout: FileLayout) {
    this.#read = read;
    this.#name = name;
    this.#tail = tail;
    this.#tailStart = tailStart;
    this.#layout = layout;
  }

  /**
   * Reads the footer of a file of `size` bytes, whose key in the backend is `name`. Reads the last 64 KiB, and more
   * only if the footer is longer. With `runId`, rejects a file whose statistics show the points of another run.
   */
  static async open(read: ReadRange, size: number, name: string, runId?: string): Promise<MetricsReader> {
    if (!(size >= TRAILER_BYTES + 4)) throw corrupt(name, "it is too short");
    const tailStart = Math.max(0, size - TAIL_BYTES);
    const tail = await readExactly(read, name, tailStart, size - tailStart);
    const trailer = new DataView(tail.buffer, tail.byteOffset + tail.length - TRAILER_BYTES, TRAILER_BYTES);
    if (trailer.getUint32(4, true) !== MAGIC) throw corrupt(name, "it does not end like a Parquet file");
    const length = trailer.getUint32(0, true);
    const start = size - TRAILER_BYTES - length;
    if (start < 4 || length > MAX_FOOTER_BYTES) throw corrupt(name, "its footer has an impossible length");
    let footer: Uint8Array;
    if (start >= tailStart) footer = tail.subarray(start - tailStart, tail.length - TRAILER_BYTES);
    else {
      const before = await readExactly(read, name, start, tailStart - start);
      footer = new Uint8Array(length);
      footer.set(before);
      footer.set(tail.subarray(0, tail.length - TRAILER_BYTES), before.length);
    }
    const layout = guarded(name, "footer", () => readFooter(footer, start));
    const other = layout.groups.find((group) => runId !== undefined && (group.runId ?? runId) !== runId);
    if (other) throw corrupt(name, `it holds the points of run ${other.runId}`);
    return new MetricsReader(read, name, tail, tailStart, layout);
  }

  get rows(): number {
    return this.#layout.rows;
  }

  /** The row groups in the order of the file. */
  get rowGroups(): readonly RowGroupInfo[] {
    return this.#layout.groups;
  }

  /**
   * Returns the points inside `range` of the given keys, or of all keys, without the keys in `except`. Keys that have
   * such points are in the map, in the order of the file. Skips the row groups that the statistics exclude, and reads
   * neighbours together.
   */
  async points(
    keys: ReadonlySet<string> | undefined,
    range?: PointsRange,
    except?: ReadonlySet<string>,
  ): Promise<Map<string, ReadPoints>> {
    const found = new Map<string, ReadPoints>();
    for await (const { key, points, isLent } of this.series(keys, range, except))
      found.set(key, isLent ? copyPoints(points) : points);
    return found;
  }

  /**
   * Yields what {@link points} returns, a key at a time, so that memory does not grow with the number of keys. The next
   * iteration overwrites points that are lent.
   */
  async *series(
    keys: ReadonlySet<string> | undefined,
    range?: PointsRange,
    except?: ReadonlySet<string>,
  ): AsyncGenerator<{ key: string; points: ReadPoints; isLent: boolean }, void, undefined> {
    const bounds = boundsOf(range);
    const wantsKey = keys && keyFilter(keys);
    const isExcept = ({ minKey, maxKey }: GroupLayout): boolean => minKey === maxKey && (except?.has(minKey) ?? false);
    const groups = this.#layout.groups.filter(
      (group) => overlap(group, bounds) && !isExcept(group) && (wantsKey?.(group) ?? true),
    );
    // The last key of a row group may continue in the next one.
    let open: { readonly key: string; readonly parts: ReadPoints[] } | undefined;
    for await (const { group, decoded } of this.#decode(groups, SPAN_BYTES, PARALLEL_READS)) {
      for (const { key, points, isLent } of this.#split(group, decoded, keys, bounds)) {
        if (except?.has(key)) continue;
        if (open && open.key !== key) {
          yield { key: open.key, points: joinPoints(open.parts), isLent: false };
          open = undefined;
        }
        if (open === undefined && key !== group.maxKey) yield { key, points, isLent };
        else (open ??= { key, parts: [] }).parts.push(isLent ? copyPoints(points) : points);
      }
    }
    if (open) yield { key: open.key, points: joinPoints(open.parts), isLent: false };
  }

  /**
   * Yields all points, a row group at a time, so that memory does not grow with the file. A key comes once for each row
   * group it is in.
   */
  async *scan(): AsyncGenerator<{ key: string; points: ReadPoints }, void, undefined> {
    const { groups } = this.#layout;
    for await (const { group, decoded } of this.#decode(groups, SCAN_SPAN_BYTES, PARALLEL_SCAN_READS)) {
      for (const { key, points, isLent } of this.#split(group, decoded, undefined, boundsOf()))
        yield { key, points: isLent ? copyPoints(points) : points };
    }
  }

  *#split(
    group: GroupLayout,
    { runs, points }: DecodedGroup,
    keys: ReadonlySet<string> | undefined,
    wanted: Bounds,
  ): Generator<{ key: string; points: ReadPoints; isLent: boolean }, void, undefined> {
    const all = contains(wanted, group);
    let start = 0;
    for (const run of runs) {
      const end = start + run.rows;
      const key = guarded(this.#name, "keys", () => decodeText(run.key));
      if (keys === undefined || keys.has(key)) {
        // The points of a row group of one key have memory of their own.
        const part = all ? viewPoints(points, start, end) : selectPoints(points, start, end, wanted);
        if (part !== undefined) yield { key, points: part, isLent: all && hasManyKeys(group) };
      }
      start = end;
    }
  }

  /**
   * Decodes row groups in order while the next ones are read. Lets other work run between long ones, also between those
   * of different files, because the reads of many files may end together.
   */
  async *#decode(
    groups: readonly GroupLayout[],
    limit: number,
    parallel: number,
  ): AsyncGenerator<{ group: GroupLayout; decoded: DecodedGroup }, void, undefined> {
    const spans = planSpans(groups, limit);
    const scratch = new Scratch();
    const before: ChunksBefore = {};
    const ahead: Promise<Uint8Array>[] = [];
    let rows = 0;
    for (const [i, { start, groups: inside }] of spans.entries()) {
      while (ahead.length < parallel && i + ahead.length < spans.length) {
        const reading = this.#bytes(spans[i + ahead.length] as Span);
        // A read may fail while another is awaited. Its error is thrown later, unless an earlier error ended the loop.
        reading.catch(() => {});
        ahead.push(reading);
      }
      const bytes = await (ahead.shift() as Promise<Uint8Array>);
      for (const group of inside) {
        const place = `row group ${group.index}`;
        rows += group.rows;
        if (rows > ROWS_AT_ONCE) {
          rows = 0;
          await breakIfDue();
        }
        // Points of one key are passed on as they are. Points of several keys are copied out, so they can share memory.
        const points = hasManyKeys(group) ? scratch.take(group.rows) : emptyPoints(group.rows);
        yield { group, decoded: guarded(this.#name, place, () => decodeRowGroup(group, bytes, start, points, before)) };
      }
    }
  }

  async #bytes({ start, end }: Span): Promise<Uint8Array> {
    const inTail = start - this.#tailStart;
    if (inTail >= 0) return this.#tail.subarray(inTail, inTail + end - start);
    return await readExactly(this.#read, this.#name, start, end - start);
  }
}

/** Returns a test whether a row group can hold one of `keys`. */
function keyFilter(keys: ReadonlySet<string>): (group: GroupLayout) => boolean {
  const encoder = utf8Encoder();
  const sorted = [...keys].map((key) => encoder.encode(key)).sort(compareBytes);
  return ({ firstKey, lastKey }) => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes(sorted[middle] as Uint8Array, firstKey) < 0) low = middle + 1;
      else high = middle;
    }
    const next = sorted[low];
    return next !== undefined && compareBytes(next, lastKey) <= 0;
  };
}

/** Returns whether all points of a row group are wanted, whichever of those that its statistics allow it holds. */
function contains(wanted: Bounds, group: Bounds): boolean {
  return (
    wanted.minStep <= group.minStep &&
    wanted.maxStep >= group.maxStep &&
    wanted.minTime <= group.minTime &&
    wanted.maxTime >= group.maxTime
  );
}

/** Reads `length` bytes from `offset` on. Rejects with `CORRUPT` if the file has fewer. */
export async function readExactly(read: ReadRange, name: string, offset: number, length: number): Promise<Uint8Array> {
  const bytes = await read(offset, length);
  if (bytes.length !== length) throw corrupt(name, `bytes ${offset} to ${offset + length} are incomplete`);
  return bytes;
}

/**
 * Runs `decode`, which does not know the file. Turns what it throws into a `CORRUPT` that names the file and the place.
 */
export function guarded<T>(name: string, place: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw corrupt(name, `${place}: ${isError(cause) ? cause.message : "damaged"}`, cause);
  }
}

function corrupt(name: string, what: string, cause?: unknown): LedgerError {
  return new LedgerError("CORRUPT", `${name} cannot be read: ${what}`, { key: name, cause });
}
