import { isError } from "../platform/any-realm.ts";
import { equalBytes } from "../backend/body.ts";
import type { ChunkLayout } from "./footer-read.ts";
import { decodeDelta } from "./delta-decode.ts";
import { decodePlainDoubles, decodePlainIntegers } from "./plain.ts";
import { joinPlanes } from "./byte-stream-split.ts";
import { type GroupLayout, hasManyKeys } from "./metrics-footer.ts";
import { ENCODING } from "./thrift-enums.ts";
import { compareBytes } from "../bytes/utf8-order.ts";
import { type KeyRun, decodeKeys } from "./key-column-decode.ts";
import type { ColumnName } from "./metrics-schema.ts";
import { type ChunkPages, readPages } from "./page-read.ts";
import type { ReadPoints } from "./points.ts";

/** Most bytes a page of keys may inflate to. */
const MAX_KEY_PAGE_BYTES = 16 * 1024 * 1024;

const MISSTATED = "it is not what the statistics say";

export interface DecodedGroup {
  /** Rows of one key each, in the order of the keys. */
  readonly runs: readonly KeyRun[];
  readonly points: ReadPoints;
}

/** A column chunk as it is stored, and what was decoded of it. */
interface DecodedChunk {
  readonly stored: Uint8Array;
  /** All that the footer says of it. */
  readonly described: string;
  readonly values: Float64Array;
  /** They are known to ascend. */
  readonly ascends: boolean;
}

/** What the row group before had. Keys that are logged together have the same steps and times, which are decoded once. */
export type ChunksBefore = Partial<Record<"step" | "time", DecodedChunk>>;

/**
 * Decodes a row group from bytes of the file that begin at `position` into `points`, which has as many places as the group
 * rows. `before` is kept from one row group of the file to the next; a caller that keeps it changes no points meanwhile. Throws a
 * RangeError that names the column.
 */
export function decodeRowGroup(
  group: GroupLayout,
  bytes: Uint8Array,
  position: number,
  points: ReadPoints,
  before: ChunksBefore = {},
): DecodedGroup {
  const { rows } = group;
  const storedIn = ({ start, end }: ChunkLayout): Uint8Array => bytes.subarray(start - position, end - position);
  const pages = (name: ColumnName, admit: (values: number, size: number) => boolean): ChunkPages => {
    const layout = group.chunks[name];
    return readPages(storedIn(layout), layout, rows, admit);
  };
  /** Whether the values are known to ascend. */
  const fixed = (name: ColumnName, out: Float64Array, decoders: Readonly<Record<number, FixedDecoder>>): boolean => {
    const { dictionary, data } = pages(name, admitFixed);
    if (dictionary !== undefined) throw new RangeError("it has a dictionary, which is not supported");
    let at = 0;
    let ascends = true;
    for (const { encoding, values, bytes: encoded } of data) {
      const decode = decoders[encoding];
      if (decode === undefined) throw new RangeError(`encoding ${encoding} is not supported`);
      ascends = (decode(encoded, out, at, values) ?? false) && ascends && (at === 0 || out[at - 1]! <= out[at]!);
      at += values;
    }
    return ascends;
  };

  const runs = inColumn("key", () =>
    hasManyKeys(group) ? checkKeys(group, decodeKeys(pages("key", admitKeys))) : [{ key: group.firstKey, rows }],
  );
  const integers = (name: "step" | "time", values: Float64Array, least: number, most: number): boolean => {
    const layout = group.chunks[name];
    const { start, dataStart, gzip, optional } = layout;
    const described = [rows, least, most, dataStart - start, gzip, optional].join();
    const stored = storedIn(layout);
    const known = before[name];
    let ascends: boolean;
    if (known?.described === described && equalBytes(known.stored, stored)) {
      // The same memory, it may be.
      values.set(known.values);
      ({ ascends } = known);
    } else {
      ascends = fixed(name, values, INTEGERS);
      checkBounds(values, least, most, ascends);
    }
    before[name] = { stored, described, values, ascends };
    return ascends;
  };
  const ascends = inColumn("step", () => integers("step", points.steps, group.minStep, group.maxStep));
  inColumn("time", () => integers("time", points.times, group.minTime, group.maxTime));
  inColumn("value", () => fixed("value", points.values, DOUBLES));
  return { runs, points: ascends ? { ...points, ascends } : points };
}

/** May know that the values ascend. */
type FixedDecoder = (bytes: Uint8Array, out: Float64Array, at: number, count: number) => boolean | void;

const INTEGERS: Readonly<Record<number, FixedDecoder>> = {
  [ENCODING.plain]: decodePlainIntegers,
  [ENCODING.delta]: decodeDelta,
};
const DOUBLES: Readonly<Record<number, FixedDecoder>> = {
  [ENCODING.plain]: decodePlainDoubles,
  [ENCODING.byteStreamSplit]: joinPlanes,
};

/** Eight bytes a value, and what delta blocks and levels may add. */
function admitFixed(values: number, size: number): boolean {
  return size <= values * 9 + 4096;
}

function admitKeys(_: number, size: number): boolean {
  return size <= MAX_KEY_PAGE_BYTES;
}

function inColumn<T>(name: ColumnName, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw new RangeError(`column ${name}: ${isError(cause) ? cause.message : "damaged"}`, { cause });
  }
}

function checkKeys(group: GroupLayout, runs: KeyRun[]): KeyRun[] {
  const first = runs[0]?.key ?? new Uint8Array();
  const last = runs.at(-1)?.key ?? new Uint8Array();
  if (compareBytes(first, group.firstKey) !== 0 || compareBytes(last, group.lastKey) !== 0) {
    throw new RangeError(MISSTATED);
  }
  return runs;
}

/** Are `least` and `most` among the values, and none is outside? */
function checkBounds(values: Float64Array, least: number, most: number, ascends: boolean): void {
  if (least === -Infinity) return;
  if (ascends) {
    if (values[0] !== least || values[values.length - 1] !== most) throw new RangeError(MISSTATED);
    return;
  }
  let hasLeast = false;
  let hasMost = false;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    // Rarely true, so this costs a fifth of finding minimum and maximum.
    if (value <= least || value >= most) {
      if (value < least || value > most) throw new RangeError(MISSTATED);
      hasLeast ||= value === least;
      hasMost ||= value === most;
    }
  }
  if (!hasLeast || !hasMost) throw new RangeError(MISSTATED);
}
