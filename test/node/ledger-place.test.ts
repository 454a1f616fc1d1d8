import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { openLedger as openPortable } from "../../src/index.ts";
import { openLedger } from "../../src/node/index.ts";
import { backendOf } from "../../src/node/ledger-place.ts";
import { startFakeS3 } from "../servers/fake-s3.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test.each([
  ["a path", (directory: string) => directory],
  ["the text of a file: URL", (directory: string) => pathToFileURL(directory).href],
  ["a file: URL", (directory: string) => pathToFileURL(directory)],
])("%s names a directory", async (_name, place) => {
  const directory = await mkdtemp(join(tmpdir(), "runledger place %20 "));
  try {
    const ledger = await openLedger(place(directory), { capture: false });
    const run = await ledger.startRun();
    await run.finish();
    const again = await openLedger(directory);
    expect((await again.getRun(run.id)).status).toBe("finished");
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  }
});

test("a backend is taken as it is, and the ledger is the one of runledger", async () => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend, { capture: false });
  expect(ledger.constructor).toBe((await openPortable(backend)).constructor);
  await ledger.withRun({ name: "x" }, (run) => run.log({ a: 1 }));
  expect((await (await openPortable(backend)).searchRuns()).runs).toMatchObject([{ name: "x" }]);
});

test("s3://bucket/prefix names a bucket, whose keys come from the environment", async () => {
  const { env, fake, close } = await startFakeS3({ buckets: ["mine"] });
  try {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const ledger = await openLedger("s3://mine/teams/vision", { capture: false });
    await ledger.withRun({}, (run) => run.log({ a: 1 }));
    const keys = fake.calls.flatMap(({ key = "" }) => (key === "" ? [] : [key]));
    expect(new Set(keys.map((key) => key.startsWith("teams/vision/")))).toEqual(new Set([true]));
    const ofUrl = await openLedger(new URL("s3://mine/teams/vision/"), { capture: false });
    expect((await ofUrl.searchRuns()).runs).toHaveLength(1);
  } finally {
    await close();
  }
});

test("without keys, a bucket is CREDENTIALS", async () => {
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) vi.stubEnv(name, "");
  await expect(openLedger("s3://mine")).rejects.toMatchObject({ code: "CREDENTIALS" });
});

describe("a place that cannot be opened is refused with a hint", () => {
  test.each([
    ["", "./runs"],
    ["  ", "./runs"],
    ["~/runs", "homedir()"],
    ["~", "homedir()"],
    ["http://localhost:5000", "httpBackend"],
    ["https://u:hunter2@example.com/x", "s3Backend"],
    ["gs://bucket/x", "storage.googleapis.com"],
    ["memory:", "memoryBackend()"],
    ["sqlite:///runs.db", "writing-a-backend.md"],
    ["azure://x", "./"],
    ["s3:/bucket/x", "s3://bucket/prefix"],
    ["s3://", "s3://bucket/prefix"],
    ["s3://AKIAX:hunter2@bucket", "AWS_ACCESS_KEY_ID"],
    ["s3://bucket/x?region=eu-west-1", "AWS_REGION"],
    ["s3://Bad_Bucket!/x", "bucket"],
    ["file://elsewhere/x", "file:"],
    ["a\0b", "NUL"],
  ])("%j", async (place, hint) => {
    const error = await backendOf(place).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", message: expect.stringContaining(hint) });
    expect(String(error)).not.toContain("hunter2");
  });

  test.each([[undefined], [null], [7], [Symbol("place")], [() => "./runs"]])("%s", async (place) => {
    await expect(openLedger(place as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field: "place" });
  });

  test.each([[{}], [["./runs"]], [{ href: "./runs", contract: 1 }]])("%j", async (place) => {
    await expect(openLedger(place as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("options", () => {
  test.each([
    [{ capture: "all" }, "INVALID_ARGUMENT", "capture"],
    [{ capture: { env: true } }, "UNSUPPORTED", "capture.env"],
    [{ capture: { environment: "all" } }, "INVALID_ARGUMENT", "capture.environment"],
    [{ capture: { environment: { variables: "HOME" } } }, "INVALID_ARGUMENT", "capture.environment.variables"],
    [{ capture: { environment: { gpu: 1 } } }, "INVALID_ARGUMENT", "capture.environment.gpu"],
    [{ capture: { system: { intervalMs: 0 } } }, "INVALID_ARGUMENT", "capture.system.intervalMs"],
    [{ capture: { system: { intervalMs: Number.NaN } } }, "INVALID_ARGUMENT", "capture.system.intervalMs"],
    [{ capture: { console: { maxBytes: -1 } } }, "INVALID_ARGUMENT", "capture.console.maxBytes"],
    [{ capture: { console: { bytes: 1 } } }, "UNSUPPORTED", "capture.console.bytes"],
    [{ guard: 0 }, "INVALID_ARGUMENT", "guard"],
    [{ parquet: "x" }, "INVALID_ARGUMENT", "parquet"],
  ])("%j is refused", async (options, code, field) => {
    await expect(openLedger(memoryBackend(), options as never)).rejects.toMatchObject({ code, field });
  });

  test.each([
    [{ durability: "disk" }, "fsBackend(path, { durability }) of runledger/backends/fs"],
    [{ console: true }, "capture: { console: true }"],
    [{ heartbeatMs: 1000 }, "it is an option of startRun and withRun"],
    [{ capture: { gpu: true } }, "environment: { gpu: true } or system: { gpu: true }"],
    [{ capture: { consol: true } }, 'capture of openLedger does not know the option "consol"; did you mean "console"?'],
  ])("the message for %j says where it belongs", async (options, message) => {
    await expect(openLedger("./never", options as never)).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining(message),
    });
  });
});
