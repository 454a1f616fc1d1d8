import { LedgerError } from "../../index.ts";
import type { TensorLike } from "./checkpoint-model.ts";

/** Numbers of a tensor, as TF.js holds them. */
export type TensorNumbers = Float32Array | Int32Array | Uint8Array;

/** The most cells that `run.logTable` takes. */
const MAX_CELLS = 10_000_000;

/** Pixels of a tensor, for `run.logImage`. */
export interface TensorImage {
  /** The values of the channels, row by row: numbers from 0 to 1, or 8 bits each. */
  readonly data: Float32Array | Uint8ClampedArray;
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** 1: grey, 3: red, green, blue, 4: with alpha. */
  readonly channels: 1 | 2 | 3 | 4;
}

/**
 * Resolves with the numbers of a tensor of any shape, row by row: `run.logHistogram("weights", await numbersOf(tensor))`.
 * Reads without blocking, and disposes nothing. Rejects with `INVALID_ARGUMENT` for what is no tensor of numbers, or a
 * tensor that was disposed.
 */
export async function numbersOf(tensor: TensorLike): Promise<TensorNumbers> {
  shapeOf(tensor);
  let values: unknown;
  try {
    values = await tensor.data();
  } catch (cause) {
    throw wrong(`cannot be read: ${String((cause as Partial<Error> | null)?.message ?? cause)}`, cause);
  }
  const kind = Object.prototype.toString.call(values);
  if (/^\[object (Float32|Int32|Uint8)Array\]$/.test(kind)) return values as TensorNumbers;
  throw wrong("must hold numbers");
}

/**
 * Resolves with the pixels of a tensor for `run.logImage`: `[height, width]` or `[height, width, channels]`, also as the
 * only one of a batch. Values of `float32` are from 0 to 1, those of `int32` from 0 to 255. Rejects with
 * `INVALID_ARGUMENT` for other shapes and for integers out of this range.
 */
export async function imageOf(tensor: TensorLike): Promise<TensorImage> {
  const whole = shapeOf(tensor);
  const shape = whole.length === 4 && whole[0] === 1 ? whole.slice(1) : whole;
  const [height = 0, width = 0, channels = 1] = shape;
  const isImage = (shape.length === 2 || shape.length === 3) && channels >= 1 && channels <= 4;
  if (!isImage)
    throw wrong(`must have the shape [height, width] or [height, width, 1 to 4], but has [${whole.join()}]`);
  const values = await numbersOf(tensor);
  const size = { width, height, channels: channels as TensorImage["channels"] };
  if (tensor.dtype === "float32") return { data: values as Float32Array, ...size };
  const scale = tensor.dtype === "bool" ? 255 : 1;
  const odd = values.find((value) => value < 0 || value > 255);
  if (odd !== undefined) throw wrong(`holds ${odd}, but integers of an image must be from 0 to 255`);
  return { data: Uint8ClampedArray.from(values, (value) => value * scale), ...size };
}

/**
 * Resolves with the columns of a tensor for `run.logTable`: `[rows]` or `[rows, columns]`. `names` are the names of the
 * columns, by default `0`, `1`, … Rejects with `INVALID_ARGUMENT` for other shapes, and if the names are not as many as
 * the columns, or not distinct, and with `TOO_LARGE` beyond 10 million values.
 */
export async function tableOf(tensor: TensorLike, names?: readonly string[]): Promise<Record<string, TensorNumbers>> {
  const shape = shapeOf(tensor);
  if (shape.length !== 1 && shape.length !== 2)
    throw wrong(`must have the shape [rows] or [rows, columns], but has [${shape.join()}]`);
  const [rows = 0, columns = 1] = shape;
  if (rows * columns > MAX_CELLS)
    throw new LedgerError("TOO_LARGE", `tensor has ${rows * columns} values, but a table at most ${MAX_CELLS}`, {
      field: "tensor",
    });
  const own = names === undefined ? Array.from({ length: columns }, (_, i) => String(i)) : namesOf(names, columns);
  const values = await numbersOf(tensor);
  const table = own.map((name, column) => {
    const cells = values.slice(0, rows);
    for (let row = 0; row < rows; row++) cells[row] = values[row * columns + column]!;
    return [name, cells] as const;
  });
  return Object.fromEntries(table);
}

function namesOf(names: readonly string[], columns: number): readonly string[] {
  const isList = Array.isArray(names) && names.every((name) => typeof name === "string");
  if (isList && names.length === columns && new Set(names).size === columns) return [...names];
  throw new LedgerError("INVALID_ARGUMENT", `names must be ${columns} different texts, one for each column`, {
    field: "names",
  });
}

function shapeOf(tensor: unknown): readonly number[] {
  let shape: unknown;
  try {
    const { shape: given, data } = (tensor ?? {}) as Partial<TensorLike>;
    if (typeof data === "function") shape = given;
  } catch {
    // A proxy throws. It is no tensor.
  }
  const isShape = Array.isArray(shape) && shape.every((side) => Number.isSafeInteger(side) && side >= 0);
  if (!isShape) throw wrong("must be a tensor of TensorFlow.js");
  return shape as number[];
}

function wrong(what: string, cause?: unknown): LedgerError {
  return new LedgerError("INVALID_ARGUMENT", `tensor ${what}`, {
    field: "tensor",
    ...(cause !== undefined && { cause }),
  });
}
