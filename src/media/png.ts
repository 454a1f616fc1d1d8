import { encode } from "fast-png";

/** A PNG of the pixels, 8 bits a channel: the same bytes for the same pixels. */
export function encodePng(pixels: {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
}): Uint8Array {
  // In a buffer of its own size: the encoder's may be twice as long.
  return new Uint8Array(encode({ ...pixels, depth: 8 }));
}
