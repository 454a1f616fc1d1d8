import { type ErrorCode, LedgerError } from "../../backend/index.ts";

/** How one weight is stored, as TF.js describes it in `model.json`. */
export interface WeightSpec {
  /** The name of the weight. */
  name: string;
  /** The sides of the tensor. */
  shape: number[];
  /** The type of the values. */
  dtype: "float32" | "int32" | "bool" | "string" | "complex64";
  /** `optimizer` for weights of the optimizer. */
  group?: "model" | "optimizer";
  /** How the values are packed, if they are. */
  quantization?: {
    /** The step between packed values. */
    scale?: number;
    /** The least value. */
    min?: number;
    /** The type of the packed values. */
    dtype: "uint16" | "uint8" | "float16";
  };
}

const BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  complex64: 8,
  uint8: 1,
  uint16: 2,
  float16: 2,
};
/** More weights than any model has. */
const MAX_SPECS = 1_000_000;

/** Returns the specs of weights, after checking them. Throws `code` for anything else. */
export function checkSpecs(value: unknown, code: ErrorCode): WeightSpec[] {
  const fail = (what: string): never => {
    throw new LedgerError(code, `the specs of the weights ${what}`, { field: "weightSpecs" });
  };
  if (!Array.isArray(value) || value.length > MAX_SPECS) return fail("must be a list");
  for (const [i, spec] of (value as (Partial<WeightSpec> | null)[]).entries()) {
    if (typeof spec !== "object" || spec === null || typeof spec.name !== "string") fail(`have no name at ${i}`);
    const { shape, dtype, quantization } = spec as Partial<WeightSpec>;
    if (!Array.isArray(shape) || !shape.every((side) => Number.isSafeInteger(side) && side >= 0))
      fail(`have no shape at ${i}`);
    const packed = quantization?.dtype ?? dtype;
    if (dtype !== "string" && !Object.hasOwn(BYTES, String(packed))) fail(`have an unknown dtype at ${i}`);
  }
  return value as WeightSpec[];
}

/** Returns how many bytes the weights take, or `undefined` if they hold strings, whose lengths only the data tells. */
export function bytesOf(specs: readonly WeightSpec[]): number | undefined {
  let total = 0;
  for (const spec of specs) {
    if (spec.dtype === "string") return undefined;
    total += elementsOf(spec) * (BYTES[spec.quantization?.dtype ?? spec.dtype] ?? 0);
  }
  return total;
}

/** Returns how many values a weight or a tensor holds. */
export function elementsOf({ shape }: { readonly shape: readonly number[] }): number {
  return shape.reduce((product, side) => product * side, 1);
}

/** Throws `code` unless weights of these specs take so many bytes. */
export function checkBytes(specs: readonly WeightSpec[], bytes: number, code: ErrorCode): void {
  const wanted = bytesOf(specs);
  if (wanted === undefined || wanted === bytes) return;
  throw new LedgerError(code, `the weights have ${bytes} bytes, but their specs need ${wanted}`, {
    field: "weightData",
  });
}
