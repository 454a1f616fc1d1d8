import { isTypedArray } from "../platform/any-realm.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { wrongInput } from "./wrong-input.ts";

/** Pixels row by row from the top left: an `ImageData` of a canvas is one. */
export interface Pixels {
  /** 8 bits a channel, or numbers from 0 to 1. */
  readonly data: Uint8Array | Uint8ClampedArray | Float32Array | Float64Array;
  readonly width: number;
  readonly height: number;
  /** 4: red, green, blue, alpha. 3: without alpha. 1: grey. 2: grey and alpha. Default: as many as `data` has for each pixel. */
  readonly channels?: 1 | 2 | 3 | 4 | undefined;
}

/** Whether it can be the data of {@link Pixels}. */
export function isPixelData(value: unknown): value is ArrayLike<number> & ArrayBufferView {
  return isTypedArray(value, "Uint8Array", "Uint8ClampedArray", "Float16Array", "Float32Array", "Float64Array");
}

/**
 * A copy with 8 bits a channel. Throws `INVALID_ARGUMENT` for numbers that are not from 0 to 1, but for what rounding to 8 bits
 * takes away: nothing is cut off unnoticed.
 */
export function toBytes(data: ArrayLike<number> & ArrayBufferView): Uint8Array {
  if (isTypedArray(data, "Uint8Array", "Uint8ClampedArray")) return new Uint8Array(data);
  const bytes = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    const byte = Math.round(value * 255);
    // Not with <, so that NaN is refused too.
    if (!(byte >= 0 && byte <= 255)) {
      throw new LedgerError(
        "INVALID_ARGUMENT",
        `image.data[${i}] is ${value}, but numbers of pixels must be from 0 to 1: for 0 to 255 give a Uint8ClampedArray`,
        { field: `image.data[${i}]`, received: "number" },
      );
    }
    bytes[i] = byte;
  }
  return bytes;
}

/** Throws for what cannot be the data of {@link Pixels}. */
export function wrongPixels(data: unknown): LedgerError {
  const hint =
    ArrayBuffer.isView(data) || Array.isArray(data) ? "Uint8ClampedArray.from(x) holds values from 0 to 255" : "";
  return wrongInput("image.data", "a Uint8Array, Uint8ClampedArray or Float32Array of pixels", data, hint);
}
