import { createHash, randomBytes } from "node:crypto";
import { request } from "node:http";
import { describe, expect, test } from "vitest";
import { byteStream } from "../../src/backend/body.ts";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import type { S3BackendOptions } from "../../src/backends/s3/index.ts";
import { probeConditionalWrites, s3Backend } from "../../src/backends/s3/index.ts";
import { FAULTS, ODD_KEYS } from "../backends/s3/place.ts";
import { startFaultProxy } from "../servers/fault-proxy.ts";
import { inBucket, makeBucket, realS3 } from "../servers/real-s3.ts";

const server = realS3();
const bucket = await makeBucket(server);
const MIB = 1024 * 1024;
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const open = (more: Partial<S3BackendOptions> = {}): ReturnType<typeof s3Backend> =>
  s3Backend(inBucket(server, bucket, { prefix: randomBytes(6).toString("hex"), ...more }));
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

test("conditional writes are atomic here", async () => {
  const backend = open();
  expect(await probeConditionalWrites(backend)).toBe("atomic");
  expect(backend.capabilities.exclusiveCreate).toBe(true);
  for await (const { key } of backend.list("")) expect.unreachable(`the probe left ${key}`);
});

test("odd keys arrive as they are", async () => {
  const backend = open();
  const odd = [...ODD_KEYS, "x".repeat(240)];
  for (const key of odd) await backend.create(key, text(key));
  const listed: string[] = [];
  for await (const { key, size } of backend.list("")) {
    listed.push(key);
    expect(size).toBe(text(key).length);
  }
  expect(listed).toEqual(odd.toSorted());
  for (const key of odd) expect(await backend.read(key)).toEqual(text(key));
});

test("virtual-host addresses", async () => {
  const { port } = new URL(server.endpoint);
  // Names below localhost are not known to every resolver, so the connection goes to the address; the Host is the name.
  const fetch: typeof globalThis.fetch = (input, init) =>
    new Promise((resolve, reject) => {
      const { host, pathname, search } = new URL(String(input));
      const headers = { ...Object.fromEntries(new Headers(init?.headers)), host };
      const outgoing = request(
        { host: "127.0.0.1", port, method: init?.method, path: pathname + search, headers },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => chunks.push(chunk));
          answer.on("end", () => {
            const told = answer.headers as Record<string, string>;
            resolve(
              new Response(answer.statusCode === 204 ? null : Buffer.concat(chunks), {
                status: answer.statusCode ?? 0,
                headers: told,
              }),
            );
          });
        },
      );
      outgoing.on("error", reject);
      outgoing.end(init?.body as Uint8Array | undefined);
    });
  const backend = open({ endpoint: `http://localhost:${port}`, forcePathStyle: false, fetch });
  await backend.create("a b/c+d", text("x"));
  expect(await backend.read("a b/c+d")).toEqual(text("x"));
  const listed: string[] = [];
  for await (const { key } of backend.list("")) listed.push(key);
  expect(listed).toEqual(["a b/c+d"]);
});

describe("what is wrong is named", () => {
  test("wrong keys", async () => {
    const { accessKeyId } = server.credentials;
    for (const credentials of [
      { accessKeyId, secretAccessKey: "wrong" },
      { accessKeyId: "NOBODY", secretAccessKey: "wrong" },
    ]) {
      const backend = open({ credentials });
      for (const call of [
        () => backend.create("k", text("x")),
        () => backend.read("k"),
        () => backend.stat("k"),
        () => backend.probe(),
      ]) {
        expect(await failureOf(call())).toMatchObject({ code: "CREDENTIALS", status: 403 });
      }
    }
  });

  test("a bucket that is not there", async () => {
    const backend = open({ bucket: "no-such-bucket-anywhere" });
    for (const call of [
      () => backend.create("k", text("x")),
      () => backend.read("k"),
      () => backend.stat("k"),
      () => backend.remove("k"),
    ]) {
      expect(await failureOf(call())).toMatchObject({ code: "BUCKET_NOT_FOUND", key: "k" });
    }
  });

  test("reading without keys", async () => {
    expect(await failureOf(open({ credentials: "anonymous" }).read("k"))).toMatchObject({ code: "PERMISSION_DENIED" });
  });
});

test("a clock that is half an hour off is put right by the store's", async () => {
  const backend = open({ clock: () => Date.now() - 30 * 60_000 });
  await backend.create("k", text("x"));
  expect(await backend.read("k")).toEqual(text("x"));
});

test("a stream of 300 MiB goes up in parts and comes back the same", async () => {
  const backend = open();
  const size = 300 * MIB + 12_345;
  const block = randomBytes(MIB);
  const hash = createHash("sha256");
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < size; at += MIB) {
      block.writeUInt32LE(at / MIB, 0);
      const chunk = block.subarray(0, Math.min(MIB, size - at));
      hash.update(chunk);
      yield new Uint8Array(chunk);
    }
  }
  await backend.create("big", byteStream(chunks()));
  expect(await backend.stat("big")).toEqual({ size });
  const back = createHash("sha256");
  for (let offset = 0; offset < size; offset += 16 * MIB)
    back.update(await backend.read("big", { range: { offset, length: 16 * MIB } }));
  expect(back.digest("hex")).toBe(hash.digest("hex"));
  expect(await failureOf(backend.create("big", new Uint8Array(17 * MIB)))).toMatchObject({ code: "EXISTS" });
});

const quick = { attempts: 20, baseMs: 1, maxDelayMs: 20 };

test("a multipart upload behind faults is whole", async ({ onTestFinished }) => {
  let n = 0;
  const proxy = await startFaultProxy(server.endpoint, () =>
    n++ % 2 === 0 ? FAULTS[(n >> 1) % FAULTS.length] : undefined,
  );
  onTestFinished(() => proxy.close());
  const prefix = randomBytes(6).toString("hex");
  const body = new Uint8Array(randomBytes(23 * MIB));
  await open({ prefix, endpoint: proxy.url, partBytes: 5 * MIB, retry: quick }).create("big", body);
  expect(Buffer.compare(await open({ prefix }).read("big"), body)).toBe(0);
});

test("six writers append to one log behind faults: nothing lost, nothing twice", async ({ onTestFinished }) => {
  const proxy = await startFaultProxy(server.endpoint, () =>
    Math.random() < 0.35 ? FAULTS[Math.floor(Math.random() * FAULTS.length)] : undefined,
  );
  onTestFinished(() => proxy.close());
  const prefix = randomBytes(6).toString("hex");
  await open({ prefix, endpoint: server.endpoint }).probe();
  const appends = 25;
  let met = 0;
  await Promise.all(
    Array.from({ length: 6 }, async (_, writer) => {
      const backend = open({ prefix, endpoint: proxy.url, retry: quick });
      let next = 0;
      for (let i = 0; i < appends; i++) {
        const entry = text(JSON.stringify({ writer, i, nonce: randomBytes(16).toString("hex") }));
        for (;;) {
          const error = await failureOf(backend.create(`log/${String(next).padStart(6, "0")}`, entry));
          // Not settled: the same key and bytes again; what then exists is looked at.
          if (LedgerError.hasCode(error, "OUTCOME_UNKNOWN")) continue;
          if (error !== undefined && !LedgerError.hasCode(error, "EXISTS")) throw error;
          next += 1;
          if (error === undefined) break;
          met += 1;
        }
      }
    }),
  );
  const reader = open({ prefix });
  const seen = new Map<string, number>();
  const names: string[] = [];
  for await (const { key } of reader.list("log")) {
    names.push(key);
    const { writer, i } = JSON.parse(new TextDecoder().decode(await reader.read(key))) as { writer: number; i: number };
    seen.set(`${writer}:${i}`, (seen.get(`${writer}:${i}`) ?? 0) + 1);
  }
  expect(proxy.struck.size).toBe(FAULTS.length);
  expect(met).toBeGreaterThan(0);
  expect(names).toHaveLength(6 * appends);
  expect(names.at(-1)).toBe(`log/${String(6 * appends - 1).padStart(6, "0")}`);
  expect([...seen.values()].every((count) => count === 1)).toBe(true);
});
