import { hasLoneSurrogate } from "../backend/key.ts";
import { MAX_VALUE_BYTES, type MediaContent } from "./content.ts";
import { isSensibleSize, MAX_PIXELS, MAX_SIDE, readImageHeader } from "./image-header.ts";
import { impossible, tooLarge, wrongInput } from "./wrong-input.ts";

/** Pixels row by row from the top left, 8 bits a channel: an `ImageData` of a canvas is one. */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  /** 4 (default): red, green, blue, alpha. 3: without alpha. 1: grey. 2: grey and alpha. */
  readonly channels?: 1 | 2 | 3 | 4;
}

/** Bytes of a PNG, JPEG or WebP file, or pixels, which are stored as PNG. */
export type ImageSource = Uint8Array | Pixels;

/** Most bytes of pixels that are made into a PNG. */
export const MAX_PIXEL_BYTES: number = 64 * 1024 * 1024;
const MAX_CAPTION_LENGTH = 10_000;

/** Throws `INVALID_ARGUMENT` for anything else than an {@link ImageSource}, `TOO_LARGE` beyond the limits. */
export function imageContent(image: unknown, caption: unknown): MediaContent {
  const detail = caption === undefined ? {} : { caption: checkCaption(caption) };
  if (typeof image !== "object" || image === null || Array.isArray(image)) throw wrongImage(image);
  if (isBytes(image, "Uint8Array")) return fromFile(image, detail);
  if (!("data" in image) || !("width" in image) || !("height" in image)) throw wrongImage(image);
  return fromPixels(image, detail);
}

function fromFile(file: Uint8Array, detail: { caption?: string }): MediaContent {
  const header = readImageHeader(file);
  if (header === undefined)
    throw impossible(
      "image",
      "holds bytes that are no PNG, JPEG or WebP image; for pixels give { data, width, height }",
      file,
    );
  const { mediaType, width, height } = header;
  checkSides(width, height);
  if (file.byteLength > MAX_VALUE_BYTES) throw tooLarge("image", `${file.byteLength} bytes`, `${MAX_VALUE_BYTES}`);
  // Not slice(): that of Node's Buffer does not copy.
  const own = new Uint8Array(file);
  return {
    type: "image",
    mediaType,
    held: own.byteLength,
    encode: async () => own,
    details: { width, height, ...detail },
  };
}

function fromPixels(image: object, detail: { caption?: string }): MediaContent {
  const { data, width, height, channels = 4 } = image as { [K in keyof Pixels]: unknown };
  if (!isBytes(data, "Uint8Array") && !isBytes(data, "Uint8ClampedArray"))
    throw wrongInput("image.data", "a Uint8Array or Uint8ClampedArray of pixels", data, "scale the values to 0 to 255");
  const side = (value: unknown, name: string): number => {
    if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
    if (typeof value !== "number") throw wrongInput(name, "a number of pixels", value);
    throw impossible(name, "must be a positive whole number of pixels", value);
  };
  const w = side(width, "image.width");
  const h = side(height, "image.height");
  if (channels !== 1 && channels !== 2 && channels !== 3 && channels !== 4)
    throw impossible("image.channels", "must be 1, 2, 3 or 4", channels);
  checkSides(w, h);
  const bytes = w * h * channels;
  if (data.length !== bytes)
    throw impossible(
      "image.data",
      `has ${data.length} bytes, but ${w} x ${h} pixels of ${channels} channels take ${bytes}`,
      data,
    );
  if (bytes > MAX_PIXEL_BYTES) throw tooLarge("image.data", `${bytes} bytes`, `${MAX_PIXEL_BYTES}`);
  const pixels = { data: new Uint8Array(data), width: w, height: h, channels: channels as 1 | 2 | 3 | 4 };
  return {
    type: "image",
    mediaType: "image/png",
    held: bytes,
    encode: async () => (await import("./png.ts")).encodePng(pixels),
    details: { width: w, height: h, ...detail },
  };
}

/** True also for those of another realm. */
function isBytes(value: unknown, name: "Uint8Array" | "Uint8ClampedArray"): value is Uint8Array {
  return ArrayBuffer.isView(value) && (value as Partial<Uint8Array>)[Symbol.toStringTag] === name;
}

function checkSides(width: number, height: number): void {
  if (isSensibleSize(width, height)) return;
  throw tooLarge("image", `${width} x ${height} pixels`, `${MAX_SIDE} a side and ${MAX_PIXELS} in all`);
}

function checkCaption(caption: unknown): string {
  if (typeof caption !== "string") throw wrongInput("caption", "a string", caption);
  if (caption.length > MAX_CAPTION_LENGTH)
    throw impossible("caption", `has ${caption.length} characters, ${MAX_CAPTION_LENGTH} at most`, caption);
  if (hasLoneSurrogate(caption)) throw impossible("caption", "holds half of a surrogate pair", caption);
  return caption;
}

function wrongImage(value: unknown): Error {
  const hint =
    value instanceof ArrayBuffer
      ? "new Uint8Array(x) gives its bytes"
      : typeof Blob !== "undefined" && value instanceof Blob
        ? "new Uint8Array(await x.arrayBuffer()) gives its bytes"
        : "";
  return wrongInput("image", "PNG, JPEG or WebP bytes or { data, width, height }", value, hint);
}
