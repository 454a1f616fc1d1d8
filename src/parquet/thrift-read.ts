import { isBytes } from "../platform/any-realm.ts";
import { utf8Decoder } from "../bytes/utf8.ts";

// The types of the compact protocol.
const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const I16 = 4;
const I32 = 5;
const I64 = 6;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;

/** Nothing in Parquet's footer is nested deeper; logical types are nested deepest. */
const MAX_DEPTH = 12;
/** The reader ignores fields with higher numbers. Parquet's structs end at 17. */
const MAX_ID = 31;

/**
 * Reads the value of a field itself and returns true, or returns false to leave it to the reader. `before` has the
 * fields so far.
 */
export type FieldTaker = (id: number, before: Fields) => boolean;

/**
 * Reads Thrift's compact protocol, in which footers and page headers are written. Throws a RangeError for any other
 * bytes. The number of bytes and `budget` bound time and memory.
 */
export class ThriftReader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  at: number;
  /** How many more values the reader may create. A value can take one byte here and a hundred in memory. */
  budget: number;

  constructor(bytes: Uint8Array, at: number, budget: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = at;
    this.budget = budget;
  }

  /** Reads a struct. */
  struct(depth = 0, take?: FieldTaker): Fields {
    const values: unknown[] = [];
    const fields = new Fields(values);
    let id = 0;
    for (;;) {
      const head = this.#view.getUint8(this.at++);
      const type = head & 15;
      if (type === 0) return fields;
      id = head >> 4 === 0 ? unzigzag(this.#varint()) : id + (head >> 4);
      if (take?.(id, fields)) continue;
      // The type of a boolean field is its value. A boolean in a list takes a byte.
      const value = type <= FALSE ? type === TRUE : this.#value(type, depth);
      if (id > 0 && id <= MAX_ID) values[id] = value;
    }
  }

  /** Reads the head of a list of structs and returns how many follow. */
  structs(): number {
    const { type, size } = this.#listHead();
    if (type !== STRUCT && size > 0) throw malformed();
    return size;
  }

  #value(type: number, depth: number): unknown {
    if (depth > MAX_DEPTH || --this.budget < 0) throw malformed();
    switch (type) {
      case TRUE:
      case FALSE:
      case BYTE:
        return this.#view.getInt8(this.at++);
      case I16:
      case I32:
      case I64:
        return unzigzag(this.#varint());
      case DOUBLE:
        return this.#take(8);
      case BINARY:
        return this.#take(this.#varint());
      case LIST: {
        const { type: element, size } = this.#listHead();
        const values: unknown[] = [];
        for (let i = 0; i < size; i++) values.push(this.#value(element, depth + 1));
        return values;
      }
      case STRUCT:
        return this.struct(depth + 1);
      default:
        throw malformed();
    }
  }

  #listHead(): { type: number; size: number } {
    const head = this.#view.getUint8(this.at++);
    return { type: head & 15, size: head >> 4 === 15 ? this.#varint() : head >> 4 };
  }

  #take(length: number): Uint8Array {
    const start = this.at;
    if (!(length <= this.#bytes.length - start)) throw malformed();
    this.at = start + length;
    return this.#bytes.subarray(start, this.at);
  }

  /** Reads an unsigned number. Returns NaN for one beyond 2^53. */
  #varint(): number {
    let value = 0;
    for (let i = 0, place = 1; i < 10; i++, place *= 128) {
      const byte = this.#view.getUint8(this.at++);
      value += (byte & 127) * place;
      if (byte < 128) return value <= Number.MAX_SAFE_INTEGER ? value : NaN;
    }
    throw malformed();
  }
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

export function malformed(): RangeError {
  return new RangeError("it is malformed");
}

/**
 * The fields of a Thrift struct by their numbers. Getting a field that is missing or has another type throws a
 * RangeError.
 */
export class Fields {
  readonly #values: readonly unknown[];

  constructor(values: readonly unknown[]) {
    this.#values = values;
  }

  has(id: number): boolean {
    return this.#values[id] !== undefined;
  }

  integer(id: number): number {
    const value = this.#values[id];
    if (!Number.isSafeInteger(value)) throw wrong(id);
    return value as number;
  }

  /** Returns a view, not a copy. */
  bytes(id: number): Uint8Array {
    const value = this.#values[id];
    if (!isBytes(value)) throw wrong(id);
    return value;
  }

  text(id: number): string {
    return decoder.decode(this.bytes(id));
  }

  texts(id: number): string[] {
    return this.list(id).map((value) => {
      if (!isBytes(value)) throw wrong(id);
      return decoder.decode(value);
    });
  }

  isFalse(id: number): boolean {
    return this.#values[id] === false;
  }

  struct(id: number): Fields {
    const value = this.#values[id];
    if (!(value instanceof Fields)) throw wrong(id);
    return value;
  }

  structs(id: number): Fields[] {
    const values = this.list(id);
    if (!values.every((value) => value instanceof Fields)) throw wrong(id);
    return values;
  }

  list(id: number): unknown[] {
    const value = this.#values[id];
    if (!Array.isArray(value)) throw wrong(id);
    return value;
  }
}

const decoder = /* @__PURE__ */ utf8Decoder();

function wrong(id: number): RangeError {
  return new RangeError(`field ${id} is malformed`);
}
