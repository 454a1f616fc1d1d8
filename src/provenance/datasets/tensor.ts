import { describeType, LedgerError } from "../../errors/ledger-error.ts";
import { abortable } from "../../platform/abort.ts";
import { isDataView, isTypedArray, messageOf } from "../../platform/any-realm.ts";

/** A tensor of TensorFlow.js, by its members. The library never imports TensorFlow.js. */
export interface TensorLike {
  /** The sizes of the dimensions. The first one counts the rows. */
  readonly shape: readonly number[];
  /** The type of the values: `float32`, `int32`, `bool` or `string`. */
  readonly dtype: string;
  /** Returns the values row by row: a typed array of numbers, and for `string` an array of texts. */
  data(): Promise<ArrayLike<unknown>>;
}

/** The values of a tensor. */
export interface TensorData {
  readonly shape: readonly number[];
  /** How many values a row has. */
  readonly rowSize: number;
  /** Returns a value. */
  readonly at: (index: number) => unknown;
  /** All values, if they are numbers. */
  readonly numbers?: ArrayLike<number>;
}

/** The most dimensions of a tensor. Lists in cells are nested as deep. */
const MAX_DIMENSIONS = 64;
/** The most rows, and lists in them, of a tensor without values: nothing in memory bounds them. */
const MAX_EMPTY_LISTS = 10_000_000;
const DTYPES: readonly string[] = ["float32", "float64", "int32", "bool", "string"];

/** Returns whether a value acts like a tensor of TensorFlow.js. */
export function isTensor(value: unknown): value is TensorLike {
  if (typeof value !== "object" || value === null) return false;
  const { shape, dtype, data } = value as Partial<TensorLike>;
  return Array.isArray(shape) && typeof dtype === "string" && typeof data === "function";
}

/**
 * Reads the values of a tensor. Rejects with `INVALID_ARGUMENT` for one that has no rows, or is not what it says, and
 * with `TOO_LARGE` for one that has too many rows without values. Rejects with the reason of an aborted signal.
 */
export async function readTensor(
  tensor: TensorLike,
  field: string,
  signal: AbortSignal | undefined,
): Promise<TensorData> {
  const shape = readShape(tensor, field);
  const { dtype } = tensor;
  if (!DTYPES.includes(dtype))
    throw wrong(field, `is a tensor of dtype ${dtype.slice(0, 40)}: use float32, int32, bool or string`, tensor);
  const values = await readValues(tensor, field, signal);
  const isOfTexts = dtype === "string";
  if (!(isOfTexts ? isTexts(values) : isNumbers(values)))
    throw wrong(field, `is a tensor of dtype ${dtype}, but its data() gives ${given(values, isOfTexts)}`, tensor);
  const size = shape.reduce((product, each) => product * each, 1);
  if (values.length !== size)
    throw wrong(field, `is a tensor of ${size} values by its shape, but has ${values.length}`, tensor);
  const rowSize = shape.slice(1).reduce((product, each) => product * each, 1);
  if (dtype === "bool") return { shape, rowSize, at: (index) => Boolean(values[index]) };
  const at = (index: number): unknown => values[index];
  return isOfTexts ? { shape, rowSize, at } : { shape, rowSize, at, numbers: values as ArrayLike<number> };
}

function readShape(tensor: TensorLike, field: string): readonly number[] {
  const { shape } = tensor;
  if (shape.length === 0) throw wrong(field, "is a tensor of rank 0, which has no rows", tensor);
  if (shape.length > MAX_DIMENSIONS)
    throw wrong(field, `is a tensor of ${shape.length} dimensions, more than ${MAX_DIMENSIONS}`, tensor);
  const own = [...shape];
  if (!own.every((size) => Number.isSafeInteger(size) && size >= 0))
    throw wrong(field, "is a tensor whose shape holds something else than sizes", tensor);
  const end = own.indexOf(0);
  let [lists, lengths] = [0, 1];
  for (const size of own.slice(0, Math.max(end, 0))) lists += lengths *= size;
  if (lists <= MAX_EMPTY_LISTS) return own;
  const message = `${field} is a tensor without values, but with more than ${MAX_EMPTY_LISTS} rows and lists in them`;
  throw new LedgerError("TOO_LARGE", message, { field });
}

async function readValues(
  tensor: TensorLike,
  field: string,
  signal: AbortSignal | undefined,
): Promise<ArrayLike<unknown>> {
  try {
    return await abortable(Promise.resolve(tensor.data()), signal);
  } catch (cause) {
    if (signal?.aborted) throw signal.reason;
    if (LedgerError.is(cause)) throw cause;
    const message = `${field} cannot be read: ${messageOf(cause, describeType(cause))}`;
    throw new LedgerError("INVALID_ARGUMENT", message, { field, received: describeType(tensor), cause });
  }
}

const isNumbers = (values: unknown): boolean =>
  ArrayBuffer.isView(values) && !isDataView(values) && !isTypedArray(values, "BigInt64Array", "BigUint64Array");

const isTexts = (values: unknown): boolean =>
  Array.isArray(values) && values.every((value) => typeof value === "string");

function given(values: unknown, isOfTexts: boolean): string {
  if (isOfTexts && Array.isArray(values)) return "something else than texts";
  return `${describeType(values)}, and not ${isOfTexts ? "an array of texts" : "a typed array of numbers"}`;
}

function wrong(field: string, why: string, value: unknown): LedgerError {
  return new LedgerError("INVALID_ARGUMENT", `${field} ${why}`, { field, received: describeType(value) });
}
