import { utf8Decoder } from "../bytes/utf8.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { isTypedArray } from "../platform/any-realm.ts";
import { breakIfDue } from "../platform/event-loop.ts";

/** A tensor that was stored as a NumPy file. */
export interface StoredTensor {
  /** The sizes of the dimensions. */
  readonly shape: readonly number[];
  /** The type of the values. */
  readonly dtype: "float32" | "float64" | "int32" | "bool";
  /** The values row by row. Those of `bool` are 0 and 1. */
  readonly values: Float32Array | Float64Array | Int32Array | Uint8Array;
  /** Resolves with the values, so that `logDataset` takes the tensor as it is. */
  data(): Promise<Float32Array | Float64Array | Int32Array | Uint8Array>;
}

/** How the values of a type are stored, always with the low byte first. */
interface Layout {
  readonly dtype: StoredTensor["dtype"];
  readonly bytes: number;
  make(length: number): StoredTensor["values"];
  get(view: DataView, at: number): number;
  set(view: DataView, at: number, value: number): void;
}

const LAYOUTS: Readonly<Record<string, Layout>> = {
  "<f4": {
    dtype: "float32",
    bytes: 4,
    make: (length) => new Float32Array(length),
    get: (view, at) => view.getFloat32(at, true),
    set: (view, at, value) => view.setFloat32(at, value, true),
  },
  "<f8": {
    dtype: "float64",
    bytes: 8,
    make: (length) => new Float64Array(length),
    get: (view, at) => view.getFloat64(at, true),
    set: (view, at, value) => view.setFloat64(at, value, true),
  },
  "<i4": {
    dtype: "int32",
    bytes: 4,
    make: (length) => new Int32Array(length),
    get: (view, at) => view.getInt32(at, true),
    set: (view, at, value) => view.setInt32(at, value, true),
  },
  "|b1": {
    dtype: "bool",
    bytes: 1,
    make: (length) => new Uint8Array(length),
    get: (view, at) => (view.getUint8(at) === 0 ? 0 : 1),
    set: (view, at, value) => view.setUint8(at, value),
  },
};

/** The bytes before the text of the header: magic, version 1.0, and the length of the text. */
const HEADER_AT = 10;
const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0] as const;
/** The values begin at a multiple of this. */
const ALIGNMENT = 64;
const VALUES_AT_ONCE = 65_536;

/** Returns a tensor as a NumPy file, version 1.0. Numbers of other types than float32 and int32 become float64. */
export async function encodeTensor(
  shape: readonly number[],
  values: ArrayLike<number | boolean>,
  isOfBooleans: boolean,
): Promise<Uint8Array> {
  const descr = isOfBooleans
    ? "|b1"
    : isTypedArray(values, "Float32Array")
      ? "<f4"
      : isTypedArray(values, "Int32Array")
        ? "<i4"
        : "<f8";
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const fields = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const begin = Math.ceil((HEADER_AT + fields.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = `${fields.padEnd(begin - HEADER_AT - 1)}\n`;
  const { bytes, set } = LAYOUTS[descr]!;
  const file = new Uint8Array(begin + values.length * bytes);
  const view = new DataView(file.buffer);
  file.set(MAGIC);
  view.setUint16(HEADER_AT - 2, header.length, true);
  for (let i = 0; i < header.length; i++) file[HEADER_AT + i] = header.charCodeAt(i);
  for (let from = 0; from < values.length; from += VALUES_AT_ONCE) {
    const to = Math.min(values.length, from + VALUES_AT_ONCE);
    for (let i = from; i < to; i++) set(view, begin + i * bytes, Number(values[i]));
    await breakIfDue();
  }
  return file;
}

// Each size but the last ends with a comma, so that a text matches in one way only.
const FIELDS =
  /^\{'descr': '([<|][a-z]\d)', 'fortran_order': False, 'shape': \(((?:\d{1,16}, ?){0,63}(?:\d{1,16})?)\), \} *\n$/;

/** Returns the tensor in a NumPy file. Rejects with `CORRUPT` for a file of another form, and once aborted. */
export async function decodeTensor(bytes: Uint8Array, signal?: AbortSignal): Promise<StoredTensor> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_AT || MAGIC.some((byte, i) => bytes[i] !== byte))
    throw corrupt("it is not a NumPy file of version 1.0");
  const begin = HEADER_AT + view.getUint16(HEADER_AT - 2, true);
  const header = utf8Decoder().decode(bytes.subarray(HEADER_AT, begin));
  const [, descr = "", sizes = ""] = FIELDS.exec(header) ?? [];
  const layout = Object.hasOwn(LAYOUTS, descr) ? LAYOUTS[descr] : undefined;
  if (layout === undefined)
    throw corrupt("its header does not name float32, float64, int32 or bool in the order of rows");
  const shape = sizes.split(",").flatMap((size) => (size.trim() === "" ? [] : [Number(size)]));
  // One number in parentheses is no list in Python.
  if (!shape.every(Number.isSafeInteger) || (shape.length === 1 && !sizes.includes(",")))
    throw corrupt("its shape is not a list of sizes");
  const length = shape.reduce((product, size) => product * size, 1);
  if (bytes.length !== begin + length * layout.bytes) throw corrupt("it does not have the size that its shape needs");
  const values = layout.make(length);
  for (let from = 0; from < length; from += VALUES_AT_ONCE) {
    const to = Math.min(length, from + VALUES_AT_ONCE);
    for (let i = from; i < to; i++) values[i] = layout.get(view, begin + i * layout.bytes);
    await breakIfDue();
    signal?.throwIfAborted();
  }
  return { shape, dtype: layout.dtype, values, data: async () => values };
}

function corrupt(why: string): LedgerError {
  return new LedgerError("CORRUPT", `a stored tensor cannot be read: ${why}`);
}
