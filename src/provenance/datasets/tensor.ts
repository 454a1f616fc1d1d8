import { describeType, LedgerError } from "../../errors/ledger-error.ts";

/** A tensor of TensorFlow.js, by its members. The library never imports TensorFlow.js. */
export interface TensorLike {
  /** The sizes of the dimensions. The first one counts the rows. */
  readonly shape: readonly number[];
  /** The type of the values: `float32`, `int32`, `bool` or `string`. */
  readonly dtype: string;
  /** Returns the values in one list, row by row. */
  data(): Promise<ArrayLike<unknown>>;
}

/** The values of a tensor. */
export interface TensorData {
  readonly shape: readonly number[];
  /** Returns a value. */
  readonly at: (index: number) => unknown;
  /** All values, if they are numbers. */
  readonly numbers?: ArrayLike<number>;
}

/** Returns whether a value acts like a tensor of TensorFlow.js. */
export function isTensor(value: unknown): value is TensorLike {
  if (typeof value !== "object" || value === null) return false;
  const { shape, dtype, data } = value as Partial<TensorLike>;
  return Array.isArray(shape) && typeof dtype === "string" && typeof data === "function";
}

/** Reads the values of a tensor. Rejects with `INVALID_ARGUMENT` for one that has no rows, or is not what it says. */
export async function readTensor(tensor: TensorLike, field: string): Promise<TensorData> {
  const shape = [...tensor.shape];
  if (shape.length === 0) throw wrong(field, "is a tensor of rank 0, which has no rows", tensor);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    throw wrong(field, "is a tensor whose shape holds something else than sizes", tensor);
  const { dtype } = tensor;
  if (!["float32", "float64", "int32", "bool", "string"].includes(dtype))
    throw wrong(field, `is a tensor of dtype ${dtype.slice(0, 40)}: use float32, int32, bool or string`, tensor);
  const values: ArrayLike<unknown> = await tensor.data();
  const size = shape.reduce((product, each) => product * each, 1);
  if (values.length !== size)
    throw wrong(field, `is a tensor of ${size} values by its shape, but has ${values.length}`, tensor);
  if (dtype === "bool") return { shape, at: (index) => Boolean(values[index]) };
  const at = (index: number): unknown => values[index];
  return dtype === "string" ? { shape, at } : { shape, at, numbers: values as ArrayLike<number> };
}

function wrong(field: string, why: string, value: unknown): LedgerError {
  return new LedgerError("INVALID_ARGUMENT", `${field} ${why}`, { field, received: describeType(value) });
}
