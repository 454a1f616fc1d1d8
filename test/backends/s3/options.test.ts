import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { s3Backend } from "../../../src/backends/s3/index.ts";
import { FAKE_KEYS, FakeS3 } from "../../servers/fake-s3.ts";
import { failureOf, onFake, text } from "./place.ts";

const NAMES = [
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_REGION",
  "AWS_DEFAULT_REGION",
  "AWS_ENDPOINT_URL_S3",
  "AWS_ENDPOINT_URL",
];
beforeEach(() => {
  for (const name of NAMES) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

test("no credentials anywhere: the error says what to do", () => {
  expect(() => s3Backend({ bucket: "mine" })).toThrow(
    expect.objectContaining({
      code: "CREDENTIALS",
      message: expect.stringMatching(/AWS_ACCESS_KEY_ID.*function.*anonymous/),
    }),
  );
  vi.stubEnv("AWS_ACCESS_KEY_ID", "only-one");
  expect(() => s3Backend({ bucket: "mine" })).toThrow(expect.objectContaining({ code: "CREDENTIALS" }));
});

test("the environment gives endpoint, region, keys and session token", async () => {
  const keys = { ...FAKE_KEYS, sessionToken: "t0ken/+=" };
  const fake = new FakeS3({ keys: [keys], region: "eu-test-1" });
  vi.stubEnv("AWS_ACCESS_KEY_ID", keys.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", keys.secretAccessKey);
  vi.stubEnv("AWS_SESSION_TOKEN", keys.sessionToken);
  vi.stubEnv("AWS_DEFAULT_REGION", "eu-test-1");
  vi.stubEnv("AWS_ENDPOINT_URL", "http://localhost:1");
  const backend = s3Backend({ bucket: "bucket", fetch: fake.fetch });
  await backend.create("a", text("x"));
  expect(fake.bucket().objects.has("a")).toBe(true);
  expect(backend).toMatchObject({ name: "s3", contract: 1 });

  vi.stubEnv("AWS_REGION", "first-1");
  vi.stubEnv("AWS_ENDPOINT_URL_S3", "https://first.example");
  expect(JSON.parse(JSON.stringify(s3Backend({ bucket: "bucket" })))).toMatchObject({
    region: "first-1",
    endpoint: "https://first.example/",
  });
  const own = s3Backend({ bucket: "bucket", region: "own-1", endpoint: "https://own.example" });
  expect(JSON.parse(JSON.stringify(own))).toMatchObject({ region: "own-1", endpoint: "https://own.example/" });
});

test("works without a process", async () => {
  const fake = new FakeS3();
  let created: Promise<unknown>;
  // Without an await: the test runner's own ticks need `process` between turns.
  vi.stubGlobal("process", undefined);
  try {
    created = s3Backend(onFake(fake)).create("a", text("x"));
    expect(() => s3Backend({ bucket: "mine" })).toThrow(expect.objectContaining({ code: "CREDENTIALS" }));
  } finally {
    vi.unstubAllGlobals();
  }
  await created;
});

test("anonymous reads are unsigned", async () => {
  const fake = new FakeS3({ publicRead: true });
  fake.bucket().objects.set("a", text("x"));
  const backend = s3Backend(onFake(fake, { credentials: "anonymous" }));
  expect(await backend.read("a")).toEqual(text("x"));
  expect(fake.calls[0]?.headers.has("authorization")).toBe(false);
  expect(await failureOf(backend.create("b", text("x")))).toMatchObject({ code: "PERMISSION_DENIED", key: "b" });
});

test.each([
  ["options", undefined],
  ["bucket", { bucket: 3 }],
  ["prefix", { prefix: 3 }],
  ["prefix", { prefix: "x".repeat(121) }],
  ["region", { region: "not a region" }],
  ["forcePathStyle", { forcePathStyle: "yes" }],
  ["allowInsecure", { allowInsecure: 1 }],
  ["fetch", { fetch: {} }],
  ["random", { random: 0.5 }],
  ["clock", { clock: 5 }],
  ["partBytes", { partBytes: 1024 }],
  ["maxReadBytes", { maxReadBytes: 0 }],
  ["retry", { retry: 3 }],
  ["retry.attempts", { retry: { attempts: 0 } }],
  ["retry.totalMs", { retry: { totalMs: Number.NaN } }],
  ["credentials", { credentials: "me" }],
  ["credentials.accessKeyId", { credentials: { accessKeyId: 1, secretAccessKey: "x" } }],
])("a wrong %s is INVALID_ARGUMENT", (field, options) => {
  const given = options === undefined ? undefined : { bucket: "mine", credentials: FAKE_KEYS, ...options };
  expect(() => s3Backend(given as never)).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", field }));
});

test("a prefix with which no key may begin is INVALID_KEY", () => {
  expect(() => s3Backend({ bucket: "mine", credentials: FAKE_KEYS, prefix: "a/../b" })).toThrow(
    expect.objectContaining({ code: "INVALID_KEY" }),
  );
});

test("slashes around a prefix do not matter", async () => {
  const fake = new FakeS3();
  await s3Backend(onFake(fake, { prefix: "/a/b//" })).create("c", text("x"));
  expect([...fake.bucket().objects.keys()]).toEqual(["a/b/c"]);
});
