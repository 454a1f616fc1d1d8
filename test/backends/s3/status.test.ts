import { describe, expect, test } from "vitest";
import { type S3BackendOptions, s3Backend } from "../../../src/backends/s3/index.ts";
import { FakeS3, S3Error, errorResponse } from "../../servers/fake-s3.ts";
import { failureOf, isGet, isPut, keys, onFake, place, quickClock, text } from "./place.ts";

const answer =
  (status: number, code: string, headers: Record<string, string> = {}) =>
  () =>
    errorResponse(new S3Error(status, code, {}, headers));
const plain =
  (status: number, body = "") =>
  () => ({ status, headers: {}, body: text(body) });

describe("a create that is answered with", () => {
  test("412 is EXISTS even if the object holds equal bytes, because another writer stored it", async () => {
    const { fake, backend } = await place();
    await backend.create("k", text("same"));
    expect(await failureOf(backend.create("k", text("same")))).toMatchObject({
      code: "EXISTS",
      key: "k",
      status: 412,
      transient: false,
    });
    expect(fake.calls.filter(isPut)).toHaveLength(2);
  });

  test.each(["ConditionalRequestConflict", "OperationAborted"])("409 %s is sent again", async (code) => {
    const { fake, backend } = await place();
    fake.fail(answer(409, code), isPut, 2);
    await backend.create("k", text("x"));
    expect(fake.calls.filter(isPut)).toHaveLength(3);
  });

  test("an endless 409 ConditionalRequestConflict is UNAVAILABLE", async () => {
    const { fake, backend } = await place();
    fake.fail(answer(409, "ConditionalRequestConflict"), isPut, 99);
    expect(await failureOf(backend.create("k", text("x")))).toMatchObject({ code: "UNAVAILABLE", transient: true });
    expect(fake.calls.filter(isPut)).toHaveLength(8);
  });

  test("409 with another code is EXISTS", async () => {
    const { fake, backend } = await place();
    fake.fail(answer(409, "Conflict"), isPut);
    expect(await failureOf(backend.create("k", text("x")))).toMatchObject({ code: "EXISTS", status: 409 });
  });

  test.each([
    [501, "NotImplemented"],
    [400, "InvalidArgument"],
  ])(
    "after %s %s to the condition, the request is sent without it, and the bucket is no longer exclusive",
    async (status, code) => {
      const { fake, backend } = await place({}, { conditionalWrites: undefined });
      expect(backend.capabilities.exclusiveCreate).toBe(true);
      const conditional = ({ headers }: { headers: ReadonlyMap<string, string> }): boolean =>
        headers.has("if-none-match");
      fake.fail(answer(status, code), conditional, 99);
      await backend.create("k", text("x"));
      expect(backend.capabilities.exclusiveCreate).toBe(false);
      expect(await backend.probe()).toBe("refused");
      expect(await failureOf(backend.create("k", text("y")))).toMatchObject({ code: "EXISTS", key: "k" });
      expect(await backend.read("k")).toEqual(text("x"));
      // Once more without a checksum, in case it was that.
      expect(fake.calls.filter(conditional)).toHaveLength(2);
    },
  );

  test.each([
    [503, "SlowDown"],
    [503, "ServiceUnavailable"],
    [429, "TooManyRequests"],
    [429, ""],
    [408, "RequestTimeout"],
    [400, "RequestTimeout"],
    [400, "XAmzContentSHA256Mismatch"],
  ])("%s %s is sent again, and 412 then means somebody else", async (status, code) => {
    const { fake, backend } = await place();
    fake.fail(code === "" ? plain(status) : answer(status, code), isPut);
    await backend.create("k", text("x"));
    fake.fail(code === "" ? plain(status) : answer(status, code), isPut);
    expect(await failureOf(backend.create("k", text("x")))).toMatchObject({ code: "EXISTS" });
    fake.fail(code === "" ? plain(status) : answer(status, code), isPut, 99);
    expect(await failureOf(backend.create("l", text("x")))).toMatchObject({
      code: "UNAVAILABLE",
      transient: true,
      status,
    });
  });

  test.each([
    [500, "InternalError"],
    [502, ""],
    [504, ""],
    [503, ""],
  ])("an endless %s %s is OUTCOME_UNKNOWN", async (status, code) => {
    const { fake, backend } = await place();
    fake.fail(code === "" ? plain(status, "<html>bad gateway</html>") : answer(status, code), isPut, 99);
    const error = await failureOf(backend.create("k", text("x")));
    expect(error).toMatchObject({
      code: "OUTCOME_UNKNOWN",
      transient: true,
      key: "k",
      cause: { code: "UNAVAILABLE", status },
    });
    expect(fake.calls.filter(isPut)).toHaveLength(8);
    expect(fake.calls.at(-1)?.method).toBe("GET");
  });

  test.each([
    [403, "InvalidAccessKeyId", "CREDENTIALS"],
    [403, "SignatureDoesNotMatch", "CREDENTIALS"],
    [403, "InvalidToken", "CREDENTIALS"],
    [403, "RequestTimeTooSkewed", "CREDENTIALS"],
    [400, "ExpiredToken", "CREDENTIALS"],
    [401, "Unauthorized", "CREDENTIALS"],
    [404, "XAdminUserNotFound", "CREDENTIALS"],
    [403, "AccessDenied", "PERMISSION_DENIED"],
    [403, "QuotaExceeded", "NO_SPACE"],
    [507, "", "NO_SPACE"],
    [404, "NoSuchBucket", "BUCKET_NOT_FOUND"],
    [400, "InvalidBucketName", "BUCKET_NOT_FOUND"],
    [400, "EntityTooLarge", "TOO_LARGE"],
    [400, "KeyTooLongError", "INVALID_KEY"],
    [400, "SomethingNew", "UNEXPECTED_RESPONSE"],
    [405, "MethodNotAllowed", "UNEXPECTED_RESPONSE"],
    [404, "", "UNEXPECTED_RESPONSE"],
  ])("%s %s is %s, at once", async (status, code, wanted) => {
    const { fake, backend } = await place();
    fake.fail(code === "" ? plain(status) : answer(status, code), isPut, 99);
    const error = await failureOf(backend.create("k", text("x")));
    expect(error).toMatchObject({ code: wanted, status, transient: false, key: "k", operation: "create" });
    expect(fake.calls.filter(isPut).length).toBeLessThanOrEqual(2);
  });
});

test("Retry-After is the shortest pause, in seconds or as a date", async () => {
  const clock = quickClock(Date.UTC(2026, 0, 1));
  const { fake, backend } = await place({ now: () => clock.now?.() ?? 0 }, { clock, random: () => 0 });
  fake.fail("slow-down", isPut);
  await backend.create("a", text("x"));
  expect(clock.slept).toEqual([1000]);
  fake.fail(answer(503, "SlowDown", { "retry-after": new Date((clock.now?.() ?? 0) + 7000).toUTCString() }), isPut);
  await backend.create("b", text("x"));
  expect(clock.slept).toEqual([1000, 7000]);
});

test("pauses are random, their bound doubles up to the cap, and attempts and total time are limited", async () => {
  const slept = async (retry: object, random: () => number): Promise<number[]> => {
    const clock = quickClock();
    const { fake, backend } = await place({}, { clock, random, retry });
    fake.fail(answer(503, "SlowDown"), isGet, 99);
    await failureOf(backend.read("k"));
    return clock.slept;
  };
  expect(await slept({}, () => 1)).toEqual([100, 200, 400, 800, 1600, 3200, 6400]);
  expect(await slept({}, () => 0.5)).toEqual([50, 100, 200, 400, 800, 1600, 3200]);
  expect(await slept({ attempts: 3, baseMs: 10 }, () => 1)).toEqual([10, 20]);
  expect(await slept({ attempts: 6, maxDelayMs: 300 }, () => 1)).toEqual([100, 200, 300, 300, 300]);
  expect(await slept({ totalMs: 1000 }, () => 1)).toEqual([100, 200, 400]);
  expect(await slept({ attempts: 1 }, () => 1)).toEqual([]);
});

test("a Retry-After beyond the total time ends the attempts at once", async () => {
  const { fake, backend } = await place();
  fake.fail(answer(503, "SlowDown", { "retry-after": "3600" }), isGet, 99);
  expect(await failureOf(backend.read("k"))).toMatchObject({ code: "UNAVAILABLE", transient: true });
  expect(fake.calls).toHaveLength(1);
});

test("the first create distinguishes wrong keys, a missing bucket and a web server", async () => {
  const { fake } = await place();
  const tried = async (more: object): Promise<unknown> =>
    failureOf(s3Backend(onFake(fake, more)).create("k", text("x")));
  const wrongSecret = { credentials: { accessKeyId: "AKIDFAKEFAKE", secretAccessKey: "wrong" } };
  expect(await tried({ ...wrongSecret, prefix: "a" })).toMatchObject({
    code: "CREDENTIALS",
    key: "k",
    message: expect.stringContaining("secret key"),
  });
  const wrongKey = { credentials: { accessKeyId: "AKIDNOBODY", secretAccessKey: "wrong" } };
  expect(await tried({ ...wrongKey, prefix: "b" })).toMatchObject({ code: "CREDENTIALS", key: "k" });
  expect(await tried({ bucket: "nobodys" })).toMatchObject({
    code: "BUCKET_NOT_FOUND",
    message: expect.stringContaining("nobodys"),
  });
  fake.fail("html", () => true, 999);
  expect(await tried({ prefix: "c" })).toMatchObject({
    code: "UNEXPECTED_RESPONSE",
    message: expect.stringContaining("does not look like S3"),
  });
});

test("every call detects a web server instead of a store", async () => {
  const { fake, backend } = await place();
  fake.fail("html", () => true, 999);
  const calls = [
    () => backend.create("k", text("x")),
    () => backend.read("k"),
    () => backend.stat("k"),
    () => backend.remove("k"),
    () => keys(backend),
    () => s3Backend(onFake(fake, { prefix: "new" })).probe(),
  ];
  for (const call of calls)
    expect(await failureOf(call())).toMatchObject({
      code: "UNEXPECTED_RESPONSE",
      message: expect.stringContaining("does not look like S3"),
    });
});

test("reading and removing: what is missing, what is forbidden", async () => {
  const { fake, backend } = await place();
  expect(await failureOf(backend.read("none"))).toMatchObject({ code: "NOT_FOUND", key: "none", status: 404 });
  expect(await backend.stat("none")).toBeUndefined();
  await backend.remove("none");
  fake.fail(answer(404, "NoSuchKey"), ({ method }) => method === "DELETE");
  await backend.remove("none");
  for (const [status, code, wanted] of [
    [403, "AccessDenied", "PERMISSION_DENIED"],
    [404, "NoSuchBucket", "BUCKET_NOT_FOUND"],
    [404, "NoSuchVersion", "UNEXPECTED_RESPONSE"],
  ] as const) {
    fake.fail(answer(status, code), () => true, 4);
    for (const call of [
      () => backend.read("k"),
      () => backend.stat("k"),
      () => backend.remove("k"),
      () => keys(backend),
    ]) {
      expect(await failureOf(call())).toMatchObject({ code: wanted });
    }
  }
});

test("the empty answer to a remove may have any type: moto says text/html", async () => {
  const { fake, backend } = await place();
  for (const status of [204, 200]) {
    fake.fail(
      () => ({ status, headers: { "content-type": "text/html; charset=utf-8" }, body: text("") }),
      ({ method }) => method === "DELETE",
    );
    await backend.remove("k");
  }
  fake.fail("html", ({ method }) => method === "DELETE");
  expect(await failureOf(backend.remove("k"))).toMatchObject({ code: "UNEXPECTED_RESPONSE" });
});

test.each([
  [404, "NoSuchWebsiteConfiguration"],
  [405, "MethodNotAllowed"],
  [404, "EntityDoesNotExist"],
  [400, "SomethingNew"],
])(
  "%s with the unknown code %s shows that code and the store's message, without what might be a key",
  async (status, code) => {
    const { fake, backend } = await place();
    const details = {
      Message: "The thing AKIDCANARY0001 of (kind) 12 is not SECRETSECRET or aVeryLongWordOfWhichNobodyKnowsWhat.",
    };
    fake.fail(
      () => errorResponse(new S3Error(status, code, details)),
      () => true,
      9,
    );
    for (const call of [() => backend.read("k"), () => backend.stat("k"), () => keys(backend)]) {
      expect(await failureOf(call())).toMatchObject({
        code: "UNEXPECTED_RESPONSE",
        status,
        message: expect.stringContaining(
          `${status} ${code}, request FAKE0123456789, "The thing … of (kind) 12 is not … or …"`,
        ),
      });
    }
  },
);

test("a hint names a wrong addressing style or a proxy", async () => {
  const fake = new FakeS3();
  const message = async (options: Partial<S3BackendOptions>): Promise<string> => {
    const error = await failureOf(s3Backend(onFake(fake, options)).read("ledger.json"));
    return (error as Error).message;
  };
  // Another bucket in the path, which is how a store with path style reads a key.
  expect(await message({ bucket: "elsewhere" })).toContain("in the host name, set forcePathStyle: false");
  const inHost = { endpoint: "http://s3.fake", bucket: "elsewhere", forcePathStyle: false, allowInsecure: true };
  expect(await message(inHost)).toContain("in the path, set forcePathStyle: true");
  fake.fail("html", () => true, 1);
  expect(await message({})).toMatch(/check endpoint, also its path, and if this store wants/);
  // The signature covers the Host and the path, so a proxy that changes one of them breaks it.
  fake.fail(answer(403, "SignatureDoesNotMatch"), () => true, 2);
  expect(await message({})).toContain("A proxy before the store must pass on the Host header unchanged");
  expect(await message({ endpoint: "http://localhost:9000/s3/" })).toContain(
    "must pass on the Host header and the path /s3 unchanged",
  );
});
