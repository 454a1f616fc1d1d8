import { expect, test } from "vitest";
import { s3Backend } from "../../../src/backends/s3/index.ts";
import { FakeS3 } from "../../servers/fake-s3.ts";
import { bytes, failureOf, onFake, place, text } from "./place.ts";

test("ranges are cut at the end, and requests never ask for more", async () => {
  const { fake, backend } = await place();
  await backend.create("k", text("0123456789"));
  await backend.create("empty", new Uint8Array());
  const read = async (offset: number, length?: number): Promise<string> =>
    new TextDecoder().decode(
      await backend.read("k", { range: length === undefined ? { offset } : { offset, length } }),
    );
  expect(await read(0, 3)).toBe("012");
  expect(await read(4)).toBe("456789");
  expect(await read(8, 10)).toBe("89");
  expect(await read(10)).toBe("");
  expect(await read(2 ** 52, 5)).toBe("");
  expect(await read(3, 0)).toBe("");
  expect(await read(5, Number.MAX_SAFE_INTEGER)).toBe("56789");
  expect(await backend.read("empty", { range: { offset: 0, length: 5 } })).toEqual(new Uint8Array());
  expect(await backend.read("empty")).toEqual(new Uint8Array());
  expect(await backend.stat("empty")).toEqual({ size: 0 });
  expect(await failureOf(backend.read("none", { range: { offset: 0, length: 0 } }))).toMatchObject({
    code: "NOT_FOUND",
  });
  for (const range of [{ offset: -1 }, { offset: 0.5 }, { offset: 0, length: -1 }]) {
    expect(await failureOf(backend.read("k", { range }))).toMatchObject({ code: "INVALID_ARGUMENT" });
  }
  expect(fake.calls.filter(({ headers }) => headers.get("range") === "bytes=0-2")).toHaveLength(1);
});

test("a store that ignores ranges still gives the right bytes and size", async () => {
  const { fake, backend } = await place();
  const whole = (): { status: number; headers: Record<string, string>; body: Uint8Array } => ({
    status: 200,
    headers: { etag: '"e"' },
    body: text("0123456789"),
  });
  fake.fail(whole, () => true, 99);
  expect(await backend.read("k", { range: { offset: 3, length: 4 } })).toEqual(text("3456"));
  expect(await backend.read("k", { range: { offset: 30 } })).toEqual(new Uint8Array());
  expect(await backend.stat("k")).toEqual({ size: 10 });
});

test.each([
  ["everything with its length", 200, { "content-length": "3000" }],
  ["everything, in chunks", 200, {}],
  ["everything, in chunks that are called a range", 206, { "content-range": "bytes 0-2999/3000" }],
  [
    "everything, called a range, with its length",
    206,
    { "content-range": "bytes 0-2999/3000", "content-length": "3000" },
  ],
])("a store that answers a request for one byte with %s: the size is right", async (_, status, headers) => {
  const fetch: typeof globalThis.fetch = async () => {
    const chunks = [bytes(1000), bytes(1500), bytes(500)];
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        const next = chunks.shift();
        if (next) controller.enqueue(next);
        else controller.close();
      },
    });
    return new Response(body, { status, headers: { etag: '"e"', ...headers } });
  };
  const backend = s3Backend(onFake(new FakeS3(), { fetch }));
  expect(await backend.stat("k")).toEqual({ size: 3000 });
});

test.each([
  ["another beginning", "bytes 1-3/10", "123"],
  ["too little", "bytes 0-1/10", "01"],
  ["too much", "bytes 0-3/10", "0123"],
  ["more than asked for, not saying so", "", "0123"],
])("a range with %s is UNEXPECTED_RESPONSE", async (_, contentRange, body) => {
  const { fake, backend } = await place();
  const headers: Record<string, string> = contentRange === "" ? {} : { "content-range": contentRange };
  fake.fail(() => ({ status: 206, headers, body: text(body) }));
  expect(await failureOf(backend.read("k", { range: { offset: 0, length: 3 } }))).toMatchObject({
    code: "UNEXPECTED_RESPONSE",
  });
});

test("a missing size, as in a browser without the CORS header, is an error that says so", async () => {
  const { fake, backend } = await place();
  fake.fail(() => ({ status: 206, headers: {}, body: text("x") }));
  expect(await failureOf(backend.stat("k"))).toMatchObject({
    code: "UNEXPECTED_RESPONSE",
    message: expect.stringContaining("CORS"),
  });
});

test("an object larger than may be read whole is TOO_LARGE; ranges of it are fine", async () => {
  const { backend } = await place({}, { maxReadBytes: 1000 });
  await backend.create("k", bytes(2000));
  expect(await failureOf(backend.read("k"))).toMatchObject({ code: "TOO_LARGE", key: "k" });
  expect(await backend.read("k", { range: { offset: 500, length: 1000 } })).toEqual(bytes(2000).slice(500, 1500));
  const endless = s3Backend(
    onFake(new FakeS3(), {
      maxReadBytes: 1000,
      fetch: async () =>
        new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(300)) })),
    }),
  );
  expect(await failureOf(endless.read("k"))).toMatchObject({ code: "TOO_LARGE" });
});

test("returned bytes are a plain Uint8Array with a buffer of its own", async () => {
  const { backend } = await place();
  await backend.create("k", bytes(1000));
  for (const read of [await backend.read("k"), await backend.read("k", { range: { offset: 10, length: 5 } })]) {
    expect(Object.getPrototypeOf(read)).toBe(Uint8Array.prototype);
    expect(read.byteOffset).toBe(0);
    expect(read.buffer.byteLength).toBe(read.byteLength);
  }
});
