import { isArrayBuffer, isDate, isMap } from "../platform/any-realm.ts";
import { LedgerError, describeType, invalidArgument } from "../errors/ledger-error.ts";
import { JSON_LIMITS, type JsonLimits, MAX_JSON_DEPTH } from "./parse-json.ts";

/** The most decimal digits of a bigint. */
export const MAX_BIGINT_DIGITS = 1000;
/** The first key of an object that wraps a value. */
export const MARK = "$rl";

const BIGINT_LIMIT: bigint = 10n ** BigInt(MAX_BIGINT_DIGITS);
/** How many values are written between two yields. */
const PIECE = 4096;

/**
 * Returns the caller's data as JSON text, from which `decodeJson` makes the same data.
 *
 * These values are written as they are: strings (lone surrogates included), booleans, `null`, finite numbers, arrays,
 * and objects whose prototype is `Object.prototype` (of any realm) or `null`, with all own enumerable string keys, also
 * `__proto__`. Values that JSON cannot hold are wrapped: `NaN`, `±Infinity` and `-0` as `{"$rl":"f64","v":"NaN"}`, a
 * bigint as `{"$rl":"int","v":"123"}`, and an object with a key `$rl` as `{"$rl":"obj","v":{…}}`.
 *
 * Leaves out properties that are `undefined` or named by a symbol. Never calls `toJSON`, and calls getters once.
 *
 * Throws `INVALID_ARGUMENT`, with the path of the value below `field`, for `undefined` anywhere else (also holes of
 * arrays), functions, symbols, dates, maps, typed arrays and all other class instances, cycles, a getter that throws, a
 * bigint of more than {@link MAX_BIGINT_DIGITS} digits, and nesting deeper than {@link MAX_JSON_DEPTH}. Throws
 * `TOO_LARGE` beyond `limits`, by default {@link JSON_LIMITS}. Uses no recursion.
 */
export function encodeJson(value: unknown, field: string, limits: JsonLimits = JSON_LIMITS): string {
  const encoder = new Encoder(field, limits);
  encoder.begin(value);
  encoder.advance(Infinity);
  return encoder.text;
}

/** Returns what {@link encodeJson} returns. Yields where it may be interrupted. */
export function* encodeJsonInPieces(
  value: unknown,
  field: string,
  limits: JsonLimits = JSON_LIMITS,
): Generator<void, string, void> {
  const encoder = new Encoder(field, limits);
  encoder.begin(value);
  while (!encoder.advance(PIECE)) yield;
  return encoder.text;
}

interface EncodeFrame {
  readonly source: object;
  /** `undefined` for an array. */
  readonly keys: readonly string[] | undefined;
  readonly length: number;
  readonly close: string;
  /** The index of the next entry. The one before it is being written. */
  next: number;
  empty: boolean;
}

class Encoder {
  readonly #field: string;
  readonly #limits: JsonLimits;
  readonly #stack: EncodeFrame[] = [];
  readonly #open = new Set<object>();
  text = "";
  #values = 0;

  constructor(field: string, limits: JsonLimits) {
    this.#field = field;
    this.#limits = limits;
  }

  begin(value: unknown): void {
    this.#value(value);
  }

  /** Writes up to `most` members and items. Returns whether the text is complete. */
  advance(most: number): boolean {
    for (let frame = this.#stack.at(-1); frame !== undefined; frame = this.#stack.at(-1)) {
      if (most-- <= 0) return false;
      if (frame.next === frame.length) {
        this.#stack.pop();
        this.#open.delete(frame.source);
        this.#write(frame.close);
        continue;
      }
      const key = frame.keys === undefined ? frame.next : (frame.keys[frame.next] as string);
      frame.next++;
      const { source } = frame;
      let item: unknown;
      try {
        item = (source as Record<string | number, unknown>)[key];
      } catch (cause) {
        throw this.#unreadable(source, cause);
      }
      if (item === undefined && frame.keys !== undefined) continue;
      if (!frame.empty) this.#write(",");
      frame.empty = false;
      if (typeof key === "string") {
        this.#string(key);
        this.#write(":");
      }
      this.#value(item);
    }
    return true;
  }

  #value(value: unknown): void {
    if (++this.#values > this.#limits.values) throw this.#tooLarge(`${this.#limits.values} values`);
    if (value === null || value === true || value === false) this.#write(String(value));
    else if (typeof value === "string") this.#string(value);
    else if (typeof value === "number") this.#number(value);
    else if (typeof value === "bigint") this.#bigint(value);
    else if (typeof value === "object") this.#container(value);
    else throw invalidArgument(this.#path(), "JSON data", value);
  }

  #write(text: string): void {
    const { chars } = this.#limits;
    if (this.text.length + text.length > chars) throw this.#tooLarge(`${chars} characters of JSON`);
    this.text += text;
  }

  #string(text: string): void {
    const { chars } = this.#limits;
    if (text.length > chars) throw this.#tooLarge(`${chars} characters of JSON`);
    this.#write(JSON.stringify(text));
  }

  #number(value: number): void {
    if (Number.isFinite(value) && !Object.is(value, -0)) this.#write(String(value));
    else this.#write(`{"${MARK}":"f64","v":"${Object.is(value, -0) ? "-0" : value}"}`);
  }

  #bigint(value: bigint): void {
    if (value >= BIGINT_LIMIT || value <= -BIGINT_LIMIT) {
      throw invalidArgument(this.#path(), `a bigint of at most ${MAX_BIGINT_DIGITS} digits`, value);
    }
    this.#write(`{"${MARK}":"int","v":"${value}"}`);
  }

  #container(source: object): void {
    if (this.#open.has(source)) throw this.#fault("contains itself: cyclic data cannot be stored", source);
    if (this.#stack.length >= MAX_JSON_DEPTH)
      throw this.#fault(`is nested deeper than ${MAX_JSON_DEPTH} levels`, source);
    let length: number | undefined;
    let keys: string[] | undefined;
    try {
      if (Array.isArray(source)) length = source.length;
      else if (isPlain(source)) keys = Object.keys(source);
    } catch (cause) {
      throw this.#unreadable(source, cause);
    }
    if (length !== undefined) {
      this.#write("[");
      this.#push({ source, keys: undefined, length, close: "]", next: 0, empty: true });
      return;
    }
    if (keys === undefined) throw invalidArgument(this.#path(), instead(source), source);
    const wrapped = keys.includes(MARK);
    this.#write(wrapped ? `{"${MARK}":"obj","v":{` : "{");
    this.#push({ source, keys, length: keys.length, close: wrapped ? "}}" : "}", next: 0, empty: true });
  }

  #push(frame: EncodeFrame): void {
    this.#open.add(frame.source);
    this.#stack.push(frame);
  }

  #unreadable(value: object, cause: unknown): LedgerError {
    return this.#fault("cannot be read: a getter or a proxy throws", value, cause);
  }

  #fault(what: string, value: unknown, cause?: unknown): LedgerError {
    const field = this.#path();
    return new LedgerError("INVALID_ARGUMENT", `${field} ${what}`, { field, received: describeType(value), cause });
  }

  #tooLarge(limit: string): LedgerError {
    return new LedgerError(
      "TOO_LARGE",
      `${this.#field} is too large: more than ${limit}; store it as an artifact instead`,
      {
        field: this.#field,
      },
    );
  }

  #path(): string {
    let path = this.#field;
    for (const frame of this.#stack) {
      if (path.length > 160) return `${path}…`;
      const key = frame.keys?.[frame.next - 1];
      if (key === undefined) path += `[${frame.next - 1}]`;
      else path += /^[A-Za-z_$][\w$]{0,63}$/.test(key) ? `.${key}` : `[${JSON.stringify(key.slice(0, 64))}]`;
    }
    return path;
  }
}

/** Returns whether only the own properties of an object count. Works for objects of other realms. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, "isPrototypeOf");
}

function instead(value: object): string {
  if (isDate(value)) return "JSON data (give a date as a string or as a number of milliseconds)";
  if (isMap(value)) return "JSON data (Object.fromEntries() makes an object of a Map)";
  if (ArrayBuffer.isView(value) || isArrayBuffer(value)) {
    return "JSON data (give numbers as an Array, bytes as an artifact)";
  }
  const type = describeType(value);
  if (type === "Tensor" || type === "Variable") return "JSON data (dataSync() or data() gives the numbers of a Tensor)";
  if (type === "Set" || type.endsWith("Iterator")) return "JSON data (Array.from() makes an Array of it)";
  return "plain JSON data ({ ...value } copies the fields of an instance)";
}
