import { describe, expect, test } from "vitest";
import type { ByteStream } from "../../../src/backend/backend.ts";
import { byteStream } from "../../../src/backend/body.ts";
import { s3Backend } from "../../../src/backends/s3/index.ts";
import { sampled } from "../../rounds.ts";
import { FakeS3, S3Error, errorResponse } from "../../servers/fake-s3.ts";
import { FAULTS, bytes, failureOf, isComplete, isPart, isPut, onFake, place, text } from "./place.ts";

const MIB = 1024 * 1024;
const PART = 5 * MIB;
const options = { partBytes: PART };
const big = bytes(12 * MIB);

/** A stream of chunks that do not fit into parts evenly. */
function streamOf(source: Uint8Array, size?: number): ByteStream {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < source.length; at += 700_001) yield source.subarray(at, at + 700_001);
  }
  return byteStream(chunks(), size);
}

/** A stream that fails after `count` MiB, or stalls if no error is given. */
function broken(count: number, error?: Error): ByteStream {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < count; i++) yield new Uint8Array(MIB);
    if (error === undefined) await new Promise(() => {});
    throw error as Error;
  }
  return byteStream(chunks());
}

const stored = (fake: FakeS3): boolean => Buffer.compare(fake.bucket().objects.get("k") ?? new Uint8Array(), big) === 0;

describe("which way a body goes", () => {
  test.each([
    ["bytes of two parts", bytes(2 * PART), 0],
    ["bytes of two parts and one byte more", bytes(2 * PART + 1), 3],
    ["a stream of two parts that states its size", streamOf(bytes(2 * PART), 2 * PART), 0],
    ["a stream of one part that does not", streamOf(bytes(PART)), 0],
    ["a stream of one part and one byte more that does not", streamOf(bytes(PART + 1)), 2],
    ["an empty stream", streamOf(new Uint8Array()), 0],
    ["an empty stream that states its size", streamOf(new Uint8Array(), 0), 0],
  ])("%s", async (_, body, parts) => {
    const { fake, backend } = await place({}, options);
    await backend.create("k", body);
    expect(fake.calls.filter(isPart)).toHaveLength(parts);
    const size = { size: fake.bucket().objects.get("k")?.length };
    expect(await backend.stat("k")).toEqual(size);
  });

  test("all parts but the last have the same size, and there are at most 10,000", async () => {
    const { fake, backend } = await place({}, options);
    await backend.create("k", streamOf(big, big.length));
    // Two parts are in flight at a time, and either may arrive first.
    const sizes = fake.calls.filter(isPart).map(({ query, body }) => [query.get("partNumber"), body.length]);
    expect(new Map(sizes as [string, number][])).toEqual(
      new Map([
        ["1", PART],
        ["2", PART],
        ["3", 2 * MIB],
      ]),
    );
    expect(stored(fake)).toBe(true);
    const { fake: other, backend: huge } = await place({}, options);
    // Only the first part is checked: 100 GB need larger parts.
    other.fail(() => errorResponse(new S3Error(403, "AccessDenied")), isPart, 99);
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield new Uint8Array(4 * MIB);
    }
    await failureOf(huge.create("k", byteStream(endless(), 100e9)));
    expect(new Set(other.calls.filter(isPart).map(({ body }) => body.length))).toEqual(new Set([10_000_000]));
  });
});

describe("an existing key is EXISTS", () => {
  test("before anything is uploaded", async () => {
    const { fake, backend } = await place({}, options);
    await backend.create("k", text("first"));
    expect(await failureOf(backend.create("k", big))).toMatchObject({ code: "EXISTS", key: "k" });
    expect(fake.calls.filter(({ method }) => method === "POST")).toEqual([]);
  });

  test("if it was created meanwhile, and the upload is aborted", async () => {
    const { fake, backend } = await place({}, options);
    const creating = failureOf(backend.create("k", streamOf(big)));
    await expect.poll(() => fake.calls.some(isPart)).toBe(true);
    fake.bucket().objects.set("k", text("first"));
    expect(await creating).toMatchObject({ code: "EXISTS" });
    expect(fake.bucket().objects.get("k")).toEqual(text("first"));
    expect(fake.bucket().uploads.size).toBe(0);
  });
});

describe("faults of requests", () => {
  test.each(sampled(FAULTS, 3))("%s of every request once: the object is whole", async (fault) => {
    const { fake, backend } = await place({}, options);
    const seen = new Set<string>();
    fake.fail(
      fault,
      ({ method, query }) => {
        const which = `${method} ${[...query.keys()].join()} ${query.get("partNumber")}`;
        return !seen.has(which) && seen.add(which) !== undefined;
      },
      99,
    );
    await backend.create("k", streamOf(big));
    expect(stored(fake)).toBe(true);
  });

  test("the answer to the completion is lost: the next attempt finds no upload, and reads the object back", async () => {
    const { fake, backend } = await place({}, options);
    fake.fail("lost-ack", isComplete);
    await backend.create("k", big);
    expect(
      fake.calls.filter(({ headers }) => headers.get("range")?.startsWith("bytes=5242880-") === true),
    ).toHaveLength(1);
  });

  test("another writer's object of the same size is not mistaken for this one", async () => {
    const { fake, backend } = await place({}, options);
    fake.fail("lost-ack", isComplete);
    fake.fail(() => {
      const other = big.slice();
      other[7 * MIB] = 255 - (other[7 * MIB] ?? 0);
      fake.bucket().objects.set("k", other);
      return errorResponse(new S3Error(404, "NoSuchUpload"));
    }, isComplete);
    expect(await failureOf(backend.create("k", big))).toMatchObject({ code: "OUTCOME_UNKNOWN", transient: true });
  });

  test("a completion that always fails is OUTCOME_UNKNOWN, and the upload is aborted", async () => {
    const { fake, backend } = await place({}, options);
    fake.fail("error-before", isComplete, 99);
    expect(await failureOf(backend.create("k", big))).toMatchObject({
      code: "OUTCOME_UNKNOWN",
      cause: { code: "UNAVAILABLE" },
    });
    expect(fake.bucket().uploads.size).toBe(0);
  });

  test("an error in a 200 is an error", async () => {
    const { fake, backend } = await place({}, options);
    const inside = (code: string) => () => ({ ...errorResponse(new S3Error(200, code)), status: 200 });
    fake.fail(inside("InternalError"), isComplete);
    await backend.create("k", big);
    expect(stored(fake)).toBe(true);
    fake.fail(inside("SlowDown"), isComplete, 99);
    expect(await failureOf(backend.create("l", big))).toMatchObject({ code: "UNAVAILABLE" });
    expect(fake.bucket().objects.has("l")).toBe(false);
  });

  test.each([
    ["the beginning", ({ query }: { query: ReadonlyMap<string, string> }) => query.has("uploads")],
    ["a part", isPart],
    ["the end", isComplete],
  ])("%s that is always refused: the error, and nothing left", async (_, when) => {
    const { fake, backend } = await place({}, options);
    fake.fail(() => errorResponse(new S3Error(403, "AccessDenied")), when as typeof isPart, 99);
    expect(await failureOf(backend.create("k", streamOf(big)))).toMatchObject({ code: "PERMISSION_DENIED", key: "k" });
    expect(fake.bucket().uploads.size).toBe(0);
    expect(fake.bucket().objects.size).toBe(0);
  });

  test("a part without an ETag, as in a browser without the CORS header, is an error that says so", async () => {
    const { fake, backend } = await place({}, options);
    fake.fail(() => ({ status: 200, headers: {}, body: new Uint8Array() }), isPart);
    expect(await failureOf(backend.create("k", big))).toMatchObject({
      code: "UNEXPECTED_RESPONSE",
      message: expect.stringContaining("CORS"),
    });
  });

  test("an upload that has no id is UNEXPECTED_RESPONSE", async () => {
    const { fake, backend } = await place({}, options);
    fake.fail(
      () => ({ status: 200, headers: {}, body: text("<InitiateMultipartUploadResult/>") }),
      ({ method }) => method === "POST",
    );
    expect(await failureOf(backend.create("k", big))).toMatchObject({ code: "UNEXPECTED_RESPONSE" });
  });
});

describe("a body that fails", () => {
  test.each([0, 3, 12])("after %i MiB: its error, and nothing left", async (count) => {
    const { fake, backend } = await place({}, options);
    const error = new Error("the disk is gone");
    expect(await failureOf(backend.create("k", broken(count, error)))).toBe(error);
    expect(fake.bucket().uploads.size).toBe(0);
    expect(fake.bucket().objects.size).toBe(0);
  });

  test.each([12 * MIB - 1, 12 * MIB + 1, 3])("with another size than %i", async (size) => {
    const { fake, backend } = await place({}, options);
    expect(await failureOf(backend.create("k", streamOf(big, size)))).toMatchObject({
      code: "INVALID_ARGUMENT",
      key: "k",
      field: "body.size",
    });
    expect(fake.bucket().uploads.size).toBe(0);
    expect(fake.bucket().objects.size).toBe(0);
  });

  test("is closed when the store fails, even while it waits", async () => {
    const { fake, backend } = await place({}, options);
    fake.fail(() => errorResponse(new S3Error(403, "AccessDenied")), isPart, 9);
    expect(await failureOf(backend.create("k", broken(6)))).toMatchObject({ code: "PERMISSION_DENIED" });
    expect(fake.bucket().uploads.size).toBe(0);
  });
});

describe("an abort", () => {
  test("while the body waits, rejects at once and aborts the upload", async () => {
    const { fake, backend } = await place({}, options);
    const controller = new AbortController();
    const creating = failureOf(backend.create("k", broken(6), { signal: controller.signal }));
    await expect.poll(() => fake.calls.some(isPart)).toBe(true);
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await creating).toBe(reason);
    await expect.poll(() => fake.bucket().uploads.size).toBe(0);
    expect(fake.bucket().objects.size).toBe(0);
  });

  test("while a part is being sent, ends that request, too", async () => {
    const { fake, backend } = await place({}, options);
    fake.fail("hang", isPart, 2);
    const controller = new AbortController();
    const creating = failureOf(backend.create("k", big, { signal: controller.signal }));
    await expect.poll(() => fake.calls.filter(isPart).length).toBe(2);
    controller.abort("enough");
    expect(await creating).toBe("enough");
    await expect.poll(() => fake.bucket().uploads.size).toBe(0);
  });

  test("of a small stream that hangs, rejects at once", async () => {
    const { fake, backend } = await place({}, options);
    const controller = new AbortController();
    const creating = failureOf(backend.create("k", broken(1), { signal: controller.signal }));
    controller.abort("enough");
    expect(await creating).toBe("enough");
    expect(fake.calls.filter(isPut)).toEqual([]);
  });
});

test("only a few parts of a large stream are in memory at a time", async () => {
  const parts = 12;
  let begun = 0;
  let underWay = 0;
  let peak = 0;
  let given = 0;
  let ahead = 0;
  const held: (() => void)[] = [];
  const fake = new FakeS3();
  // Each part but the last is answered only when the next one is being sent. With one part at a time, the upload would
  // hang.
  const fetch: typeof globalThis.fetch = async (input, init) => {
    if (!String(input).includes("partNumber")) return fake.fetch(input, init);
    peak = Math.max(peak, ++underWay);
    const answered = new Promise<void>((resolve) => held.push(resolve));
    if (++begun > 1) setImmediate(() => held.shift()?.());
    if (begun === parts) setImmediate(() => held.shift()?.());
    await answered;
    underWay -= 1;
    ahead = Math.max(ahead, given);
    given -= PART;
    return new Response(null, { headers: { etag: '"e"' } });
  };
  async function* chunks(): AsyncGenerator<Uint8Array> {
    const chunk = new Uint8Array(MIB);
    for (let i = 0; i < parts * 5; i++) {
      given += MIB;
      yield chunk;
    }
  }
  fake.fail(() => ({ status: 200, headers: {}, body: text("<CompleteMultipartUploadResult/>") }), isComplete);
  await s3Backend(onFake(fake, { fetch, partBytes: PART })).create("k", byteStream(chunks()));
  expect(peak).toBe(2);
  // Two in flight and one being filled, with the chunk that did not fit.
  expect(ahead).toBeLessThanOrEqual(3 * PART + MIB);
});
