import { expect, test, vi } from "vitest";
import type { S3Credentials } from "../../../src/backends/s3/index.ts";
import { s3Backend } from "../../../src/backends/s3/index.ts";
import { FAKE_KEYS, FakeS3 } from "../../servers/fake-s3.ts";
import { failureOf, onFake, quickClock, text } from "./place.ts";

/** A source of keys that are each good for one hour, and a store that knows them all. */
function issuer(clock: ReturnType<typeof quickClock>): {
  source: ReturnType<typeof vi.fn<() => Promise<S3Credentials>>>;
  fake: FakeS3;
} {
  const keys = Array.from({ length: 9 }, (_, i) => ({
    accessKeyId: `AKID${i}`,
    secretAccessKey: `secret${i}`,
    sessionToken: `token${i}`,
  }));
  const fake = new FakeS3({ keys, now: () => clock.now?.() ?? 0 });
  let next = 0;
  const source = vi.fn<() => Promise<S3Credentials>>(async () => {
    await Promise.resolve();
    return { ...(keys[next++] as S3Credentials), expiration: new Date((clock.now?.() ?? 0) + 3_600_000) };
  });
  return { source, fake };
}

test("a function is called at the first request, once for all waiting calls", async () => {
  const clock = quickClock();
  const { source, fake } = issuer(clock);
  const backend = s3Backend(onFake(fake, { credentials: source, clock }));
  expect(source).not.toHaveBeenCalled();
  await Promise.all([backend.stat("a"), backend.stat("b"), backend.stat("c")]);
  await backend.stat("d");
  expect(source).toHaveBeenCalledTimes(1);
  expect(new Set(fake.calls.map(({ headers }) => headers.get("x-amz-security-token")))).toEqual(new Set(["token0"]));
});

test("the function is called again one minute before the expiration", async () => {
  const clock = quickClock();
  const { source, fake } = issuer(clock);
  const backend = s3Backend(onFake(fake, { credentials: source, clock }));
  await backend.stat("a");
  clock.advance(3_600_000 - 61_000);
  await backend.stat("a");
  expect(source).toHaveBeenCalledTimes(1);
  clock.advance(2_000);
  await Promise.all([backend.stat("a"), backend.stat("b")]);
  expect(source).toHaveBeenCalledTimes(2);
  expect(fake.calls.at(-1)?.headers.get("x-amz-security-token")).toBe("token1");
});

test("the function is called again, once, if the store says that the token has expired", async () => {
  const clock = quickClock();
  const { source, fake } = issuer(clock);
  const backend = s3Backend(onFake(fake, { credentials: source, clock }));
  await backend.create("k", text("x"));
  fake.expiredTokens.add("token0");
  await Promise.all([backend.stat("k"), backend.read("k"), backend.create("l", text("y"))]);
  expect(source).toHaveBeenCalledTimes(2);
  for (let i = 1; i < 9; i++) fake.expiredTokens.add(`token${i}`);
  expect(await failureOf(backend.read("k"))).toMatchObject({ code: "CREDENTIALS", key: "k" });
  expect(source).toHaveBeenCalledTimes(3);
});

test("keys that have expired and come from no function say how to get new ones", async () => {
  const keys = { ...FAKE_KEYS, sessionToken: "old" };
  const fake = new FakeS3({ keys: [keys] });
  fake.expiredTokens.add("old");
  const error = await failureOf(s3Backend(onFake(fake, { credentials: keys })).read("k"));
  expect(error).toMatchObject({ code: "CREDENTIALS", message: expect.stringContaining("credentials function") });
  expect(fake.calls).toHaveLength(1);
});

test("a function that keeps returning expiring keys is not called for each request", async () => {
  const clock = quickClock();
  const fake = new FakeS3();
  const source = vi.fn<() => Promise<S3Credentials>>(async () => ({ ...FAKE_KEYS, expiration: clock.now?.() ?? 0 }));
  const backend = s3Backend(onFake(fake, { credentials: source, clock }));
  for (let i = 0; i < 5; i++) await backend.stat("k");
  expect(source).toHaveBeenCalledTimes(1);
});

test("a function that fails is CREDENTIALS with its error as cause, and the next request calls it again", async () => {
  const fake = new FakeS3();
  const cause = new Error("no metadata service");
  const source = vi.fn<() => Promise<S3Credentials>>(async () => FAKE_KEYS).mockRejectedValueOnce(cause);
  const backend = s3Backend(onFake(fake, { credentials: source }));
  expect(await failureOf(backend.stat("k"))).toMatchObject({ code: "CREDENTIALS", cause });
  expect(await backend.stat("k")).toBeUndefined();
});

test("a function that throws rather than rejects is CREDENTIALS, too", async () => {
  const source = (): never => {
    throw new Error("at once");
  };
  expect(await failureOf(s3Backend(onFake(new FakeS3(), { credentials: source })).stat("k"))).toMatchObject({
    code: "CREDENTIALS",
  });
});

test.each([
  ["no object", 5, "INVALID_ARGUMENT"],
  ["no secret", { accessKeyId: "AKID" }, "INVALID_ARGUMENT"],
  ["an empty key", { accessKeyId: "", secretAccessKey: "x" }, "CREDENTIALS"],
  ["a line break from a file", { accessKeyId: "AKID", secretAccessKey: "hidden\n" }, "CREDENTIALS"],
  ["a token that is no header", { ...FAKE_KEYS, sessionToken: "hidden\u0100" }, "CREDENTIALS"],
  ["a wrong expiration", { ...FAKE_KEYS, expiration: "soon" }, "INVALID_ARGUMENT"],
])("%s", async (_, given, code) => {
  const error = await failureOf(s3Backend(onFake(new FakeS3(), { credentials: async () => given as never })).stat("k"));
  expect(error).toMatchObject({ code, message: expect.not.stringContaining("hidden") });
});

test("an aborted call does not wait for credentials", async () => {
  const backend = s3Backend(onFake(new FakeS3(), { credentials: () => new Promise(() => {}) }));
  const controller = new AbortController();
  const reason = new Error("enough");
  const reading = failureOf(backend.read("k", { signal: controller.signal }));
  controller.abort(reason);
  expect(await reading).toBe(reason);
});
