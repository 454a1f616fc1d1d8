import { inspect } from "node:util";
import { expect, test } from "vitest";
import { s3Backend } from "../../../src/backends/s3/index.ts";
import type { FaultName } from "../../servers/fake-s3.ts";
import { FAKE_KEYS, FakeS3, S3Error, errorResponse } from "../../servers/fake-s3.ts";
import { failureOf, onFake, text } from "./place.ts";

const keys = {
  accessKeyId: "AKIDCANARY0001",
  secretAccessKey: "c4nary/s3cret+key",
  sessionToken: "c4nary-session-token",
};
const wrong = { ...keys, secretAccessKey: "c4nary/wr0ng+key" };

/** Everything of a value that a log could show. */
function shown(value: unknown): string {
  const parts = [String(value), inspect(value, { depth: 20, showHidden: true }), JSON.stringify(value) ?? ""];
  if (value instanceof Error) {
    parts.push(value.message, value.stack ?? "", JSON.stringify(Object.entries(value)));
    if (value.cause !== undefined) parts.push(shown(value.cause));
  }
  return parts.join("\n");
}

function assertClean(value: unknown): void {
  const text = shown(value);
  for (const secret of [
    ...Object.values(keys),
    wrong.secretAccessKey,
    "AWS4-HMAC",
    "Signature=",
    "StringToSign",
    "authorization",
  ]) {
    expect(text).not.toContain(secret);
  }
  expect(text).not.toMatch(/[0-9a-f]{64}/);
}

test("the backend shows where it is, and no credentials", async () => {
  for (const credentials of [keys, async () => keys]) {
    const fake = new FakeS3({ keys: [keys] });
    const backend = s3Backend(onFake(fake, { credentials }));
    await backend.create("k", text("x"));
    assertClean(backend);
    assertClean({ nested: { backend } });
    assertClean(Object.getOwnPropertyNames(backend).map((name) => (backend as never)[name]));
    expect(inspect(backend)).toContain('"bucket":"bucket"');
    expect(JSON.parse(JSON.stringify(backend))).toEqual({
      name: "s3",
      bucket: "bucket",
      prefix: "",
      endpoint: "http://localhost:9000/",
      region: "us-east-1",
    });
  }
});

const echo = new S3Error(403, "SignatureDoesNotMatch", {
  AWSAccessKeyId: keys.accessKeyId,
  StringToSign: `AWS4-HMAC-SHA256\n${keys.secretAccessKey}`,
  "Token-0": keys.sessionToken,
  Message: keys.secretAccessKey,
});
const faults: [string, FaultName | (() => ReturnType<typeof errorResponse>)][] = [
  ["a store that echoes the signature", () => errorResponse(echo)],
  ["a code that is no code", () => errorResponse(new S3Error(400, `x ${keys.secretAccessKey}`))],
  ["a refusal", () => errorResponse(new S3Error(403, "AccessDenied"))],
  ["a server error", "error-after"],
  ["a web page", "html"],
  ["no network", "reset"],
  ["an expired token", () => errorResponse(new S3Error(400, "ExpiredToken", { "Token-0": keys.sessionToken }))],
  ["a strange answer", () => ({ status: 200, headers: {}, body: text(`<Other>${keys.secretAccessKey}</Other>`) })],
];

test.each(faults)("errors show no credentials: %s", async (_, fault) => {
  const fake = new FakeS3({ keys: [keys] });
  const backend = s3Backend(onFake(fake, { credentials: keys }));
  await backend.probe();
  fake.fail(fault, () => true, Infinity);
  const calls = [
    () => backend.create("k", text("x")),
    () => backend.create("big", new Uint8Array(17 * 1024 * 1024)),
    () => backend.read("k"),
    () => backend.list("")[Symbol.asyncIterator]().next(),
    () => backend.remove("k"),
    () => s3Backend(onFake(fake, { credentials: keys, prefix: "other" })).probe(),
  ];
  for (const call of calls) {
    const error = await call().catch((error: unknown) => error);
    if (error instanceof Error) assertClean(error);
  }
});

test("wrong keys against a store that tells what it has computed", async () => {
  const fake = new FakeS3({ keys: [keys] });
  const error = await failureOf(s3Backend(onFake(fake, { credentials: wrong })).read("k"));
  expect(error).toMatchObject({ code: "CREDENTIALS" });
  assertClean(error);
});

test("a fetch that puts headers into its message", async () => {
  const fetch: typeof globalThis.fetch = async (_, init) => {
    throw new TypeError(`bad request: ${JSON.stringify([...new Headers(init?.headers)])}`);
  };
  const backend = s3Backend(onFake(new FakeS3(), { credentials: keys, fetch }));
  const error = await failureOf(backend.read("k"));
  expect(error).toMatchObject({ code: "UNAVAILABLE" });
  assertClean(error);
});

test("keys that cannot be right", () => {
  for (const bad of [
    { ...keys, secretAccessKey: `${keys.secretAccessKey}\n` },
    { ...keys, sessionToken: `${keys.sessionToken}\u0100` },
  ]) {
    try {
      s3Backend(onFake(new FakeS3(), { credentials: bad }));
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: "CREDENTIALS" });
      assertClean(error);
    }
  }
});

test("keys are sent only in headers, never in a URL", async () => {
  const fake = new FakeS3();
  const urls: string[] = [];
  const fetch: typeof globalThis.fetch = (input, init) => {
    urls.push(String(input));
    return fake.fetch(input, init);
  };
  const backend = s3Backend(onFake(fake, { fetch }));
  await backend.create("k", text("x"));
  expect(urls.join()).not.toMatch(/X-Amz|Signature|AKID/i);
  expect(fake.calls[0]?.headers.get("authorization")).toContain(FAKE_KEYS.accessKeyId);
});
