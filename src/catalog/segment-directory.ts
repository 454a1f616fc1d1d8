import { utf8Decoder, utf8Encoder } from "../bytes/utf8.ts";
import { crc32 } from "../bytes/crc32.ts";
import { parseJson } from "../bytes/parse-json.ts";
import { isCount, isDictionary } from "../journal/record-checks.ts";
import { SEGMENT_NAME } from "./segment-name.ts";
import { CODEC } from "../parquet/thrift-enums.ts";

/** A column of a segment. Positions are in bytes of the file. */
export interface ColumnEntry {
  readonly name: string;
  readonly type: ColumnType;
  readonly start: number;
  readonly size: number;
  readonly codec: number;
  /** The number of rows without a value. */
  readonly nulls: number;
  /** Bounds of its values, if known. The bounds of texts may be wider than the values. */
  readonly min?: number | string | undefined;
  readonly max?: number | string | undefined;
}

export type ColumnType = "double" | "int64" | "boolean" | "string";

/** The numbers of a run's row that may supersede rows of the run in other segments. */
export type Amendment = readonly [id: string, document: number, marker: number];

/**
 * What a segment holds, and where. The directory repeats the footer as JSON, which JavaScript reads in a tenth of the
 * time. It comes right before the footer, followed by its length and CRC-32.
 */
export interface Directory {
  readonly rows: number;
  readonly columns: readonly ColumnEntry[];
  /** The column of records: its beginning, and the bytes and rows of its consecutive pages. */
  readonly records: { readonly start: number; readonly sizes: readonly number[]; readonly rows: readonly number[] };
  readonly amends: readonly Amendment[];
  /** True if a value has no column. */
  readonly incomplete: boolean;
  /** The names of the other segments that the experiment had when this one was made. */
  readonly peers: readonly string[];
  /** The names of segments that this one replaces, directly or through the segments from which it was made. */
  readonly replaces: readonly string[];
  /** What a joint segment repeats, in the order of its rows. Empty for any other segment. */
  readonly repeats: readonly RepeatedSegment[];
}

/** A segment of one experiment whose rows a joint segment repeats. */
export interface RepeatedSegment extends Pick<Directory, "rows" | "peers" | "replaces"> {
  /** The part of the key that stands for the experiment. */
  readonly experiment: string;
  readonly name: string;
}

const TYPES: readonly string[] = ["double", "int64", "boolean", "string"] satisfies ColumnType[];
const VERSION = 1;

/** Returns the directory of the segment `key`. */
export function encodeDirectory(key: string, { columns, repeats, ...rest }: Directory): Uint8Array {
  const rows = columns.map(({ name, type, start, size, codec, nulls, min, max }) =>
    min === undefined
      ? [name, type, start, size, codec, nulls]
      : [name, type, start, size, codec, nulls, toJson(min), toJson(max!)],
  );
  const joined = repeats.length > 0 && {
    repeats: repeats.map((each) => [each.experiment, each.name, each.rows, each.peers, each.replaces]),
  };
  const text = utf8Encoder().encode(JSON.stringify({ v: VERSION, columns: rows, ...rest, ...joined }));
  const bytes = new Uint8Array(text.length + 8);
  bytes.set(text);
  const view = new DataView(bytes.buffer, text.length);
  view.setUint32(0, text.length, true);
  view.setUint32(4, textCrc(key, text), true);
  return bytes;
}

/**
 * Returns the CRC-32 of a directory, continued from that of the segment's key. So a segment cannot pass for one of
 * another experiment.
 */
function textCrc(key: string, text: Uint8Array): number {
  return crc32(text, 0, text.length, crc32(utf8Encoder().encode(key)));
}

/** Returns the size in bytes of the directory that ends with `end`, including its length and checksum. */
export function directorySize(end: Uint8Array): number {
  return new DataView(end.buffer, end.byteOffset + end.length - 8, 8).getUint32(0, true) + 8;
}

/**
 * Returns the directory of segment `key`. Throws a RangeError, or an error of decoding JSON, for anything else, and if
 * a column does not end before `limit`.
 */
export function decodeDirectory(key: string, bytes: Uint8Array, limit: number): Directory {
  const text = bytes.subarray(0, -8);
  const sum = new DataView(bytes.buffer, bytes.byteOffset + text.length + 4, 4).getUint32(0, true);
  if (textCrc(key, text) !== sum) throw new RangeError("its directory has a wrong checksum");
  const data = parseJson(utf8Decoder({ fatal: true }).decode(text));
  const { rows, columns, records, amends, incomplete, peers, replaces, repeats = [] } = asDictionary(data, VERSION);
  const { start, sizes, rows: pageRows } = asDictionary(records);
  if (!isCount(rows) || rows < 1 || !isCount(start) || typeof incomplete !== "boolean") throw malformed();
  const ended = total(sizes, start);
  if (total(pageRows, 0) !== rows || (sizes as number[]).length !== (pageRows as number[]).length || ended > limit)
    throw malformed();
  return {
    rows,
    columns: asList(columns).map((column) => toColumn(asList(column), rows, limit)),
    records: { start, sizes: sizes as number[], rows: pageRows as number[] },
    amends: asList(amends).map(toAmendment),
    incomplete,
    peers: asList(peers).map(toName),
    replaces: asList(replaces).map(toName),
    repeats: toRepeats(repeats, rows),
  };
}

function toRepeats(list: unknown, rows: number): RepeatedSegment[] {
  let left = rows;
  const repeats = asList(list).map((each) => {
    const [experiment, name, own, peers, replaces] = asList(each);
    if (typeof experiment !== "string" || !isCount(own) || own < 1) throw malformed();
    left -= own;
    return {
      experiment,
      name: toName(name),
      rows: own,
      peers: asList(peers).map(toName),
      replaces: asList(replaces).map(toName),
    };
  });
  if (repeats.length > 0 && left !== 0) throw malformed();
  return repeats;
}

function toColumn(column: unknown[], rows: number, limit: number): ColumnEntry {
  // By index, because there are hundreds, and destructuring a list costs more than all other work on it.
  const name = column[0];
  const type = column[1];
  const start = column[2];
  const size = column[3];
  const codec = column[4];
  const nulls = column[5];
  const min = column[6];
  const max = column[7];
  if (typeof name !== "string" || !TYPES.includes(type as string) || !isCount(start) || !isCount(size))
    throw malformed();
  if (size === 0 || start + size > limit || !isCount(nulls) || nulls > rows) throw malformed();
  if (codec !== CODEC.none && codec !== CODEC.gzip) throw malformed();
  const entry = { name, type: type as ColumnType, start, size, codec, nulls };
  if (min === undefined) return entry;
  if (type === "string" && typeof min === "string" && typeof max === "string") return { ...entry, min, max };
  const least = Number(min);
  const most = Number(max);
  if (!(least <= most)) throw malformed();
  return { name, type: type as ColumnType, start, size, codec, nulls, min: least, max: most };
}

function toName(name: unknown): string {
  if (typeof name !== "string" || !SEGMENT_NAME.test(name)) throw malformed();
  return name;
}

/** Infinity has no form in JSON. */
const toJson = (bound: number | string): number | string =>
  typeof bound === "number" && !Number.isFinite(bound) ? String(bound) : bound;

function toAmendment(amendment: unknown): Amendment {
  const [id, document, marker] = asList(amendment);
  if (typeof id !== "string" || !isCount(document) || !isCount(marker)) throw malformed();
  return [id, document, marker];
}

/**
 * Returns `start` plus the sum of numbers, each from 1 to below 2^31. Written without closures, because it runs
 * thousands of times before the engine compiles it.
 */
function total(numbers: unknown, start: number): number {
  const list = asList(numbers);
  let sum = start;
  for (let i = 0; i < list.length; i++) {
    const number = list[i] as number;
    if ((number | 0) !== number || number < 1) throw malformed();
    sum += number;
  }
  return sum;
}

function asList(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw malformed();
  return value;
}

function asDictionary(value: unknown, version?: number): Record<string, unknown> {
  if (!isDictionary(value) || value["v"] !== version) throw malformed();
  return value;
}

const malformed = (): RangeError => new RangeError("its directory is malformed");
