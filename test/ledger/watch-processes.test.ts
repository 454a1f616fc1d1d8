import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { s3Backend } from "../../src/backends/s3/index.ts";
import { withRetry } from "../../src/backend/index.ts";
import { type Backend, type RunUpdate, openLedger } from "../../src/index.ts";
import { createTestClock } from "../../src/testing/index.ts";
import { FAKE_KEYS, FakeS3 } from "../servers/fake-s3.ts";
import { bundle } from "../processes/bundle.ts";
import { startChild } from "../processes/child-process.ts";

let child: Awaited<ReturnType<typeof bundle>>;
let place: string;
beforeAll(async () => {
  child = await bundle(new URL("watch-child.ts", import.meta.url));
  place = await mkdtemp(join(tmpdir(), "runledger-watch-"));
});
afterAll(async () => {
  await child.remove();
  await rm(place, { recursive: true, force: true, maxRetries: 10 });
});

const ROWS = 20_000;

/** The same without hints, so that only looking from time to time finds what is new. */
function pollingOnly(inner: Backend): Backend {
  const { changes: _changes, ...backend } = withRetry(inner);
  return backend;
}

test.each([
  ["by what the file system tells", (directory: string): Backend => fsBackend(directory)],
  ["by looking from time to time", (directory: string): Backend => pollingOnly(fsBackend(directory))],
])("a run that another process writes is followed to its end %s", async (name, open) => {
  const directory = join(place, name.replaceAll(" ", "-"));
  const writer = startChild([process.execPath, child.script, "write", directory, String(ROWS)]);
  const id = (await writer.line("run ")).slice(4);
  const ledger = await openLedger(open(directory));
  const told: number[] = [];
  const steps: number[] = [];
  const updates: RunUpdate[] = [];
  let isTold = false;
  for await (const update of ledger.watchRun(id)) {
    updates.push(update);
    told.push(...(update.points.get("n")?.values ?? []));
    steps.push(...(update.points.get("n")?.steps ?? []));
    if (told.length === ROWS && !isTold) {
      isTold = true;
      writer.say("finish");
    }
  }
  expect(told).toEqual(Array.from({ length: ROWS + 1 }, (_, n) => n));
  expect(steps).toEqual(told.map((n) => ROWS - n));
  expect(updates.at(-1)?.status).toBe("finished");
  expect(updates.length).toBeGreaterThan(1);
  await writer.line("finished");
  expect(await writer.ended).toMatchObject({ code: 0, errors: "" });
  expect(updates.at(-1)?.record).toEqual(await ledger.getRun(id));
});

test("a watch that was left, aborted or forgotten holds no process", async () => {
  const directory = join(place, "leaving");
  const run = await (await openLedger(fsBackend(directory))).startRun({ environment: false });
  run.log({ a: 1 });
  await run.flush();
  const watcher = startChild([process.execPath, child.script, "leave", directory, run.id]);
  expect(await watcher.ended).toMatchObject({ code: 0, signal: null, errors: "" });
  expect(watcher.lines).toEqual(["stopped", "left"]);
  await run.finish();
});

test("a run in a bucket is followed by looking from time to time, through errors of the server", async () => {
  const fake = new FakeS3();
  let troubles = 0;
  const clock = createTestClock();
  const open = async () =>
    await openLedger(
      s3Backend({
        endpoint: "http://localhost:9000",
        bucket: "bucket",
        credentials: FAKE_KEYS,
        fetch: fake.fetch,
        retry: { attempts: 1 },
      }),
      { clock, onError: () => void troubles++ },
    );
  const [writing, watching] = [await open(), await open()];
  const run = await writing.startRun({ environment: false, heartbeatMs: 1e9, flush: { intervalMs: 1e9 } });
  const told: number[] = [];
  let status = "";
  let isOver = false;
  const done = (async () => {
    for await (const update of watching.watchRun(run.id)) {
      told.push(...(update.points.get("a")?.values ?? []));
      ({ status } = update);
    }
  })().finally(() => (isOver = true));
  for (let n = 0; n < 20; n++) {
    run.log({ a: n });
    await run.flush();
    if (n % 5 === 0) fake.fail("slow-down", ({ method }) => method === "GET", 1);
    await clock.advance(250);
  }
  await run.finish();
  while (!isOver) await clock.advance(250);
  await done;
  expect(told).toEqual(Array.from({ length: 20 }, (_, n) => n));
  expect(status).toBe("finished");
  expect(troubles).toBe(4);
});
