/** The longest side of an image in pixels. */
export const MAX_SIDE = 65_535;
/** The most pixels of an image. */
export const MAX_PIXELS: number = 2 ** 28;

export interface ImageHeader {
  readonly mediaType: "image/png" | "image/jpeg" | "image/webp";
  /** The width in pixels. */
  readonly width: number;
  /** The height in pixels. */
  readonly height: number;
}

/**
 * Returns what the header of a PNG, JPEG or WebP image states. Returns `undefined` for other bytes, and for a header
 * that is truncated or states a side of 0. Takes time in proportion to the bytes, and decodes nothing.
 */
export function readImageHeader(bytes: Uint8Array): ImageHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = readPng(view) ?? readJpeg(view) ?? readWebp(view);
  return found && found.width > 0 && found.height > 0 ? found : undefined;
}

/** Returns whether the library stores an image of these sides. */
export function isSensibleSize(width: number, height: number): boolean {
  return width <= MAX_SIDE && height <= MAX_SIDE && width * height <= MAX_PIXELS;
}

function readPng(view: DataView): ImageHeader | undefined {
  // The signature, then a chunk IHDR of 13 bytes.
  if (view.byteLength < 33 || view.getUint32(0) !== 0x89504e47 || view.getUint32(4) !== 0x0d0a1a0a) return undefined;
  if (view.getUint32(8) !== 13 || view.getUint32(12) !== 0x49484452) return undefined;
  return { mediaType: "image/png", width: view.getUint32(16), height: view.getUint32(20) };
}

function readJpeg(view: DataView): ImageHeader | undefined {
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return undefined;
  let at = 2;
  while (at + 9 <= view.byteLength && view.getUint8(at) === 0xff) {
    const marker = view.getUint8(at + 1);
    // Skips fill bytes, and markers without a length.
    if (marker === 0xff) at += 1;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      return { mediaType: "image/jpeg", width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    } else if (marker === 0x00 || marker === 0xd9 || marker === 0xda) return undefined;
    else at += 2 + Math.max(2, view.getUint16(at + 2));
  }
  return undefined;
}

function readWebp(view: DataView): ImageHeader | undefined {
  if (view.byteLength < 30 || view.getUint32(0) !== 0x52494646 || view.getUint32(8) !== 0x57454250) return undefined;
  const mediaType = "image/webp";
  switch (view.getUint32(12)) {
    // "VP8 ": a frame tag, the start code 9d 01 2a, the sides.
    case 0x56503820:
      if (view.getUint16(23) !== 0x9d01 || view.getUint8(25) !== 0x2a) return undefined;
      return { mediaType, width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    // "VP8L": the signature 2f, then each side minus 1 in 14 bits.
    case 0x5650384c: {
      if (view.getUint8(20) !== 0x2f) return undefined;
      const bits = view.getUint32(21, true);
      return { mediaType, width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    // "VP8X": flags, then each side minus 1 in 24 bits.
    case 0x56503858:
      return {
        mediaType,
        width: (view.getUint32(24, true) & 0xffffff) + 1,
        height: (view.getUint32(26, true) >>> 8) + 1,
      };
    default:
      return undefined;
  }
}
