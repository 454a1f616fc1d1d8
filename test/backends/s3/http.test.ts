import { expect, test } from "vitest";
import { byteStream } from "../../../src/backend/body.ts";
import { s3Backend } from "../../../src/backends/s3/index.ts";
import type { FaultName, FakeS3Options } from "../../servers/fake-s3.ts";
import { startFakeS3 } from "../../servers/fake-s3.ts";
import { startFaultProxy } from "../../servers/fault-proxy.ts";
import { FAKE_KEYS } from "../../servers/fake-s3.ts";
import { bytes, failureOf, isPut, quickClock, text } from "./place.ts";
import { sampled } from "../../rounds.ts";

// The same over a real connection and with the runtime's own fetch.
async function served(options?: FakeS3Options): Promise<ReturnType<typeof startFakeS3>> {
  return startFakeS3(options);
}

function backendAt(endpoint: string): ReturnType<typeof s3Backend> {
  return s3Backend({
    endpoint,
    bucket: "bucket",
    credentials: FAKE_KEYS,
    clock: quickClock(),
    partBytes: 5 * 1024 * 1024,
  });
}

test("objects small and large, over HTTP", async ({ onTestFinished }) => {
  const { fake, url, close } = await served();
  onTestFinished(close);
  const backend = backendAt(url);
  await backend.create("a b/ü+(1)", text("x"));
  await backend.create("empty", new Uint8Array());
  const big = bytes(11 * 1024 * 1024);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < big.length; at += 999_983) yield big.subarray(at, at + 999_983);
  }
  await backend.create("big", byteStream(chunks()));
  expect(await backend.read("a b/ü+(1)")).toEqual(text("x"));
  expect(await backend.read("empty")).toEqual(new Uint8Array());
  expect(Buffer.compare(await backend.read("big"), big)).toBe(0);
  expect(await backend.stat("big")).toEqual({ size: big.length });
  expect([...fake.bucket().objects.keys()].toSorted()).toEqual(["a b/ü+(1)", "big", "empty"]);
});

const FAULTS: readonly FaultName[] = ["lost-ack", "reset", "error-after", "bare-503-after", "cut-body", "slow-down"];
test.each(sampled(FAULTS, 2))("%s, over HTTP", async (fault) => {
  const { fake, url, close } = await served();
  try {
    const backend = backendAt(url);
    await backend.probe();
    fake.fail(fault, isPut);
    await backend.create("k", text("mine"));
    fake.fail(fault);
    expect(await backend.read("k")).toEqual(text("mine"));
    expect(await failureOf(backend.create("k", text("mine")))).toMatchObject({ code: "EXISTS" });
  } finally {
    await close();
  }
});

test("the fault proxy passes on the signed Host", async ({ onTestFinished }) => {
  const { fake, url, close } = await served();
  onTestFinished(close);
  const faults = [
    undefined,
    "lost-ack",
    "error-after",
    "reset",
    "cut-body",
    "bare-503-after",
    "slow-down",
    "error-before",
    "late",
  ] as const;
  let n = 0;
  const proxy = await startFaultProxy(url, ({ path }) =>
    path.includes(".probe") || n++ % 3 > 0 ? undefined : faults[((n / 3) % faults.length) | 0],
  );
  onTestFinished(() => proxy.close());
  const backend = backendAt(proxy.url);
  await Promise.all(Array.from({ length: 20 }, (_, i) => backend.create(`k${i}`, text(`body ${i}`))));
  for (let i = 0; i < 20; i++) expect(fake.bucket().objects.get(`k${i}`)).toEqual(text(`body ${i}`));
  expect(proxy.struck.size).toBe(faults.length - 1);
});

test("nobody listens: UNAVAILABLE", async () => {
  const { url, close } = await served();
  await close();
  expect(await failureOf(backendAt(url).read("k"))).toMatchObject({
    code: "UNAVAILABLE",
    transient: true,
    message: expect.stringContaining("ECONNREFUSED"),
  });
  expect(await failureOf(backendAt(url).create("k", text("x")))).toMatchObject({
    code: "UNAVAILABLE",
    transient: true,
  });
});
