import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { httpBackend, publish } from "../../src/backends/http/index.ts";
import { s3Backend, s3Presigner, type S3SignRequest } from "../../src/backends/s3/index.ts";
import { LedgerError, openLedger } from "../../src/index.ts";
import { allowEverybody, type CorsRule, inBucket, makeBucket, putCorsRule, realS3 } from "../servers/real-s3.ts";

const server = realS3();
const ORIGIN = "https://app.example.com";
const docs = readFileSync(join(import.meta.dirname, "../../docs/browser-buckets.md"), "utf8");
const { CORSRules: rules } = JSON.parse(/```json\n([\s\S]*?)```/.exec(docs)![1]!) as { CORSRules: CorsRule[] };

const bucket = await makeBucket(server);
const prefix = `pages/${randomBytes(4).toString("hex")}`;
const presign = s3Presigner({ ...inBucket(server, bucket), prefix });

test("a run is logged and read back with signed URLs, also an upload in parts", async () => {
  const asked: S3SignRequest[] = [];
  const backend = s3Backend({
    bucket,
    prefix,
    sign: async (request) => {
      asked.push(request);
      return await presign(request);
    },
  });
  expect(await backend.probe()).toBe("atomic");
  const ledger = await openLedger(backend);
  const run = await ledger.startRun({ name: "in a page" });
  for (let step = 0; step < 1000; step++) run.log({ loss: 1 / (step + 1) });
  const model = randomBytes(11 * 1024 * 1024);
  await run.logArtifact("model", new Uint8Array(model));
  await run.finish();
  await expect(backend.create("ledger.json", new Uint8Array(3))).rejects.toMatchObject({ code: "EXISTS" });
  expect(asked.some(({ query }) => "partNumber" in query)).toBe(true);

  const direct = await openLedger(s3Backend(inBucket(server, bucket, { prefix })));
  const signed = await openLedger(s3Backend({ bucket, prefix, sign: presign, conditionalWrites: "atomic" }));
  for (const there of [direct, signed]) {
    expect((await there.searchRuns()).runs.map(({ name }) => name)).toEqual(["in a page"]);
    expect((await there.history(run.id, "loss")).values).toHaveLength(1000);
    const read = await (await there.openArtifact("model:v0")).read();
    expect(Buffer.compare(read, model)).toBe(0);
  }
});

test("an expired URL and one with another condition are refused, and the errors say so", async () => {
  const old = s3Presigner({
    ...inBucket(server, bucket),
    prefix,
    expiresInSeconds: 1,
    clock: { now: () => Date.now() - 60_000 },
  });
  const expired = s3Backend({ bucket, prefix, sign: old, conditionalWrites: "atomic" });
  const error: unknown = await expired.read("ledger.json").catch((reason: unknown) => reason);
  expect(LedgerError.is(error) && error.message).toMatch(/two signed URLs.*expired/);
  expect(String(error)).not.toContain("Signature=");

  // The condition is signed, so a page cannot leave it out and overwrite.
  const key = `${prefix}/ledger.json`;
  const headers = { "content-type": "application/octet-stream", "if-none-match": "*" };
  const { url } = await presign({ method: "PUT", key, query: {}, headers });
  const put = async (sent: Record<string, string>): Promise<number> =>
    (await fetch(url, { method: "PUT", headers: sent, body: "overwritten" })).status;
  expect(await put({ "content-type": headers["content-type"] })).toBe(403);
  expect(await put(headers)).toBe(412);
});

test("the CORS rule of docs/browser-buckets.md lets a page of its origin do what it needs, and no other page", async () => {
  await putCorsRule(server, bucket, rules[0]!);
  const key = `${prefix}/cors`;
  const headers = { "content-type": "application/octet-stream", "if-none-match": "*" };
  const { url } = await presign({ method: "PUT", key, query: {}, headers });
  const ask = async (origin: string, method: string, names: string): Promise<Response> =>
    await fetch(url, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": method,
        "access-control-request-headers": names,
      },
    });
  for (const method of ["GET", "PUT", "POST", "DELETE"]) {
    const answer = await ask(ORIGIN, method, rules[0]!.AllowedHeaders.join(","));
    expect(answer.status).toBe(200);
    expect(answer.headers.get("access-control-allow-origin")).toBe(ORIGIN);
    expect(answer.headers.get("access-control-allow-methods")).toContain(method);
    expect(answer.headers.get("access-control-max-age")).toBe("3600");
    const allowed = (answer.headers.get("access-control-allow-headers") ?? "").toLowerCase().split(/, ?/);
    for (const name of rules[0]!.AllowedHeaders) expect(allowed).toContain(name);
  }
  expect(
    (await ask("https://evil.example", "PUT", "content-type")).headers.get("access-control-allow-origin"),
  ).toBeNull();

  const put = await fetch(url, { method: "PUT", headers: { ...headers, origin: ORIGIN }, body: "in a page" });
  expect([put.status, put.headers.get("access-control-allow-origin")]).toEqual([200, ORIGIN]);
  const got = await presign({ method: "GET", key, query: {}, headers: { range: "bytes=0-1" } });
  const read = await fetch(got.url, { headers: { range: "bytes=0-1", origin: ORIGIN } });
  expect([read.status, await read.text()]).toEqual([206, "in"]);
  expect(read.headers.get("access-control-allow-origin")).toBe(ORIGIN);
  const exposed = (read.headers.get("access-control-expose-headers") ?? "").toLowerCase();
  for (const name of rules[0]!.ExposeHeaders) expect(exposed).toContain(name.toLowerCase());
});

test("a ledger that is published in a public bucket is read over HTTP without keys", async () => {
  const place = await makeBucket(server);
  const ledger = await openLedger(s3Backend(inBucket(server, place, { prefix: "runs" })));
  const run = await ledger.startRun({ name: "public" });
  for (let step = 0; step < 100; step++) run.log({ loss: step });
  await run.finish();
  await publish(ledger);
  const url = `${server.endpoint}/${place}/runs`;
  await expect(openLedger(httpBackend(url))).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  await allowEverybody(server, place);
  const there = await openLedger(httpBackend(url));
  expect((await there.searchRuns()).runs).toEqual((await ledger.searchRuns()).runs);
  expect((await there.history(run.id, "loss")).values).toEqual((await ledger.history(run.id, "loss")).values);
  await expect(there.startRun()).rejects.toMatchObject({ code: "UNSUPPORTED" });
  // A bucket answers 403 for what is not there.
  await expect(openLedger(httpBackend(`${server.endpoint}/${place}/nothing`))).rejects.toThrow(/403/);
});
