import { unzlibSync } from "fflate";
import { LedgerError } from "../../errors/ledger-error.ts";
import { builtinModule } from "../../platform/builtin-module.ts";
import { MAX_COMPARED_FILE, MAX_READ_FILE } from "../limits.ts";

/** More deltas on each other are not followed. Git makes at most 4,095. */
const MAX_CHAIN = 4096;
/** The most bytes of an index of a pack: of two million objects. */
export const MAX_PACK_INDEX: number = 64 * 1024 * 1024;
const ID_BYTES = 20;
const FANOUT_BYTES = 8 + 256 * 4;
/** Types of objects in a pack. */
const OFFSET_DELTA = 6;
const REFERENCE_DELTA = 7;

/** The files of packs that are needed. Each of them is read once. */
export interface PackFiles {
  /** Returns the paths of the indexes without `.idx`. */
  list(): Promise<readonly string[]>;
  read(path: string): Promise<Uint8Array>;
}

/**
 * Finds out how large objects in packs are before they are read: isomorphic-git inflates all that a pack holds, and
 * makes as many bytes as a delta promises.
 */
export class PackSizes {
  readonly #files: PackFiles;
  #packs: Promise<readonly Pack[]> | undefined;

  constructor(files: PackFiles) {
    this.#files = files;
  }

  /**
   * Returns how many bytes reading an object takes, 0 if it is in no pack. Rejects with `TOO_LARGE` if the object, or
   * one that it is made from, is too large, and with `CORRUPT` if a pack is damaged.
   */
  async check(id: string): Promise<number> {
    const packs = await (this.#packs ??= this.#open());
    let bytes = 0;
    let wanted: string | undefined = id;
    for (let links = 0; wanted !== undefined; links++) {
      if (links > MAX_CHAIN) throw tooLarge("a chain of deltas");
      let next: string | undefined;
      for (const pack of packs) {
        const offset = pack.find(wanted);
        if (offset === undefined) continue;
        const found = measure(await this.#files.read(`${pack.path}.pack`), offset);
        bytes += found.bytes;
        next ??= found.base;
      }
      wanted = next;
    }
    return bytes;
  }

  async #open(): Promise<readonly Pack[]> {
    const paths = await this.#files.list();
    return await Promise.all(paths.map(async (path) => new Pack(path, await this.#files.read(`${path}.idx`))));
  }
}

/** The index of a pack. */
class Pack {
  readonly path: string;
  readonly #view: DataView;
  readonly #index: Uint8Array;
  readonly #count: number;

  constructor(path: string, index: Uint8Array) {
    this.path = path;
    this.#index = index;
    this.#view = new DataView(index.buffer, index.byteOffset, index.byteLength);
    if (index.length < FANOUT_BYTES || this.#view.getUint32(0) !== 0xff744f63 || this.#view.getUint32(4) !== 2)
      throw damaged("the index of a pack");
    this.#count = this.#view.getUint32(FANOUT_BYTES - 4);
    if (FANOUT_BYTES + this.#count * (ID_BYTES + 8) > index.length) throw damaged("the index of a pack");
    // isomorphic-git also finds ids that are not in order.
    for (let i = 1; i < this.#count; i++)
      if (this.#compare(i, this.#idAt(i - 1)) <= 0) throw damaged("the index of a pack");
  }

  /** Returns where an object is in the pack. */
  find(id: string): number | undefined {
    const wanted = Uint8Array.from({ length: ID_BYTES }, (_, i) => Number.parseInt(id.slice(2 * i, 2 * i + 2), 16));
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = this.#compare(middle, wanted);
      if (order === 0) return this.#view.getUint32(FANOUT_BYTES + this.#count * (ID_BYTES + 4) + 4 * middle);
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }

  #idAt(i: number): Uint8Array {
    return this.#index.subarray(FANOUT_BYTES + i * ID_BYTES, FANOUT_BYTES + (i + 1) * ID_BYTES);
  }

  #compare(i: number, id: Uint8Array): number {
    const from = FANOUT_BYTES + i * ID_BYTES;
    for (let at = 0; at < ID_BYTES; at++) {
      const difference = (this.#index[from + at] as number) - (id[at] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  }
}

/** Returns what reading an object takes, and the id of what it is made from if that may be in another pack. */
function measure(pack: Uint8Array, start: number): { readonly bytes: number; readonly base?: string } {
  let bytes = 0;
  let offset = start;
  for (let links = 0; links <= MAX_CHAIN; links++) {
    const cursor = new Cursor(pack, offset);
    const { type, size } = cursor.header();
    if (size > MAX_COMPARED_FILE) throw tooLarge("an object in a pack");
    const back = type === OFFSET_DELTA ? cursor.distance() : 0;
    const base = type === REFERENCE_DELTA ? cursor.id() : undefined;
    const inflated = inflate(pack.subarray(cursor.at), size);
    bytes += size;
    if (type !== OFFSET_DELTA && type !== REFERENCE_DELTA) return { bytes };
    const delta = new Cursor(inflated, 0);
    delta.number();
    const result = delta.number();
    if (result > MAX_COMPARED_FILE) throw tooLarge("an object in a pack");
    bytes += result;
    if (base !== undefined) return { bytes, base };
    if (back <= 0 || back > offset) throw damaged("a pack");
    offset -= back;
  }
  throw tooLarge("a chain of deltas");
}

/** The call of `node:zlib` that is used. It stops at the limit, and at the end of the stream. */
interface NodeZlib {
  inflateSync(bytes: Uint8Array, options: { readonly maxOutputLength: number }): Uint8Array;
}

/** Inflates the stream at the start of some bytes. Throws if it has more than `size` bytes. */
function inflate(bytes: Uint8Array, size: number): Uint8Array {
  try {
    const zlib = builtinModule<NodeZlib>("node:zlib");
    // fflate drops what is beyond the given buffer, but reads the stream to its end.
    const inflated = zlib
      ? zlib.inflateSync(bytes, { maxOutputLength: size + 1 })
      : unzlibSync(bytes, { out: new Uint8Array(size + 1) });
    if (inflated.length === size) return inflated;
  } catch {
    // Below.
  }
  throw damaged("an object in a pack");
}

/** Reads the numbers in a pack. What is beyond its end counts as 0. */
class Cursor {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  header(): { readonly type: number; readonly size: number } {
    const first = this.#next();
    const rest = first & 128 ? this.number() : 0;
    return { type: (first >> 4) & 7, size: (first & 15) + rest * 16 };
  }

  /** Returns a number of seven bits a byte, the lowest first. It may have more than 32 bits. */
  number(): number {
    let value = 0;
    for (let factor = 1; factor < 2 ** 60; factor *= 128) {
      const byte = this.#next();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    return Infinity;
  }

  /** Returns how far before an object the one is that it is made from. */
  distance(): number {
    let value = -1;
    for (let bytes = 0; bytes < 8; bytes++) {
      const byte = this.#next();
      value = (value + 1) * 128 + (byte & 127);
      if (byte < 128) return value;
    }
    return Infinity;
  }

  id(): string {
    let hex = "";
    for (let i = 0; i < ID_BYTES; i++) hex += this.#next().toString(16).padStart(2, "0");
    return hex;
  }

  #next(): number {
    return this.#bytes[this.at++] ?? 0;
  }
}

function tooLarge(what: string): LedgerError {
  return new LedgerError("TOO_LARGE", `${what} is too large`, { operation: "captureGit" });
}

function damaged(what: string): LedgerError {
  return new LedgerError("CORRUPT", `${what} is damaged`, { operation: "captureGit" });
}

/** Returns whether a file of packs is small enough to be read. */
export function isReadablePackFile(path: string, size: number): boolean {
  return size <= (path.endsWith(".idx") ? MAX_PACK_INDEX : MAX_READ_FILE);
}
