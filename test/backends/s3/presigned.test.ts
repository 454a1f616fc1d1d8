import { inspect } from "node:util";
import { expect, test } from "vitest";
import {
  s3Backend,
  type S3BackendOptions,
  s3Presigner,
  type S3PresignerOptions,
  type S3SignRequest,
} from "../../../src/backends/s3/index.ts";
import { LedgerError, openLedger } from "../../../src/index.ts";
import { FAKE_KEYS, FakeS3 } from "../../servers/fake-s3.ts";
import { bytes, failureOf as reasonOf, quickClock, text } from "./place.ts";

async function failureOf(work: Promise<unknown>): Promise<LedgerError> {
  const reason = await reasonOf(work);
  expect(LedgerError.is(reason), String(reason)).toBe(true);
  return reason as LedgerError;
}

const PREFIX = "pages/of-ann";
const AT = { endpoint: "http://localhost:9000", bucket: "bucket", prefix: PREFIX } as const;

/** A store, a server that signs, and a page that has no keys. */
function page(
  options: Partial<S3BackendOptions> = {},
  presigner: Partial<S3PresignerOptions> = {},
  fake = new FakeS3({ keys: [{ ...FAKE_KEYS, sessionToken: "t0ken/+=" }] }),
): {
  fake: FakeS3;
  asked: S3SignRequest[];
  backend: ReturnType<typeof s3Backend>;
  clock: ReturnType<typeof quickClock>;
} {
  const asked: S3SignRequest[] = [];
  const presign = s3Presigner({ ...AT, credentials: { ...FAKE_KEYS, sessionToken: "t0ken/+=" }, ...presigner });
  const clock = quickClock();
  const backend = s3Backend({
    bucket: "bucket",
    prefix: PREFIX,
    fetch: fake.fetch,
    clock,
    conditionalWrites: "atomic",
    // As over a network: only JSON goes there and comes back.
    sign: async (request) => {
      asked.push(request);
      return JSON.parse(JSON.stringify(await presign(JSON.parse(JSON.stringify(request))))) as { url: string };
    },
    ...options,
  });
  return { fake, asked, backend, clock };
}

test("a run is logged, closed and found with signed URLs, and the page holds no key", async () => {
  const { fake, asked, backend } = page();
  const ledger = await openLedger(backend);
  const run = await ledger.startRun({ name: "in a page", environment: false });
  for (let step = 0; step < 100; step++) run.log({ loss: 1 / (step + 1) });
  await run.logArtifact("model", bytes(100_000));
  await run.finish();
  expect((await ledger.searchRuns()).runs.map(({ name }) => name)).toEqual(["in a page"]);
  expect((await ledger.history(run.id, "loss")).values).toHaveLength(100);
  expect(await (await ledger.openArtifact("model:v0")).read()).toEqual(bytes(100_000));
  expect(asked.length).toBe(fake.calls.length);
  expect(fake.calls.every(({ headers }) => !headers.has("authorization"))).toBe(true);
  const shown = JSON.stringify(asked) + inspect(backend, { depth: 9, showHidden: true }) + JSON.stringify(backend);
  expect(shown).not.toMatch(/Signature|AKID|sEcReT|t0ken/);
  for (const { body } of fake.calls)
    expect(new TextDecoder().decode(body)).not.toMatch(/X-Amz-Signature|AKIDFAKE|sEcReT|t0ken/);
});

test("creates stay conditional, and every kind of call is signed: a part, a listing, a removal, an upload in parts", async () => {
  const { fake, asked, backend } = page();
  await backend.create("a", text("first"));
  expect((await failureOf(backend.create("a", text("second")))).code).toBe("EXISTS");
  expect(new TextDecoder().decode(await backend.read("a", { range: { offset: 1, length: 3 } }))).toBe("irs");
  expect(await backend.stat("none")).toBeUndefined();
  await backend.create("large", bytes(11 * 1024 * 1024));
  const keys: string[] = [];
  for await (const { key } of backend.list("")) keys.push(key);
  expect(keys).toEqual(["a", "large"]);
  await backend.remove("a");
  expect(await backend.stat("a")).toBeUndefined();
  expect(new Set(asked.map(({ method, query }) => [method, ...Object.keys(query)].join(" ")))).toEqual(
    new Set([
      "GET",
      "PUT",
      "DELETE",
      "POST uploads",
      "PUT partNumber uploadId",
      "POST uploadId",
      "GET list-type encoding-type prefix",
    ]),
  );
  expect(fake.calls.filter(({ headers }) => headers.get("if-none-match") === "*").length).toBe(2);
});

test("a page with s3Backend probes conditional writes as others do", async () => {
  const { backend } = page({ conditionalWrites: undefined });
  expect(await backend.probe()).toBe("atomic");
});

test("an expired URL: another one is asked for, once, then the error says what it is", async () => {
  const fake = new FakeS3({ keys: [FAKE_KEYS], now: () => Date.now() });
  let late = 0;
  const old = s3Presigner({ ...AT, credentials: FAKE_KEYS, clock: { now: () => Date.now() - 3_600_000 } });
  const good = s3Presigner({ ...AT, credentials: FAKE_KEYS });
  const { backend } = page({ sign: (request) => (late-- > 0 ? old(request) : good(request)) }, {}, fake);
  await backend.create("a", text("x"));
  late = 1;
  expect(await backend.read("a")).toEqual(text("x"));
  late = 100;
  const before = fake.calls.length;
  const error = await failureOf(backend.read("a"));
  expect(fake.calls.length - before).toBe(2);
  expect(error).toMatchObject({ code: "PERMISSION_DENIED", status: 403, key: "a" });
  expect(error.message).toMatch(/two signed URLs.*expired/);
  expect(`${error.message} ${inspect(error, { depth: 9 })}`).not.toMatch(/Signature=|AKID/);
});

test("a function that fails, stalls or returns nonsense: an error without the URL, and no request", async () => {
  const { fake, backend } = page({
    sign: () => {
      throw new Error("the server is gone");
    },
  });
  expect(await failureOf(backend.read("a"))).toMatchObject({
    code: "CREDENTIALS",
    cause: new Error("the server is gone"),
  });
  for (const nonsense of [undefined, null, 7, "", "not a url?X-Amz-Signature=abc", {}, { url: 7 }, "ftp://host/key"]) {
    const error = await failureOf(page({ sign: () => nonsense as never }, {}, fake).backend.read("a"));
    expect(error, String(nonsense)).toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(error.message).not.toContain("Signature");
  }
  const wrongHeaders = { url: "https://host/key", headers: { "bad name": "x" } };
  expect((await failureOf(page({ sign: () => wrongHeaders }, {}, fake).backend.read("a"))).field).toBe(
    "sign().headers",
  );
  const stop = new AbortController();
  const reading = page({ sign: () => new Promise<never>(() => {}) }, {}, fake).backend.read("a", {
    signal: stop.signal,
  });
  stop.abort(new Error("stopped"));
  await expect(reading).rejects.toThrow("stopped");
  expect(fake.calls).toEqual([]);
});

test("sign takes the place of credentials", () => {
  const sign = (): string => "https://host/key";
  expect(() => s3Backend({ bucket: "bucket", sign, credentials: FAKE_KEYS })).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", field: "credentials" }),
  );
  expect(() => s3Backend({ bucket: "bucket", sign: "https://host" as never })).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", field: "sign" }),
  );
  expect(() => s3Backend({ bucket: "bucket", sign }).locate("a")).toThrow(
    expect.objectContaining({ code: "UNSUPPORTED" }),
  );
});

const BASE: S3SignRequest = { method: "GET", key: `${PREFIX}/a`, query: {}, headers: {} };
const LIST: S3SignRequest = { ...BASE, key: "", query: { "list-type": "2", prefix: `${PREFIX}/runs/` } };

test("a server signs what a ledger needs", async () => {
  const presign = s3Presigner({ ...AT, credentials: FAKE_KEYS });
  for (const request of [
    BASE,
    { ...BASE, headers: { range: "bytes=0-" } },
    { ...BASE, method: "PUT", headers: { "if-none-match": "*", "content-type": "application/octet-stream" } },
    { ...BASE, method: "PUT", key: `${PREFIX}/.probe/ab` },
    LIST,
    { ...LIST, query: { ...LIST.query, "start-after": `${PREFIX}/runs/1`, "max-keys": "10" } },
  ] as S3SignRequest[]) {
    const { url, headers } = await presign(request);
    expect(new URL(url).searchParams.get("X-Amz-Expires")).toBe("60");
    expect(headers).toEqual(request.headers);
  }
});

test.each([
  ["a key outside of the prefix", { ...BASE, key: "pages/of-bob/a" }],
  ["a key that leaves the prefix", { ...BASE, key: `${PREFIX}/../of-bob/a` }],
  ["a key with an empty segment", { ...BASE, key: `${PREFIX}//a` }],
  ["the prefix itself", { ...BASE, key: `${PREFIX}/` }],
  ["a prefix that only begins like it", { ...BASE, key: `${PREFIX}x/a` }],
  ["another method", { ...BASE, method: "HEAD" }],
  ["a method of objects in JavaScript", { ...BASE, method: "constructor" }],
  ["the rights of an object", { ...BASE, query: { acl: "" } }],
  ["a copy of another object", { ...BASE, method: "PUT", headers: { "x-amz-copy-source": "bucket/secret" } }],
  ["rights for all", { ...BASE, method: "PUT", headers: { "x-amz-acl": "public-read" } }],
  ["another condition", { ...BASE, method: "PUT", headers: { "if-none-match": '"abc"' } }],
  ["a web page", { ...BASE, method: "PUT", headers: { "content-type": "text/html" } }],
  ["a form", { ...BASE, method: "POST" }],
  ["an upload with more", { ...BASE, method: "PUT", query: { partNumber: "1", uploadId: "x", acl: "" } }],
  ["a listing outside of the prefix", { ...LIST, query: { "list-type": "2", prefix: "pages/" } }],
  ["a listing of everything", { ...LIST, query: { "list-type": "2" } }],
  ["a listing of versions", { ...LIST, query: { versions: "", prefix: `${PREFIX}/` } }],
  ["the rules of the bucket", { ...LIST, query: { policy: "" } }],
  ["the removal of the bucket", { ...LIST, method: "DELETE", query: {} }],
])("a server does not sign %s", async (_what, request) => {
  const presign = s3Presigner({ ...AT, credentials: FAKE_KEYS });
  expect((await failureOf(presign(request as S3SignRequest))).code).toBe("PERMISSION_DENIED");
});

test("a server that signs only reads, and wrong arguments", async () => {
  const presign = s3Presigner({ ...AT, credentials: FAKE_KEYS, readOnly: true });
  await presign(BASE);
  expect((await failureOf(presign({ ...BASE, method: "DELETE" }))).code).toBe("PERMISSION_DENIED");
  for (const wrong of [undefined, 7, {}, { ...BASE, query: { a: 7 } }, { ...BASE, headers: undefined }])
    expect(LedgerError.is(await failureOf(presign(wrong as never))), String(wrong)).toBe(true);
  for (const [field, more] of [
    ["expiresInSeconds", { expiresInSeconds: 0 }],
    ["expiresInSeconds", { expiresInSeconds: 604_801 }],
    ["readOnly", { readOnly: 1 }],
  ] as const)
    expect(() => s3Presigner({ ...AT, credentials: FAKE_KEYS, ...(more as object) })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field }),
    );
});
