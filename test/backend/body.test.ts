import { expect, test } from "vitest";
import { bodyChunks, bodySize, byteStream, clampRange, collectBody, equalBytes } from "../../src/backend/body.ts";

async function* from(...chunks: unknown[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield chunk as Uint8Array;
}

test("a stream must yield its stated size", async () => {
  const three = new Uint8Array(3);
  expect(await collectBody(byteStream(from(three, three), 6))).toHaveLength(6);
  for (const size of [5, 7, 0]) {
    await expect(collectBody(byteStream(from(three, three), size), undefined, "k")).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      field: "body.size",
      key: "k",
    });
  }
  expect(bodySize(three)).toBe(3);
  expect(bodySize(byteStream(from()))).toBeUndefined();
});

test("chunks that are not bytes are refused, and the stream is closed", async () => {
  for (const wrong of ["text", [1, 2], null, new ArrayBuffer(2)]) {
    let stopped = false;
    const stream = (async function* () {
      try {
        yield wrong as unknown as Uint8Array;
      } finally {
        stopped = true;
      }
    })();
    await expect(collectBody(byteStream(stream), undefined, "k")).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      field: "body",
      key: "k",
    });
    expect(stopped).toBe(true);
  }
});

test("collected bytes are a copy, even of a Buffer", async () => {
  const chunk = Buffer.from("abc");
  const whole = await collectBody(byteStream(from(chunk)));
  chunk.fill(0);
  expect(whole).toEqual(new TextEncoder().encode("abc"));
  expect(Object.getPrototypeOf(whole)).toBe(Uint8Array.prototype);
});

test("an abort ends a stalled stream, and closes it", async () => {
  const controller = new AbortController();
  let told = false;
  const standing = {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise<never>(() => {}),
      return: () => {
        told = true;
        return new Promise<never>(() => {});
      },
    }),
  };
  const reading = collectBody(standing, controller.signal);
  controller.abort("reason");
  await expect(reading).rejects.toBe("reason");
  expect(told).toBe(true);
});

test("a consumer that stops early closes the stream; one whose stream failed does not", async () => {
  const events: string[] = [];
  const stream = (failing: boolean): AsyncIterable<Uint8Array> => ({
    [Symbol.asyncIterator]: () => ({
      next: async () => {
        if (failing) throw new Error("mine");
        return { done: false, value: new Uint8Array(1) };
      },
      return: async () => {
        events.push("closed");
        return { done: true, value: undefined };
      },
    }),
  });
  for await (const chunk of bodyChunks(stream(false))) {
    expect(chunk).toHaveLength(1);
    break;
  }
  expect(events).toEqual(["closed"]);
  await expect(collectBody(stream(true))).rejects.toThrow("mine");
  expect(events).toEqual(["closed"]);
});

test("ranges are cut at the end, and wrong ones refused", () => {
  expect(clampRange(undefined, 5)).toEqual({ start: 0, end: 5 });
  expect(clampRange({ offset: 2 }, 5)).toEqual({ start: 2, end: 5 });
  expect(clampRange({ offset: 2, length: 2 }, 5)).toEqual({ start: 2, end: 4 });
  expect(clampRange({ offset: 9, length: 2 }, 5)).toEqual({ start: 5, end: 5 });
  expect(clampRange({ offset: Number.MAX_SAFE_INTEGER, length: Number.MAX_SAFE_INTEGER }, 5)).toEqual({
    start: 5,
    end: 5,
  });
  for (const range of [
    { offset: -1 },
    { offset: 0.5 },
    { offset: Number.NaN },
    { offset: 0, length: -1 },
    { offset: 0, length: Infinity },
  ]) {
    expect(() => clampRange(range, 5)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  }
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
});
