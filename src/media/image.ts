import { isArrayBuffer, isBlob, isBytes, isTypedArray, messageOf } from "../platform/any-realm.ts";
import { LedgerError, invalidArgument } from "../errors/ledger-error.ts";
import { toWellFormed } from "../bytes/well-formed.ts";
import { type CanvasLike, PendingPicture } from "./canvas.ts";
import { type MediaContent, type PendingContent, MAX_VALUE_BYTES } from "./content.ts";
import { onDemand } from "../platform/on-demand.ts";
import { MAX_PIXELS, MAX_SIDE, isSensibleSize, readImageHeader } from "./image-header.ts";
import { impossible, tooLarge, wrongInput } from "./wrong-input.ts";

const pngs = /* @__PURE__ */ onDemand(() => import("./png.ts"));

/**
 * A PNG, JPEG or WebP file as bytes, `ArrayBuffer` or Blob, which is stored unchanged. Or pixels, an `ImageData`, or
 * the picture that a canvas shows at the call, which are stored as PNG.
 */
export type ImageSource = Uint8Array | ArrayBuffer | Blob | Pixels | CanvasLike;

/** The most bytes of pixels that are made into a PNG. */
const MAX_PIXEL_BYTES: number = 64 * 1024 * 1024;
const MAX_CAPTION_LENGTH = 10_000;

interface Detail {
  readonly caption?: string;
}

/**
 * Returns the content of an image. Throws `INVALID_ARGUMENT` unless it is an {@link ImageSource}, and `TOO_LARGE`
 * beyond the limits. `isOwn`: nobody else can change the image, so it need not be copied.
 */
export function imageContent(image: unknown, caption: unknown, isOwn = false): MediaContent | PendingContent {
  const detail = caption === undefined ? {} : { caption: checkCaption(caption) };
  if (typeof image !== "object" || image === null || Array.isArray(image)) throw wrongImage(image);
  if (image instanceof PendingPicture) return fromCanvas(image, detail);
  if (isBytes(image) || isArrayBuffer(image)) {
    const bytes = isArrayBuffer(image) ? new Uint8Array(image) : image;
    checkSize(bytes.byteLength);
    // Not slice(), which does not copy for Node's Buffer.
    return fromFile(isOwn ? bytes : new Uint8Array(bytes), detail);
  }
  if (isBlob(image)) return fromBlob(image, detail);
  if (!("data" in image) || !("width" in image) || !("height" in image)) throw wrongImage(image);
  return fromPixels(image, detail, isOwn);
}

/** Returns the content of an image file. Nobody else may change `file`. */
function fromFile(file: Uint8Array, detail: Detail): MediaContent {
  const header = readImageHeader(file);
  if (header === undefined)
    throw impossible("image", "must hold a PNG, JPEG or WebP image; give pixels as { data, width, height }", file);
  const { mediaType, width, height } = header;
  checkSides(width, height);
  return {
    type: "image",
    mediaType,
    held: file.byteLength,
    encode: async () => file,
    details: { width, height, ...detail },
  };
}

/** Returns content that is read later, because a Blob cannot change. */
function fromBlob(blob: Blob, detail: Detail): PendingContent {
  checkSize(blob.size);
  return { type: "image", held: blob.size, load: async () => fromFile(await readBlob(blob), detail) };
}

function fromCanvas({ blob, width, height }: PendingPicture, detail: Detail): PendingContent {
  checkSides(width, height);
  return { type: "image", held: width * height * 4, load: async () => fromFile(await readBlob(await blob), detail) };
}

/** Reads a Blob. The error is not transient: the canvas may have changed since, or the file behind the Blob has. */
async function readBlob(blob: Blob): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (cause) {
    const why = messageOf(cause, "it cannot be read");
    throw new LedgerError("INVALID_ARGUMENT", `image is a Blob that cannot be read: ${why}`, { field: "image", cause });
  }
}

function fromPixels(image: object, detail: Detail, isOwn: boolean): MediaContent {
  const { data, width, height, channels } = image as { [K in keyof Pixels]: unknown };
  if (!isPixelData(data)) throw wrongPixels(data);
  const side = (value: unknown, name: string): number => {
    if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
    throw invalidArgument(name, "a positive whole number of pixels", value);
  };
  const w = side(width, "image.width");
  const h = side(height, "image.height");
  const each = channels ?? data.length / (w * h);
  if (each !== 1 && each !== 2 && each !== 3 && each !== 4) {
    if (channels !== undefined) throw invalidArgument("image.channels", "1, 2, 3 or 4", channels);
    const sizes = `${w * h}, ${2 * w * h}, ${3 * w * h} or ${4 * w * h}`;
    throw impossible(
      "image.data",
      `has ${data.length} elements, but must have ${sizes}: ${w} x ${h} pixels of 1 to 4 channels`,
      data,
    );
  }
  checkSides(w, h);
  const size = w * h * each;
  if (data.length !== size)
    throw impossible(
      "image.data",
      `has ${data.length} elements, but ${w} x ${h} pixels of ${each} channels take ${size}`,
      data,
    );
  if (size > MAX_PIXEL_BYTES) throw tooLarge("image.data", `${size} bytes`, `${MAX_PIXEL_BYTES}`);
  const pixels = { data: toBytes(data, isOwn), width: w, height: h, channels: each } as const;
  return {
    type: "image",
    mediaType: "image/png",
    held: size,
    encode: async () => (await pngs()).encodePng(pixels),
    details: { width: w, height: h, ...detail },
  };
}

function checkSize(bytes: number): void {
  if (bytes > MAX_VALUE_BYTES) throw tooLarge("image", `${bytes} bytes`, `${MAX_VALUE_BYTES}`);
}

function checkSides(width: number, height: number): void {
  if (isSensibleSize(width, height)) return;
  throw tooLarge("image", `${width} x ${height} pixels`, `${MAX_SIDE} a side and ${MAX_PIXELS} in all`);
}

function checkCaption(caption: unknown): string {
  if (typeof caption !== "string") throw wrongInput("caption", "a string", caption);
  if (caption.length > MAX_CAPTION_LENGTH)
    throw impossible("caption", `has ${caption.length} characters, but may have ${MAX_CAPTION_LENGTH}`, caption);
  return toWellFormed(caption);
}

function wrongImage(value: unknown): Error {
  return wrongInput("image", "a PNG, JPEG or WebP file, a Blob, a canvas or { data, width, height }", value);
}

/** Pixels row by row from the top left. The `ImageData` of a canvas fits. */
export interface Pixels {
  /** The values of the channels: 8 bits each, or numbers from 0 to 1. */
  readonly data: Uint8Array | Uint8ClampedArray | Float32Array | Float64Array;
  /** Pixels in a row. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /**
   * 4: red, green, blue, alpha. 3: without alpha. 2: grey and alpha. 1: grey. Default: what the length of `data` says.
   */
  readonly channels?: 1 | 2 | 3 | 4 | undefined;
}

/** Returns whether the value can be the data of {@link Pixels}. */
function isPixelData(value: unknown): value is ArrayLike<number> & ArrayBufferView {
  return isTypedArray(value, "Uint8Array", "Uint8ClampedArray", "Float16Array", "Float32Array", "Float64Array");
}

/**
 * Returns 8 bits a channel: a copy, unless the data `isOwn` and has them. Throws `INVALID_ARGUMENT` for a number that does not round to 0 to 255, so that
 * no value is clipped unnoticed.
 */
function toBytes(data: ArrayLike<number> & ArrayBufferView, isOwn: boolean): Uint8Array {
  if (isTypedArray(data, "Uint8Array", "Uint8ClampedArray"))
    return isOwn ? new Uint8Array(data.buffer, data.byteOffset, data.length) : new Uint8Array(data);
  const bytes = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    const byte = Math.round(value * 255);
    // Written so that NaN is refused, too.
    if (!(byte >= 0 && byte <= 255)) {
      throw new LedgerError(
        "INVALID_ARGUMENT",
        `image.data[${i}] is ${value}, but must be from 0 to 1: give values from 0 to 255 as a Uint8ClampedArray`,
        { field: `image.data[${i}]`, received: "number" },
      );
    }
    bytes[i] = byte;
  }
  return bytes;
}

/** Returns the error for data that cannot be the data of {@link Pixels}. */
function wrongPixels(data: unknown): LedgerError {
  const hint =
    ArrayBuffer.isView(data) || Array.isArray(data) ? "use Uint8ClampedArray.from(x) for values from 0 to 255" : "";
  return wrongInput("image.data", "a Uint8Array, Uint8ClampedArray or Float32Array of pixels", data, hint);
}
