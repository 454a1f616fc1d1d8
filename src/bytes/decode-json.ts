import { LedgerError } from "../errors/ledger-error.ts";
import { setOwn } from "./dictionary.ts";
import { MARK, MAX_BIGINT_DIGITS } from "./encode-json.ts";
import { JSON_LIMITS, type JsonLimits, MAX_JSON_DEPTH, parseJson } from "./parse-json.ts";

const INTEGER: RegExp = new RegExp(`^(?:0|-?[1-9][0-9]{0,${MAX_BIGINT_DIGITS - 1}})$`);

/**
 * Returns the data from which `encodeJson` made the text. Objects are plain, and `__proto__` is an own key like
 * any other. Throws `CORRUPT` for any other text, also for one beyond the limits of `encodeJson`.
 */
export function decodeJson(text: string, limits: JsonLimits = JSON_LIMITS): unknown {
  // A wrapped value is an object with two members, so it counts three times.
  const parsed = parseJson(text, { chars: limits.chars, values: 3 * limits.values });
  // Most data has nothing to unwrap. A mark may be written with escapes.
  if (text.includes(MARK) || text.includes("\\u")) return decodeJsonValue(parsed, limits);
  let left = limits.values;
  const check = (value: unknown, level: number): void => {
    if (--left < 0) throw tooMany(limits);
    if (typeof value === "number" && !Number.isFinite(value)) throw beyond();
    if (typeof value !== "object" || value === null) return;
    if (level >= MAX_JSON_DEPTH) throw tooDeep();
    if (Array.isArray(value)) for (const item of value) check(item, level + 1);
    else for (const key of Object.keys(value)) check((value as Record<string, unknown>)[key], level + 1);
  };
  check(parsed, 0);
  return parsed;
}

interface DecodeFrame {
  readonly source: Record<string | number, unknown>;
  readonly target: Record<string | number, unknown>;
  readonly keys: readonly string[] | undefined;
  readonly length: number;
  next: number;
}

/**
 * Does what {@link decodeJson} does for a value from `JSON.parse`, such as a part of a document. Does not change the
 * value.
 */
export function decodeJsonValue(parsed: unknown, limits: JsonLimits = JSON_LIMITS): unknown {
  const stack: DecodeFrame[] = [];
  let values = 0;

  const take = (value: unknown): unknown => {
    if (++values > limits.values) throw tooMany(limits);
    if (typeof value === "number" && !Number.isFinite(value)) throw beyond();
    if (typeof value !== "object" || value === null) return value;
    let source = value as Record<string, unknown>;
    if (Object.hasOwn(source, MARK)) {
      const scalar = unwrap(source);
      if (typeof scalar !== "object") return scalar;
      source = scalar;
    }
    if (stack.length >= MAX_JSON_DEPTH) throw tooDeep();
    const keys = Array.isArray(source) ? undefined : Object.keys(source);
    const target = (keys === undefined ? [] : {}) as Record<string, unknown>;
    stack.push({ source, target, keys, length: keys?.length ?? (source as unknown as unknown[]).length, next: 0 });
    return target;
  };

  const result = take(parsed);
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    if (frame.next === frame.length) {
      stack.pop();
      continue;
    }
    if (frame.keys === undefined) frame.target[frame.next] = take(frame.source[frame.next]);
    else {
      const key = frame.keys[frame.next] as string;
      setOwn(frame.target, key, take(frame.source[key]));
    }
    frame.next++;
  }
  return result;
}

/**
 * Returns the object that a value from `JSON.parse` stands for, with its stored members. Returns
 * `undefined` for an array and for a value that is not an object.
 */
export function storedObject(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const source = value as Record<string, unknown>;
  const object = Object.hasOwn(source, MARK) ? unwrap(source) : source;
  return typeof object === "object" ? object : undefined;
}

/** Returns what a `{"$rl": …}` stands for: a number, a bigint, or an object whose keys have no special meaning. */
function unwrap(source: Record<string, unknown>): number | bigint | Record<string, unknown> {
  const kind = source[MARK];
  const v = source["v"];
  if (Object.keys(source).length === 2) {
    if (kind === "f64") {
      if (v === "NaN") return Number.NaN;
      if (v === "Infinity") return Number.POSITIVE_INFINITY;
      if (v === "-Infinity") return Number.NEGATIVE_INFINITY;
      if (v === "-0") return -0;
    } else if (kind === "int") {
      if (typeof v === "string" && INTEGER.test(v)) return BigInt(v);
    } else if (kind === "obj" && typeof v === "object" && v !== null && !Array.isArray(v)) {
      return v as Record<string, unknown>;
    }
  }
  throw corrupt(`holds a "${MARK}" that this version does not know`);
}

const tooMany = ({ values }: JsonLimits): LedgerError => corrupt(`holds more than ${values} values`);
const beyond = (): LedgerError => corrupt("holds a number beyond float64");
const tooDeep = (): LedgerError => corrupt(`is nested deeper than ${MAX_JSON_DEPTH} levels`);

function corrupt(what: string): LedgerError {
  return new LedgerError("CORRUPT", `stored JSON ${what}`);
}
