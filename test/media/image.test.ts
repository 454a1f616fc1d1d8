import { decode } from "fast-png";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { takePicture } from "../../src/media/canvas.ts";
import type { MediaContent } from "../../src/media/content.ts";
import { imageContent } from "../../src/media/image.ts";
import { readImageHeader } from "../../src/media/image-header.ts";
import { jpeg, png, webp } from "./pictures.ts";

/** The content, read where it has to be waited for. */
async function contentOf(image: unknown, caption?: unknown): Promise<MediaContent> {
  const content = imageContent(image, caption);
  return "load" in content ? await content.load() : content;
}

describe("kind and size are read from the header", () => {
  test.each([
    ["image/png", png(3, 5)],
    ["image/jpeg", jpeg(3, 5)],
    ["image/jpeg", jpeg(3, 5, 0xc2)],
    ["image/webp", webp("VP8 ", 3, 5)],
    ["image/webp", webp("VP8L", 3, 5)],
    ["image/webp", webp("VP8X", 3, 5)],
  ])("%s %#", (mediaType, bytes) => {
    expect(readImageHeader(bytes)).toEqual({ mediaType, width: 3, height: 5 });
    // In the middle of a larger buffer too.
    const wide = new Uint8Array(bytes.length + 16);
    wide.set(bytes, 7);
    expect(readImageHeader(wide.subarray(7, 7 + bytes.length))).toEqual({ mediaType, width: 3, height: 5 });
  });

  test.each([
    ["image/jpeg", jpeg(65_535, 4000), 65_535, 4000],
    ["image/webp", webp("VP8L", 16_384, 9000), 16_384, 9000],
    ["image/webp", webp("VP8X", 40_000, 1_000_000), 40_000, 1_000_000],
  ])("%s of great size", (mediaType, bytes, width, height) => {
    expect(readImageHeader(bytes)).toEqual({ mediaType, width, height });
  });

  test("truncated or changed bytes never make it fail", () => {
    const pictures = [png(3, 5), jpeg(3, 5), webp("VP8 ", 3, 5), webp("VP8L", 3, 5), webp("VP8X", 3, 5)];
    for (const picture of pictures) {
      for (let end = 0; end < picture.length; end++) readImageHeader(picture.subarray(0, end));
      expect(readImageHeader(picture.subarray(0, 24))).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.constantFrom(...pictures), fc.nat({ max: 60 }), fc.nat({ max: 255 }), (picture, at, value) => {
        const changed = picture.slice();
        changed[at % picture.length] = value;
        const found = readImageHeader(changed);
        expect(found === undefined || (found.width > 0 && found.height > 0)).toBe(true);
      }),
    );
  });

  test("other bytes, and sizes of 0, are not an image", () => {
    expect(readImageHeader(new Uint8Array(0))).toBeUndefined();
    expect(readImageHeader(new TextEncoder().encode("GIF89a".padEnd(100)))).toBeUndefined();
    expect(readImageHeader(jpeg(0, 5))).toBeUndefined();
    // One marker after the other, and no frame.
    expect(readImageHeader(new Uint8Array(1_000_000).fill(0xff).fill(0xd8, 1, 2))).toBeUndefined();
  });
});

test("pixels of 1 to 4 channels become a PNG of the same pixels", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(1, 2, 3, 4, undefined),
      fc.infiniteStream(fc.nat({ max: 255 })),
      fc.boolean(),
      async (width, height, channels, stream, clamped) => {
        const bytes = Array.from({ length: width * height * (channels ?? 4) }, () => stream.next().value as number);
        const data = clamped ? Uint8ClampedArray.from(bytes) : Uint8Array.from(bytes);
        const waiting = contentOf({ data, width, height, ...(channels && { channels }) }, "what it shows");
        data.fill(0);
        const content = await waiting;
        const file = await content.encode();
        expect(content).toMatchObject({ mediaType: "image/png", details: { width, height, caption: "what it shows" } });
        expect(readImageHeader(file)).toEqual({ mediaType: "image/png", width, height });
        expect(file.byteLength).toBe(file.buffer.byteLength);
        const decoded = decode(file);
        expect([decoded.channels, decoded.depth, [...decoded.data]]).toEqual([channels ?? 4, 8, bytes]);
      },
    ),
    { numRuns: 60 },
  );
});

test("a file is stored byte for byte, as it was at the call", async () => {
  const file = Buffer.from(png(2, 2, 9));
  const waiting = contentOf(file);
  file.fill(0);
  const content = await waiting;
  expect(await content.encode()).toEqual(png(2, 2, 9));
  expect(content.details).toEqual({ width: 2, height: 2 });
});

test.each([
  ["a Blob", new Blob([png(3, 5) as BlobPart]), "image/png"],
  ["a File", new File([jpeg(3, 5) as BlobPart], "a.jpg"), "image/jpeg"],
  ["an ArrayBuffer", png(3, 5).slice().buffer, "image/png"],
])("%s is stored unchanged", async (_what, file, mediaType) => {
  const content = await contentOf(file, "c");
  expect(content).toMatchObject({ mediaType, details: { width: 3, height: 5, caption: "c" } });
  expect(await content.encode()).toEqual(mediaType === "image/png" ? png(3, 5) : jpeg(3, 5));
});

test("a Blob of something else, or that cannot be read, rejects when it is read", async () => {
  const bad = expect.objectContaining({ code: "INVALID_ARGUMENT", field: "image" });
  await expect(contentOf(new Blob(["text"]))).rejects.toThrow(bad);
  const gone = { size: 3, arrayBuffer: () => Promise.reject(new Error("the file is gone")) };
  await expect(contentOf(gone)).rejects.toThrow(/the file is gone/);
  expect(() => imageContent({ size: 2 ** 40, arrayBuffer: () => Promise.resolve() }, undefined)).toThrow(
    expect.objectContaining({ code: "TOO_LARGE" }),
  );
});

test("numbers from 0 to 1 become 8 bits a channel, and others are refused rather than cut off", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          fc.double({ min: 0, max: 1, noNaN: true }),
          fc.nat({ max: 255 }).map((n) => n / 255),
        ),
        {
          minLength: 12,
          maxLength: 12,
        },
      ),
      fc.boolean(),
      async (numbers, isSingle) => {
        const data = isSingle ? Float32Array.from(numbers) : Float64Array.from(numbers);
        const content = await contentOf({ data, width: 2, height: 2 });
        const decoded = decode(await content.encode());
        expect(decoded.channels).toBe(3);
        decoded.data.forEach((byte, i) => expect(Math.abs(byte / 255 - (data[i] as number))).toBeLessThan(1 / 509));
      },
    ),
  );
  for (const value of [Number.NaN, 255, -0.01, 1.01, Infinity]) {
    const data = Float32Array.of(0, value, 1, 0.5);
    expect(() => imageContent({ data, width: 2, height: 2 }, undefined)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field: "image.data[1]" }),
    );
  }
  // Less than rounding to 8 bits takes away anyway.
  const rounded = await contentOf({ data: Float32Array.of(-1e-6, 1 + 1e-6), width: 2, height: 1 });
  expect([...decode(await rounded.encode()).data]).toEqual([0, 255]);
});

describe("a canvas is stored as it is shown at the call", () => {
  test.each(["toBuffer", "convertToBlob", "toBlob", "getContext"])("by %s", async (method) => {
    let shown = png(4, 2, 1);
    const canvas = {
      width: 4,
      height: 2,
      toBuffer: () => shown,
      convertToBlob: async () => new Blob([shown as BlobPart]),
      toBlob: (done: (blob: Blob) => void) => {
        const blob = new Blob([shown as BlobPart]);
        setImmediate(() => done(blob));
      },
      getContext: (kind: string) => kind === "2d" && { getImageData: () => decode(shown) },
    };
    const picture = takePicture({ width: 4, height: 2, [method]: canvas[method as "toBuffer"] });
    shown = png(4, 2, 2);
    const content = await contentOf(picture, "c");
    expect(content).toMatchObject({ mediaType: "image/png", details: { width: 4, height: 2, caption: "c" } });
    expect([...decode(await content.encode()).data]).toEqual([...decode(png(4, 2, 1)).data]);
  });

  test("an unreadable canvas is refused with the reason", async () => {
    const size = { width: 4, height: 2 };
    const tainted = () => {
      throw new Error("tainted");
    };
    expect(() => takePicture({ ...size, getContext: tainted })).toThrow(/tainted/);
    expect(() => takePicture({ ...size, width: 0, toBlob: () => {} })).toThrow(/0 x 2/);
    expect(() => takePicture({ ...size, getContext: () => null })).toThrow(/neither/);
    for (const canvas of [
      { ...size, toBlob: (done: (blob: null) => void) => done(null) },
      { ...size, toBlob: tainted },
      { ...size, convertToBlob: () => Promise.reject(new Error("lost")) },
    ])
      await expect(contentOf(takePicture(canvas))).rejects.toThrow(
        expect.objectContaining({ code: "INVALID_ARGUMENT", field: "image" }),
      );
  });
});

describe("anything but an image is refused, and the error names the wrong part", () => {
  const data = new Uint8Array(16);
  test.each([
    [{ dataSync: () => data }, undefined, "image", "Tensor"],
    ["image.png", undefined, "image", "string"],
    [null, undefined, "image", "null"],
    [[1, 2], undefined, "image", "array"],
    [new ArrayBuffer(4), undefined, "image", "Uint8Array"],
    [new Float32Array(4), undefined, "image", "Float32Array"],
    [new Uint8Array(100), undefined, "image", "Uint8Array"],
    [{ data: new Int32Array(16), width: 2, height: 2 }, undefined, "image.data", "Int32Array"],
    [{ data: new Uint8Array(10), width: 2, height: 2 }, undefined, "image.data", "Uint8Array"],
    [{ data: new Uint8Array(20), width: 2, height: 2 }, undefined, "image.data", "Uint8Array"],
    [{ data: { dataSync: () => data }, width: 2, height: 2 }, undefined, "image.data", "Tensor"],
    [{ data, width: 2.5, height: 2 }, undefined, "image.width", "number"],
    [{ data, width: 2, height: "2" }, undefined, "image.height", "string"],
    [{ data, width: 0, height: 2 }, undefined, "image.width", "number"],
    [{ data, width: 2, height: 2, channels: 5 }, undefined, "image.channels", "number"],
    [{ data, width: 2, height: 2, channels: 3 }, undefined, "image.data", "Uint8Array"],
    [png(1, 1), 5, "caption", "number"],
    [png(1, 1), "x".repeat(10_001), "caption", "string"],
  ])("%#", (image, caption, field, received) => {
    expect(() => imageContent(image, caption)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field, received }),
    );
  });

  test("hints say how to get an accepted form", () => {
    expect(() => imageContent({ dataSync: () => data }, undefined)).toThrow("dataSync()");
    expect(() => imageContent(new Uint8Array(100), undefined)).toThrow("{ data, width, height }");
  });

  test("sizes beyond the bounds", () => {
    const large = expect.objectContaining({ code: "TOO_LARGE" });
    expect(() => imageContent(jpeg(65_535, 65_535), undefined)).toThrow(large);
    expect(() => imageContent(webp("VP8X", 65_536, 1), undefined)).toThrow(large);
    const pixels = new Uint8Array(64 * 1024 * 1024 + 1024);
    expect(() => imageContent({ data: pixels, width: 1024, height: 65_537, channels: 4 }, undefined)).toThrow(large);
    expect(() => imageContent({ data: pixels, width: 1024, height: 65_537, channels: 1 }, undefined)).toThrow(large);
  });
});
