import { encode } from "fast-png";

/** A PNG of one colour. */
export function png(width: number, height: number, grey = 0): Uint8Array {
  return encode({ width, height, channels: 1, data: new Uint8Array(width * height).fill(grey) });
}

/** The beginning of a JPEG: application data and a table before the frame header, fill bytes before that. */
export function jpeg(width: number, height: number, frame = 0xc0): Uint8Array {
  const app = [0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0];
  const huffman = [0xff, 0xc4, 0, 5, 1, 2, 3];
  const head = [0xff, 0xff, 0xff, frame, 0, 11, 8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0];
  return new Uint8Array([0xff, 0xd8, ...app, ...huffman, ...head, 0xff, 0xd9]);
}

export function webp(kind: "VP8 " | "VP8L" | "VP8X", width: number, height: number): Uint8Array {
  const bytes = new Uint8Array(40);
  const view = new DataView(bytes.buffer);
  const ascii = (at: number, text: string): void => bytes.set(new TextEncoder().encode(text), at);
  ascii(0, "RIFF");
  view.setUint32(4, bytes.length - 8, true);
  ascii(8, `WEBP${kind}`);
  view.setUint32(16, 20, true);
  if (kind === "VP8 ") {
    bytes.set([0x9d, 0x01, 0x2a], 23);
    view.setUint16(26, width, true);
    // The upper two bits say how to scale.
    view.setUint16(28, height | 0x4000, true);
  } else if (kind === "VP8L") {
    bytes[20] = 0x2f;
    view.setUint32(21, (width - 1) | ((height - 1) << 14), true);
  } else {
    view.setUint32(24, width - 1, true);
    view.setUint16(27, (height - 1) & 0xffff, true);
    bytes[29] = (height - 1) >> 16;
  }
  return bytes;
}
