import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { s3Backend } from "../../src/backends/s3/index.ts";
import { withReadCache, withRetry } from "../../src/backend/index.ts";
import { catalogFiles } from "../../src/files/index.ts";
import { openLedger } from "../../src/index.ts";
import {
  countingBackend,
  createTestClock,
  createTestLedger,
  faultyBackend,
  seededIds,
} from "../../src/testing/index.ts";

/** Every option that a program may have in a variable, as `undefined`. */
const none = (...names: string[]): Record<string, undefined> =>
  Object.fromEntries(names.map((name) => [name, undefined]));

const START = none(
  "name",
  "params",
  "tags",
  "note",
  "group",
  "jobType",
  "parent",
  "environment",
  "flush",
  "heartbeatMs",
  "signal",
);
const HISTORY = none("from", "to", "fromTime", "toTime", "samples", "method", "x", "damaged", "signal");
const QUERY = none("experiment", "filter", "view", "orderBy", "limit", "pageToken", "fields", "signal");

/** Records and all that is read of one run, written with or without options that are `undefined`. */
async function write(given: (options: Record<string, undefined>) => object): Promise<unknown> {
  const clock = createTestClock();
  const backend = withReadCache(
    withRetry(
      memoryBackend(given(none("maxBytes"))),
      given(none("attempts", "baseMs", "capMs", "deadlineMs", "random")),
    ),
    given(none("maxBytes", "maxObjectBytes", "cacheable")),
  );
  const ledger = await openLedger(backend, {
    ...given(none("parquet", "onError")),
    clock,
    ids: seededIds(1, () => clock.now()),
  });
  const run = await ledger.startRun({ experiment: "with", ...given(START) });
  const at = given(none("step", "time"));
  run.log({ loss: 1 }, at);
  run.log({ loss: 2 }, at);
  run.defineMetric("loss", given(none("goal", "stepMetric", "unit", "description")));
  run.setParams({ lr: 1 }, given(none("overwrite")));
  run.logDataset("data", { digest: "sha256:0", ...given(none("uri", "size")) }, given(none("context")));
  await run.logText("text", "t", at);
  await run.logHistogram("numbers", [1, 2, 3], given(none("step", "time", "bins")));
  await run.logImage(
    "image",
    { data: new Uint8Array(4), width: 1, height: 1, ...given(none("channels")) },
    given(none("step", "time", "caption")),
  );
  const made = await run.logArtifact(
    "model",
    new Uint8Array(3),
    given(none("type", "aliases", "metadata", "signal", "onProgress")),
  );
  const child = await run.startChild(given({ ...START, ...none("experiment") }));
  await child.finish(...(given({}) === NONE ? [] : [undefined]));
  await run.finish();
  const signal = given(none("signal"));
  return {
    record: await ledger.getRun(run.id, signal),
    child: (await ledger.getRun(child.id)).experiment,
    made,
    found: (await ledger.searchRuns(given(QUERY))).runs.map(({ id }) => id),
    history: await ledger.history(run.id, "loss", given(HISTORY)),
    media: await ledger.media(run.id, given(none("key", "type", "from", "to", "damaged", "signal"))),
    updates: (await collect(ledger.watchRun(run.id, given(none("signal", "points", "keys", "maxPoints", "giveUpMs")))))
      .length,
    recovered: await ledger.recover(undefined, given(none("graceMs", "signal"))),
    files: await catalogFiles(ledger, given(none("experiment", "signal"))),
  };
}

const NONE = {};

async function collect<T>(all: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of all) items.push(item);
  return items;
}

test("an option that is undefined is the same as one left out", async () => {
  expect(await write((options) => options)).toEqual(await write(() => NONE));
});

test("of test kits and of backends too", async () => {
  const { clock } = await createTestLedger(none("seed", "clock", "ids", "onError"));
  expect(clock.now()).toBe((await createTestLedger()).clock.now());
  const faulty = faultyBackend(memoryBackend(), {
    mode: "lost-ack",
    at: 1,
    ...none("only", "key", "times"),
    error: none("code", "message", "transient"),
  });
  await expect(faulty.create("k", new Uint8Array(1))).rejects.toMatchObject({ code: "UNAVAILABLE", transient: true });
  const counting = countingBackend(memoryBackend());
  await counting.create("k", new Uint8Array(3), { signal: undefined });
  const range = { offset: 1, length: undefined };
  expect((await counting.read("k", { range, signal: undefined })).length).toBe(2);
  expect(() =>
    s3Backend({
      bucket: "bucket",
      region: "eu-central-1",
      credentials: { accessKeyId: "a", secretAccessKey: "b", sessionToken: undefined },
      ...none(
        "prefix",
        "endpoint",
        "forcePathStyle",
        "allowInsecure",
        "partBytes",
        "maxReadBytes",
        "fetch",
        "clock",
        "random",
      ),
      retry: none("attempts", "baseMs", "maxDelayMs", "totalMs", "attemptMs"),
    }),
  ).not.toThrow();
});
