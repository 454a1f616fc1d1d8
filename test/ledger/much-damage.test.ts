import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { openLedger } from "../../src/index.ts";
import { FRAME_OVERHEAD_BYTES, writeFrame } from "../../src/journal/frame.ts";
import { parseSegmentKey, segmentSeed } from "../../src/journal/segment.ts";
import { createTestClock } from "../../src/testing/index.ts";

function frameOf(payload: Uint8Array, seed: number): Uint8Array {
  const frame = new Uint8Array(payload.length + FRAME_OVERHEAD_BYTES);
  writeFrame(frame, 0, [payload], seed);
  return frame;
}

test("a run names the first hundred places of each kind, and how many others there are", async () => {
  const place = memoryBackend();
  const ledger = await openLedger(place, { clock: createTestClock() });
  const run = await ledger.startRun({ flush: { intervalMs: 1e9 } });
  run.log({ loss: 1 });
  await run.flush();
  for await (const { key } of place.list(`runs/${run.id}/journal`)) {
    const bytes = await place.read(key);
    const damaged = [bytes];
    const seed = segmentSeed(run.id, parseSegmentKey(key)!);
    // Intact frames that nobody can decode, then one that a later version wrote.
    for (let i = 0; i < 5000; i++) damaged.push(frameOf(Uint8Array.of(2, 255), seed));
    damaged.push(frameOf(Uint8Array.of(99), seed));
    await place.remove(key);
    await place.create(key, new Uint8Array(Buffer.concat(damaged)));
  }
  const { damage } = await ledger.getRun(run.id);
  const corrupt = damage.filter(({ kind }) => kind === "corrupt");
  expect(corrupt).toHaveLength(100);
  expect(corrupt.map(({ more = 0 }) => more)).toEqual([...Array<number>(99).fill(0), 4900]);
  // It is named, however many others come before it.
  expect(damage.filter(({ kind }) => kind === "newer")).toHaveLength(1);
  for await (const { record } of ledger.watchRun(run.id)) {
    expect(record.damage).toEqual(damage);
    break;
  }
});
