import { messageOf } from "../platform/any-realm.ts";
import { LedgerError } from "../errors/ledger-error.ts";

/** A canvas: of a page, an `OffscreenCanvas`, or of a library for Node. Only these members are used. */
export interface CanvasLike {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Makes a picture. Canvases of a page have it. */
  toBlob?(done: (blob: Blob | null) => void, type?: string): void;
  /** Makes a picture. An `OffscreenCanvas` has it. */
  convertToBlob?(options?: {
    /** The media type of the picture: `image/png`. */
    readonly type?: string | undefined;
  }): Promise<Blob>;
  /** Returns the bytes of a picture. Canvases of libraries for Node have it. */
  toBuffer?(type: "image/png"): Uint8Array;
  /** Returns the drawing context. */
  getContext?(kind: "2d"): unknown;
}

/** A picture that the browser is still encoding. */
export class PendingPicture {
  readonly blob: Promise<Blob>;
  readonly width: number;
  readonly height: number;

  constructor(blob: Promise<Blob>, { width, height }: CanvasLike) {
    this.blob = blob.catch((cause: unknown) => {
      throw LedgerError.is(cause) ? cause : unreadable(reasonOf(cause), cause);
    });
    this.width = width;
    this.height = height;
    // The call that stores the picture rejects with this failure. Nothing awaits it until then, so it must not count as
    // unhandled.
    this.blob.catch(() => {});
  }
}

/** Returns whether the value can give its picture. Returns false for an `ImageData`, which holds pixels itself. */
export function isCanvas(value: unknown): value is CanvasLike {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || "data" in value) return false;
  const { width, height, toBlob, convertToBlob, toBuffer, getContext } = value as Partial<CanvasLike>;
  const gives = [toBlob, convertToBlob, toBuffer, getContext].some((method) => typeof method === "function");
  return gives && typeof width === "number" && typeof height === "number";
}

/**
 * Takes the picture that the canvas shows now. What is drawn later does not change it. Returns the bytes of a PNG,
 * pixels, or a {@link PendingPicture}. Throws `INVALID_ARGUMENT` for a canvas that cannot be read, such as one with
 * pictures from other sites.
 */
export function takePicture(canvas: CanvasLike): unknown {
  const { width, height } = canvas;
  if (!(width > 0 && height > 0)) throw unreadable(`it has ${width} x ${height} pixels`);
  try {
    if (typeof canvas.toBuffer === "function") return canvas.toBuffer("image/png");
    // Both methods take the picture before they return.
    if (typeof canvas.convertToBlob === "function")
      return new PendingPicture(canvas.convertToBlob({ type: "image/png" }), canvas);
    if (typeof canvas.toBlob === "function") return new PendingPicture(blobOf(canvas), canvas);
    const context = canvas.getContext?.("2d") as Partial<CanvasImageData> | null | undefined;
    if (typeof context?.getImageData === "function") return context.getImageData(0, 0, width, height);
  } catch (cause) {
    throw unreadable(reasonOf(cause), cause);
  }
  throw unreadable("it has neither a file nor pixels");
}

type CanvasImageData = Pick<OffscreenCanvasRenderingContext2D, "getImageData">;

async function blobOf(canvas: CanvasLike): Promise<Blob> {
  return await new Promise<Blob>((resolve, reject) =>
    canvas.toBlob?.((blob) => (blob ? resolve(blob) : reject(unreadable("the browser cannot encode it"))), "image/png"),
  );
}

function reasonOf(cause: unknown): string {
  return messageOf(cause, "its methods fail");
}

function unreadable(why: string, cause?: unknown): LedgerError {
  return new LedgerError("INVALID_ARGUMENT", `image is a canvas that cannot be read: ${why}`, {
    field: "image",
    received: "canvas",
    cause,
  });
}
