import { expect, test } from "vitest";
import { decodeCheckedJson, encodeCheckedJson } from "../../src/bytes/checked-json.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { openLedger } from "../../src/index.ts";
import { createTestClock } from "../../src/testing/index.ts";

test("a run that promises a sign of life once in many years keeps recover() waiting for an hour at most", async () => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend, { clock: createTestClock() });
  const run = await ledger.startRun();
  await run.flush();
  const key = `runs/${run.id}/run.created.json`;
  const created = decodeCheckedJson(await backend.read(key)) as { writer: object };
  await backend.remove(key);
  await backend.create(key, encodeCheckedJson({ ...created, writer: { ...created.writer, beatMs: 1e308 } }, "x"));
  const clock = createTestClock();
  const other = await openLedger(backend.open(), { clock, onError() {} });
  expect(await other.recover()).toEqual({ interrupted: [run.id], running: [] });
  expect(clock.monotonic()).toBeLessThanOrEqual(3_600_000);
});
