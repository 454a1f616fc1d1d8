import { isPlainObject } from "../platform/any-realm.ts";
import { utf8Encoder } from "../bytes/utf8.ts";
import { LedgerError, copyAdvice, describeType, invalidArgument } from "../errors/ledger-error.ts";
import { hasLoneSurrogate } from "../bytes/well-formed.ts";
import { MAX_METRICS } from "../journal/run-size.ts";
import { MAX_ROW_KEYS, type Shape, type ShapeRegistry } from "../journal/shape.ts";

/** The metrics of one call of `log()`: numbers, possibly nested. */
export interface Metrics {
  readonly [name: string]: number | bigint | undefined | Metrics;
}

/**
 * Metrics of any type `T` whose members are numbers or hold numbers. It admits an interface, which has no index
 * signature and so is not a {@link Metrics}.
 */
export type MetricsOf<T> = T extends readonly unknown[] | ArrayBufferView | ((...input: never) => unknown)
  ? never
  : T extends object
    ? { readonly [Name in keyof T]: T[Name] extends number | bigint | undefined ? T[Name] : MetricOf<T[Name]> }
    : never;

/** A number, or metrics below a name. */
type MetricOf<V> = V extends number | bigint | undefined ? V : MetricsOf<V>;

/** The greatest length of a metric name, in UTF-8 bytes. */
export const MAX_METRIC_NAME_BYTES = 512;
/** The deepest nesting of metrics. */
const MAX_DEPTH = 32;

const encoder = /* @__PURE__ */ utf8Encoder();

/**
 * Reads the metrics of a `log()` call into {@link values}. For plain numbers with the same keys as before, this is one
 * pass that allocates nothing.
 */
export class MetricInput {
  values: Float64Array = new Float64Array(64);
  /** The keys of the latest metrics without a shape, as UTF-8: the writer has too many shapes. */
  looseKeys: Uint8Array[] = [];
  /** The same keys as text. */
  looseNames: string[] = [];
  readonly #registry: ShapeRegistry;
  #last: Shape | undefined;

  constructor(registry: ShapeRegistry) {
    this.#registry = registry;
  }

  /**
   * Returns the shape of the metrics, `"loose"` if they have none, or `"nothing"` if there is no value. Throws
   * `INVALID_ARGUMENT`, which names the metric and the type of the wrong value.
   */
  read(metrics: Metrics): Shape | "loose" | "nothing" {
    const last = this.#last;
    if (last !== undefined) {
      const guess = last.next;
      if (this.#fits(guess, metrics)) {
        this.#last = guess;
        return guess;
      }
      if (guess !== last && this.#fits(last, metrics)) {
        last.next = last;
        return last;
      }
    }
    return this.#readAny(metrics);
  }

  /** Returns how many values the metrics hold. Throws like {@link read}, except for wrong names. */
  count(metrics: Metrics): number {
    return flatten(metrics).names.length;
  }

  #fits(shape: Shape, metrics: Metrics): boolean {
    const { keys } = shape;
    const { values } = this;
    let i = 0;
    for (const key in metrics) {
      if (i === keys.length || key !== keys[i]) return false;
      const value = metrics[key];
      if (typeof value !== "number") return false;
      values[i++] = value;
    }
    return i === keys.length;
  }

  #readAny(row: Metrics): Shape | "loose" | "nothing" {
    const { names, numbers } = flatten(row);
    if (names.length === 0) return "nothing";
    if (names.length > MAX_ROW_KEYS) {
      throw new LedgerError(
        "INVALID_ARGUMENT",
        `metrics has ${names.length} values, more than the ${MAX_ROW_KEYS} that one call may log`,
        { field: "metrics" },
      );
    }
    if (new Set(names).size < names.length) {
      const twice = names.find((name, i) => names.indexOf(name) !== i) as string;
      throw new LedgerError(
        "INVALID_ARGUMENT",
        `metrics holds ${JSON.stringify(twice)} twice: as a name, and as nested objects`,
        { field: twice },
      );
    }
    let metrics = this.#registry.keys.length;
    for (const name of names) {
      if (this.#registry.has(name)) continue;
      checkName(name);
      if (++metrics > MAX_METRICS)
        throw new LedgerError("TOO_LARGE", `a session may log ${MAX_METRICS} metrics, and ${name} would be one more`, {
          field: name,
        });
    }
    if (this.values.length < numbers.length) this.values = new Float64Array(numbers.length * 2);
    this.values.set(numbers);
    const shape = this.#registry.shapeOf(names);
    if (shape === undefined) {
      this.looseNames = names;
      this.looseKeys = names.map((name) => encoder.encode(name));
      return "loose";
    }
    if (this.#last) this.#last.next = shape;
    this.#last = shape;
    return shape;
  }
}

function flatten(metrics: Metrics): { names: string[]; numbers: number[] } {
  const names: string[] = [];
  const numbers: number[] = [];
  const walk = (level: Metrics, prefix: string, depth: number): void => {
    if (depth > MAX_DEPTH)
      throw invalidArgument(
        `metrics ${JSON.stringify(prefix)}`,
        `nested at most ${MAX_DEPTH} deep and without cycles`,
        level,
      );
    for (const key of Object.keys(level)) {
      const name = prefix === "" ? key : `${prefix}/${key}`;
      const value: unknown = level[key];
      if (value === undefined) continue;
      if (typeof value === "number") {
        names.push(name);
        numbers.push(value);
      } else if (typeof value === "bigint") {
        names.push(name);
        numbers.push(fromBigint(name, value));
      } else if (isPlainObject(value)) walk(value as Metrics, name, depth + 1);
      else throw wrongValue(name, value);
    }
  };
  if (!isPlainObject(metrics))
    throw invalidArgument(
      "metrics",
      "an object of numbers",
      metrics,
      copyAdvice(metrics, ", as in log({ loss: 0.5 })"),
    );
  walk(metrics, "", 1);
  return { names, numbers };
}

function fromBigint(name: string, value: bigint): number {
  const number = Number(value);
  if (Number.isFinite(number) && BigInt(number) === value) return number;
  throw new LedgerError(
    "INVALID_ARGUMENT",
    `metric ${JSON.stringify(name)} is a bigint that no float64 holds exactly`,
    { field: name, received: "bigint" },
  );
}

function wrongValue(name: string, value: unknown): LedgerError {
  const type = describeType(value);
  const field = name.length > 100 ? `${name.slice(0, 100)}…` : name;
  const isTensor =
    typeof value === "object" && value !== null && typeof (value as { dataSync?: unknown }).dataSync === "function";
  const hint = isTensor
    ? ": read it with dataSync()[0], or await data()"
    : type === "Promise"
      ? ": await it first"
      : Array.isArray(value) || ArrayBuffer.isView(value)
        ? ": log its elements by name"
        : typeof value === "boolean" ||
            (typeof value === "string" && value.trim() !== "" && !Number.isNaN(Number(value)))
          ? ": convert it with Number()"
          : copyAdvice(value);
  const received = isTensor ? "Tensor" : type;
  return new LedgerError(
    "INVALID_ARGUMENT",
    `metric ${JSON.stringify(field)} must be a number, but is of type ${received}${hint}`,
    { field, received },
  );
}

function checkName(name: string): void {
  const field = name.length > 100 ? `${name.slice(0, 100)}…` : name;
  const fail = (why: string): never => {
    throw new LedgerError("INVALID_ARGUMENT", `the metric name ${JSON.stringify(field)} ${why}`, {
      field,
      received: "string",
    });
  };
  if (name === "" || name.startsWith("/") || name.endsWith("/") || name.includes("//")) fail("has an empty part");
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) fail("holds control characters");
  if (hasLoneSurrogate(name)) fail("holds half of a surrogate pair");
  if (name.length > MAX_METRIC_NAME_BYTES || encoder.encode(name).length > MAX_METRIC_NAME_BYTES)
    fail(`is longer than ${MAX_METRIC_NAME_BYTES} bytes`);
}
