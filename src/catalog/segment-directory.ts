import { utf8Decoder, utf8Encoder } from "../bytes/utf8.ts";
import { crc32 } from "../bytes/crc32.ts";
import { parseJson } from "../bytes/parse-json.ts";
import { isCount, isDictionary } from "../journal/record-checks.ts";
import { SEGMENT_NAME } from "./segment-name.ts";
import { CODEC } from "../parquet/thrift-enums.ts";

/** A column of a segment. Places are bytes of the file. */
export interface ColumnEntry {
  readonly name: string;
  readonly type: ColumnType;
  readonly start: number;
  readonly size: number;
  readonly codec: number;
  /** Rows without a value. */
  readonly nulls: number;
  /** Bounds of its values, where there are any: those of texts may be beyond them. */
  readonly min?: number | string | undefined;
  readonly max?: number | string | undefined;
}

export type ColumnType = "double" | "int64" | "boolean" | "string";

/** Numbers of the newest row of a run in a segment that may stand in for rows of others. */
export type Amendment = readonly [id: string, document: number, marker: number];

/**
 * What a segment holds and where: all that its footer says too, as JSON, which JavaScript reads in a tenth of the time. It stands right
 * before the footer, with its length and CRC-32 behind it.
 */
export interface Directory {
  readonly rows: number;
  readonly columns: readonly ColumnEntry[];
  /** The column of records: where it begins, and bytes and rows of its pages, one behind the other. */
  readonly records: { readonly start: number; readonly sizes: readonly number[]; readonly rows: readonly number[] };
  readonly amends: readonly Amendment[];
  /** Something has no column. */
  readonly incomplete: boolean;
  /** Names of the other segments that the experiment had when this one was made. */
  readonly peers: readonly string[];
  /** Names of segments that this one stands in for, itself or through those it was made of. */
  readonly replaces: readonly string[];
}

const TYPES: readonly string[] = ["double", "int64", "boolean", "string"] satisfies ColumnType[];
const VERSION = 1;

/** Returns the directory of the segment `key`. */
export function encodeDirectory(key: string, { columns, ...rest }: Directory): Uint8Array {
  const rows = columns.map(({ name, type, start, size, codec, nulls, min, max }) =>
    min === undefined
      ? [name, type, start, size, codec, nulls]
      : [name, type, start, size, codec, nulls, toJson(min), toJson(max!)],
  );
  const text = utf8Encoder().encode(JSON.stringify({ v: VERSION, columns: rows, ...rest }));
  const bytes = new Uint8Array(text.length + 8);
  bytes.set(text);
  const view = new DataView(bytes.buffer, text.length);
  view.setUint32(0, text.length, true);
  view.setUint32(4, textCrc(key, text), true);
  return bytes;
}

/** CRC-32 of a directory, continued from that of the segment's key: no segment passes for that of another experiment. */
function textCrc(key: string, text: Uint8Array): number {
  return crc32(text, 0, text.length, crc32(utf8Encoder().encode(key)));
}

/** How many bytes the directory takes that ends with these, its length and checksum included. */
export function directorySize(end: Uint8Array): number {
  return new DataView(end.buffer, end.byteOffset + end.length - 8, 8).getUint32(0, true) + 8;
}

/** Throws a RangeError, or what decoding JSON throws, for anything but the directory of segment `key`, whose columns end before `limit`. */
export function decodeDirectory(key: string, bytes: Uint8Array, limit: number): Directory {
  const text = bytes.subarray(0, -8);
  const sum = new DataView(bytes.buffer, bytes.byteOffset + text.length + 4, 4).getUint32(0, true);
  if (textCrc(key, text) !== sum) throw new RangeError("its directory has a wrong checksum");
  const data = parseJson(utf8Decoder({ fatal: true }).decode(text));
  const { rows, columns, records, amends, incomplete, peers, replaces } = asDictionary(data, VERSION);
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
  };
}

function toColumn(column: unknown[], rows: number, limit: number): ColumnEntry {
  // By index, since there are hundreds: to take a list apart costs more than all that is done with the parts.
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

/** JSON has no word for infinity. */
const toJson = (bound: number | string): number | string =>
  typeof bound === "number" && !Number.isFinite(bound) ? String(bound) : bound;

function toAmendment(amendment: unknown): Amendment {
  const [id, document, marker] = asList(amendment);
  if (typeof id !== "string" || !isCount(document) || !isCount(marker)) throw malformed();
  return [id, document, marker];
}

/** The sum of numbers from 1 below 2^31, behind `start`. Thousands of them, before anything is compiled: plainly written. */
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
