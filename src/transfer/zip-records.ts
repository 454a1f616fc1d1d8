import { concatBytes } from "../backend/body.ts";
import { utf8Encoder } from "../bytes/utf8.ts";

/** 1 January 1980, the first day that the format knows. */
const DATE = 0x21;
/** Names are UTF-8. */
const UTF8 = 0x800;
/** Checksum and size follow the content. */
const FOLLOWS = 8;
const VERSION = 20;
const VERSION_64 = 45;
/** A file that its owner may write and others may read, as Unix has it. */
const ATTRIBUTES = 0o100644 * 65_536;
const BY_UNIX = 3 * 256;
/** From this number on, a field has this value, and the number stands in fields of 64 bits. */
const BEYOND_32 = 0xffff_ffff;
const BEYOND_16 = 0xffff;

/** A file in an archive. Its content is stored as it is. */
export interface ZipFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The CRC-32 of the content, if it stands before the content. Then the size is below 2^32 - 1. */
  readonly crc?: number | undefined;
}

/** Returns what stands before the content of a file. */
export function localHeader(file: ZipFile): Uint8Array {
  const { name, size, crc } = file;
  const is64 = size >= BEYOND_32;
  const extra = is64 ? zip64([0, 0]) : new Uint8Array(0);
  const sizes = is64 ? BEYOND_32 : crc === undefined ? 0 : size;
  const head = fields([4, 0x04034b50], [2, is64 ? VERSION_64 : VERSION], [2, flagsOf(file)], [2, 0], [2, 0], [2, DATE]);
  const bytes = utf8Encoder().encode(name);
  return concatBytes([
    head,
    fields([4, crc ?? 0], [4, sizes], [4, sizes], [2, bytes.length], [2, extra.length]),
    bytes,
    extra,
  ]);
}

/** Returns what stands behind the content of a file. */
export function descriptor({ size, crc: known }: ZipFile, crc: number): Uint8Array {
  if (known !== undefined) return new Uint8Array(0);
  const width = size >= BEYOND_32 ? 8 : 4;
  return fields([4, 0x08074b50], [4, crc], [width, size], [width, size]);
}

/** Returns the entry of a file in the directory at the end. `offset`: where its header begins. */
export function directoryEntry(file: ZipFile, crc: number, offset: number): Uint8Array {
  const { name, size } = file;
  const large = [...(size >= BEYOND_32 ? [size, size] : []), ...(offset >= BEYOND_32 ? [offset] : [])];
  const extra = large.length > 0 ? zip64(large) : new Uint8Array(0);
  const version = large.length > 0 ? VERSION_64 : VERSION;
  const shown = Math.min(size, BEYOND_32);
  const bytes = utf8Encoder().encode(name);
  return concatBytes([
    fields(
      [4, 0x02014b50],
      [2, BY_UNIX + version],
      [2, version],
      [2, flagsOf(file)],
      [2, 0],
      [2, 0],
      [2, DATE],
      [4, crc],
    ),
    fields([4, shown], [4, shown], [2, bytes.length], [2, extra.length], [2, 0], [2, 0], [2, 0]),
    fields([4, ATTRIBUTES], [4, Math.min(offset, BEYOND_32)]),
    bytes,
    extra,
  ]);
}

/** Returns the end of an archive. `size` and `offset`: those of the directory. */
export function endOfArchive(files: number, size: number, offset: number): Uint8Array {
  const is64 = files >= BEYOND_16 || size >= BEYOND_32 || offset >= BEYOND_32;
  const long = fields(
    [4, 0x06064b50],
    [8, 44],
    [2, BY_UNIX + VERSION_64],
    [2, VERSION_64],
    [4, 0],
    [4, 0],
    [8, files],
    [8, files],
    [8, size],
    [8, offset],
  );
  const locator = fields([4, 0x07064b50], [4, 0], [8, offset + size], [4, 1]);
  const count = Math.min(files, BEYOND_16);
  const places: [number, number][] = [
    [4, Math.min(size, BEYOND_32)],
    [4, Math.min(offset, BEYOND_32)],
  ];
  const end = fields([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], ...places, [2, 0]);
  return concatBytes(is64 ? [long, locator, end] : [end]);
}

function flagsOf({ crc }: ZipFile): number {
  return crc === undefined ? UTF8 | FOLLOWS : UTF8;
}

function zip64(numbers: readonly number[]): Uint8Array {
  return fields([2, 1], [2, 8 * numbers.length], ...numbers.map((each): [number, number] => [8, each]));
}

/** Returns numbers in so many bytes each, the lowest byte first. */
function fields(...numbers: readonly (readonly [bytes: number, value: number])[]): Uint8Array {
  const out = new Uint8Array(numbers.reduce((sum, [bytes]) => sum + bytes, 0));
  let at = 0;
  for (const [bytes, value] of numbers) {
    let rest = value;
    for (let i = 0; i < bytes; i++, rest = Math.floor(rest / 256)) out[at + i] = rest % 256;
    at += bytes;
  }
  return out;
}
