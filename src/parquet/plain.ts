import { utf8Encoder } from "../bytes/utf8.ts";
import type { ByteSink } from "./byte-sink.ts";

/** PLAIN of float64 or int64: their bits, lowest byte first. */
export function writePlain64(values: Float64Array | BigInt64Array, out: ByteSink): void {
  out.ensure(8 * values.length);
  // As integers: a NaN keeps its bits.
  const bits = new BigInt64Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) out.int64(bits[i]!);
}

const encoder = /* @__PURE__ */ utf8Encoder();

/** PLAIN of a string: its length in bytes, then UTF-8. */
export function writePlainString(value: string, out: ByteSink): void {
  const bytes = encoder.encode(value);
  out.uint32(bytes.length);
  out.bytes(bytes);
}

/** A bound as statistics have it: PLAIN of a double, an int64, a boolean, or of a string without its length. */
export function plainBound(value: number | bigint | boolean | string): Uint8Array {
  if (typeof value === "string") return encoder.encode(value);
  if (typeof value === "boolean") return Uint8Array.of(Number(value));
  const view = new DataView(new ArrayBuffer(8));
  if (typeof value === "bigint") view.setBigInt64(0, value, true);
  else view.setFloat64(0, value, true);
  return new Uint8Array(view.buffer);
}
