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

/** The most bytes a page of keys may inflate to. */
const MAX_KEY_PAGE_BYTES = 16 * 1024 * 1024;

const MISSTATED = "its values contradict the statistics";

export interface DecodedGroup {
  /** The rows of each key, in the order of the keys. */
  readonly runs: readonly KeyRun[];
  readonly points: ReadPoints;
}

/** A stored column chunk, and the values decoded from it. */
interface DecodedChunk {
  readonly stored: Uint8Array;
  /** Everything that the footer states about it. */
  readonly described: string;
  readonly values: Float64Array;
  /** True if the values are known to ascend. */
  readonly ascends: boolean;
}

/**
 * Chunks of the previous row group. Keys that are logged together have the same steps and times, which are then decoded
 * only once.
 */
export type ChunksBefore = Partial<Record<"step" | "time", DecodedChunk>>;

/**
 * Decodes a row group into `points`, which must be as long as the group has rows. `bytes` are bytes of the file from
 * `position` on. Pass the same `before` for all row groups of a file, and do not change their points meanwhile. Throws
 * a RangeError that names the column.
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
  /** Decodes a column and returns whether its values are known to ascend. */
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
      // `values` may be the same memory as `known.values`.
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

/** Decodes a page. Returns true if it knows that the values ascend. */
type FixedDecoder = (bytes: Uint8Array, out: Float64Array, at: number, count: number) => boolean | void;

const INTEGERS: Readonly<Record<number, FixedDecoder>> = {
  [ENCODING.plain]: decodePlainIntegers,
  [ENCODING.delta]: decodeDelta,
};
const DOUBLES: Readonly<Record<number, FixedDecoder>> = {
  [ENCODING.plain]: decodePlainDoubles,
  [ENCODING.byteStreamSplit]: joinPlanes,
};

/** Allows eight bytes a value, and what delta blocks and levels may add. */
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

/** Throws unless `least` and `most` are among the values and no value is outside them. */
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
    // Rarely true, so this takes a fifth of the time of finding minimum and maximum.
    if (value <= least || value >= most) {
      if (value < least || value > most) throw new RangeError(MISSTATED);
      hasLeast ||= value === least;
      hasMost ||= value === most;
    }
  }
  if (!hasLeast || !hasMost) throw new RangeError(MISSTATED);
}
