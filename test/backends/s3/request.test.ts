import { describe, expect, test } from "vitest";
import { s3Backend } from "../../../src/backends/s3/index.ts";
import { FAKE_KEYS, FakeS3, S3Error, errorResponse } from "../../servers/fake-s3.ts";
import { ODD_KEYS, failureOf, isPut, onFake, place, quickClock, text } from "./place.ts";

describe("a clock that is wrong", () => {
  test.each([-30, 30, 60 * 24 * 400])(
    "by %i minutes: the store's time is learned from its refusal",
    async (minutes) => {
      const fake = new FakeS3();
      const backend = s3Backend(onFake(fake, { clock: quickClock(Date.now() + minutes * 60_000) }));
      await backend.create("k", text("x"));
      expect(await backend.read("k")).toEqual(text("x"));
      const before = fake.calls.length;
      await backend.stat("k");
      expect(fake.calls).toHaveLength(before + 1);
    },
  );

  test("is not corrected endlessly", async () => {
    const { fake, backend } = await place();
    fake.fail(
      () => errorResponse(new S3Error(403, "RequestTimeTooSkewed", {}, { date: new Date().toUTCString() })),
      () => true,
      99,
    );
    expect(await failureOf(backend.read("k"))).toMatchObject({
      code: "CREDENTIALS",
      message: expect.stringContaining("clock"),
    });
    expect(fake.calls).toHaveLength(2);
  });
});

describe("a bucket in another region", () => {
  test("gets requests there, at an address from the options; Location is never followed", async () => {
    const fake = new FakeS3({ bucketRegions: { bucket: "eu-central-1" } });
    const urls: string[] = [];
    const fetch: typeof globalThis.fetch = (input, init) => {
      urls.push(String(input));
      return fake.fetch(input, init);
    };
    const { endpoint: _, ...options } = onFake(fake, { fetch });
    const backend = s3Backend(options);
    await backend.create("k", text("x"));
    expect(await backend.read("k")).toEqual(text("x"));
    expect(new Set(urls.map((url) => new URL(url).host))).toEqual(
      new Set(["bucket.s3.us-east-1.amazonaws.com", "bucket.s3.eu-central-1.amazonaws.com"]),
    );
    expect(urls.at(-1)).toBe("https://bucket.s3.eu-central-1.amazonaws.com/k");
  });

  test("is named by a store in a 400", async () => {
    const fake = new FakeS3({ region: "garage" });
    const backend = s3Backend(onFake(fake));
    await backend.create("k", text("x"));
    const before = fake.calls.length;
    await backend.read("k");
    expect(fake.calls).toHaveLength(before + 1);
  });

  test("that redirects endlessly is an error", async () => {
    const { fake, backend } = await place();
    let n = 0;
    const redirect = (): ReturnType<typeof errorResponse> =>
      errorResponse(
        new S3Error(
          301,
          "PermanentRedirect",
          {},
          { "x-amz-bucket-region": `r-${n++}`, location: "https://evil.example/" },
        ),
      );
    fake.fail(redirect, () => true, 99);
    expect(await failureOf(backend.read("k"))).toMatchObject({ code: "UNEXPECTED_RESPONSE", status: 301 });
    expect(fake.calls).toHaveLength(2);
  });
});

test.each([301, 302, 303, 307, 308])("a redirect with %i is not followed", async (status) => {
  const { fake, backend } = await place();
  fake.fail(
    () => ({ status, headers: { location: "http://localhost:9000/bucket/other" }, body: new Uint8Array() }),
    () => true,
    99,
  );
  const error = await failureOf(backend.read("k"));
  expect(error).toMatchObject({
    code: "UNEXPECTED_RESPONSE",
    message: expect.stringMatching(/redirect.*region and endpoint/),
  });
  expect(fake.calls).toHaveLength(1);
});

test("a redirect that a browser hides is an error that says so", async () => {
  const hidden = Object.defineProperties(Response.error(), { type: { value: "opaqueredirect" } });
  const backend = s3Backend(onFake(new FakeS3(), { fetch: async () => hidden }));
  expect(await failureOf(backend.read("k"))).toMatchObject({
    code: "UNEXPECTED_RESPONSE",
    message: expect.stringContaining("region and endpoint"),
  });
});

describe("no answer", () => {
  test("in time is repeated, then UNAVAILABLE", async () => {
    const { fake, backend } = await place({}, { retry: { attemptMs: 15, attempts: 2 } });
    fake.bucket().objects.set("k", text("x"));
    fake.fail("hang");
    expect(await backend.read("k")).toEqual(text("x"));
    fake.fail("hang", () => true, 2);
    expect(await failureOf(backend.read("k"))).toMatchObject({
      code: "UNAVAILABLE",
      transient: true,
      message: expect.stringContaining("in time"),
    });
  });

  test("in time to a create leaves the outcome unknown", async () => {
    const { fake, backend } = await place({}, { retry: { attemptMs: 15, attempts: 2 } });
    fake.fail("hang", () => true, 3);
    expect(await failureOf(backend.create("k", text("x")))).toMatchObject({ code: "OUTCOME_UNKNOWN" });
  });

  test("from a network that is down is UNAVAILABLE, with the reason's name", async () => {
    const { fake, backend } = await place();
    fake.fail("reset", () => true, 99);
    expect(await failureOf(backend.read("k"))).toMatchObject({
      code: "UNAVAILABLE",
      transient: true,
      message: expect.stringContaining("ECONNRESET"),
    });
    expect(fake.calls).toHaveLength(8);
  });

  test("a stalled body counts as no answer, and a slow one does not", async () => {
    const answer = (chunks: number, pauseMs: number) => async (): Promise<Response> => {
      let sent = 0;
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          if (sent++ === chunks) return controller.close();
          await new Promise((resolve) => setTimeout(resolve, sent === 1 ? 0 : pauseMs));
          controller.enqueue(text("x"));
        },
      });
      return new Response(body, { headers: { etag: '"e"' } });
    };
    const options = { retry: { attemptMs: 100, attempts: 1 } };
    const drips = s3Backend(onFake(new FakeS3(), { ...options, fetch: answer(6, 30) }));
    expect(await drips.read("k")).toEqual(text("xxxxxx"));
    const stalls = s3Backend(onFake(new FakeS3(), { ...options, fetch: answer(2, 60_000) }));
    expect(await failureOf(stalls.read("k"))).toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("in time"),
    });
  });
});

describe("an aborted call", () => {
  test("rejects with the reason at once, during every kind of wait", async () => {
    const { fake, backend } = await place();
    const calls = [
      (signal: AbortSignal) => backend.create("k", text("x"), { signal }),
      (signal: AbortSignal) => backend.read("k", { signal }),
      (signal: AbortSignal) => backend.stat("k", { signal }),
      (signal: AbortSignal) => backend.remove("k", { signal }),
      (signal: AbortSignal) => backend.list("", { signal })[Symbol.asyncIterator]().next(),
    ];
    for (const call of calls) {
      fake.fail("hang");
      const controller = new AbortController();
      const asked = fake.calls.length;
      const outcome = failureOf(call(controller.signal));
      await expect.poll(() => fake.calls.length).toBe(asked + 1);
      const reason = new Error("enough");
      controller.abort(reason);
      expect(await outcome).toBe(reason);
      const before = fake.calls.length;
      expect(await failureOf(call(controller.signal))).toBe(reason);
      expect(fake.calls).toHaveLength(before);
    }
  });

  test("does not wait for the pause between attempts", async () => {
    const { fake, backend } = await place({}, { clock: {}, retry: { baseMs: 50_000, maxDelayMs: 50_000 } });
    fake.fail("slow-down", isPut, 99);
    const controller = new AbortController();
    const creating = failureOf(backend.create("k", text("x"), { signal: controller.signal }));
    await expect.poll(() => fake.calls.filter(isPut).length).toBe(1);
    controller.abort("enough");
    expect(await creating).toBe("enough");
  });

  test("does not end a probe that others wait for", async () => {
    const fake = new FakeS3();
    const backend = s3Backend(onFake(fake));
    const controller = new AbortController();
    const first = failureOf(backend.create("a", text("x"), { signal: controller.signal }));
    const second = backend.create("b", text("x"));
    controller.abort("enough");
    expect(await first).toBe("enough");
    await second;
    expect([...fake.bucket().objects.keys()]).toEqual(["b"]);
  });
});

test("after close, every call rejects with CLOSED", async () => {
  const { backend } = await place();
  const other = s3Backend(onFake(new FakeS3()));
  await backend.close?.();
  await backend.close?.();
  for (const call of [
    backend.create("k", text("x")),
    backend.read("k"),
    backend.stat("k"),
    backend.remove("k"),
    backend.probe(),
    backend.list("")[Symbol.asyncIterator]().next(),
  ]) {
    expect(await failureOf(call)).toMatchObject({ code: "CLOSED" });
  }
  expect(await other.stat("k")).toBeUndefined();
});

test("keys that a URL cannot carry are INVALID_KEY, and nothing is sent", async () => {
  const { fake, backend } = await place();
  for (const key of ["", ".", "..", "dot/./x", "dd/../x", "a//b", "/a", "a/"]) {
    for (const call of [backend.create(key, text("x")), backend.read(key), backend.stat(key), backend.remove(key)]) {
      expect(await failureOf(call)).toMatchObject({ code: "INVALID_KEY" });
    }
  }
  expect(fake.calls).toEqual([]);
});

test("odd keys arrive as they are", async () => {
  const { fake, backend } = await place({}, { prefix: "pre fix+/ü" });
  const odd = [...ODD_KEYS];
  for (const key of odd) {
    await backend.create(key, text(key));
    expect(await backend.read(key)).toEqual(text(key));
    expect(await backend.stat(key)).toEqual({ size: text(key).length });
  }
  expect([...fake.bucket().objects.keys()].toSorted()).toEqual(odd.map((key) => `pre fix+/ü/${key}`).toSorted());
  const listed: string[] = [];
  for await (const { key } of backend.list("")) listed.push(key);
  expect(listed).toEqual(odd.toSorted());
  for (const key of odd) await backend.remove(key);
  expect(fake.bucket().objects.size).toBe(0);
});

test("virtual-host addresses are signed correctly, too", async () => {
  const fake = new FakeS3();
  const backend = s3Backend(
    onFake(fake, { endpoint: "https://s3.fake", forcePathStyle: false, credentials: FAKE_KEYS }),
  );
  await backend.create("a b/c+d", text("x"));
  expect(await backend.read("a b/c+d")).toEqual(text("x"));
});
