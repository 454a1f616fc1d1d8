import { encode } from "fast-png";

/** Returns a PNG of the pixels with 8 bits a channel. The same pixels give the same bytes. */
export function encodePng(pixels: {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
}): Uint8Array {
  // Copied, because the encoder's buffer may be twice as long.
  return new Uint8Array(encode({ ...pixels, depth: 8 }));
}
