import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type HistoryOptions, openLedger } from "../../src/index.ts";
import { createTestLedger, recordingBackend, seededIds } from "../../src/testing/index.ts";

const START = 1_700_000_000_000;

test("samples are the same of a running and of a finished run, however many series share a row group", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  // One fills two row groups, many share some, and these end within a series.
  const lengths = [150_000, ...Array.from({ length: 40 }, (_, k) => 1 + ((k * 1777) % 6000))];
  for (const [k, length] of lengths.entries()) {
    for (let i = 0; i < length; i++)
      run.log({ [`m${k}`]: Math.sin(i / 50 + k) }, { step: k % 5 === 0 ? length - i : i, time: START + i });
  }
  const questions: HistoryOptions[] = [
    { samples: 500 },
    { samples: 40, method: "lttb" },
    { from: 100, to: 3000, samples: 300 },
    { fromTime: START + 5, samples: 5 },
  ];
  const ask = async (): Promise<unknown[]> =>
    Promise.all(questions.map((each) => ledger.histories(run.id, undefined, each)));
  await run.flush();
  const running = await ask();
  await run.finish();
  const finished = await ask();
  expect(finished).toEqual(running);
  expect(finished.map((all) => (all as Map<string, unknown>).size)).toEqual([41, 41, expect.any(Number), 40]);
  // None is part of another's memory, which would be kept with it.
  for (const { values } of (finished[0] as Map<string, { values: Float64Array }>).values())
    expect(values.buffer.byteLength).toBe(values.byteLength);
});

test("samples and ranges are the same for a running and a finished run, and are points of it", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  for (let i = 0; i < 40_000; i++)
    run.log({ loss: Math.sin(i / 500) + (i % 7) / 10 }, { step: 3 * i, time: START + 10 * i });
  const questions: HistoryOptions[] = [
    { samples: 500 },
    { samples: 77 },
    { samples: 1000 },
    { samples: 3000 },
    { samples: 200, method: "lttb" },
    { samples: 2000, method: "lttb" },
    { from: 6000, to: 6030 },
    { fromTime: START + 100_000, toTime: START + 100_090 },
    { from: 90_000, samples: 100 },
    { from: 200_000 },
  ];
  const ask = async (): Promise<unknown[]> =>
    Promise.all(questions.map((each) => ledger.history(run.id, "loss", each)));
  await run.flush();
  const running = await ask();
  await run.finish();
  expect(await ask()).toEqual(running);
  const [half, , , , , , steps, times, , none] = running as { steps: Float64Array; values: Float64Array }[];
  expect(half?.values.length).toBeGreaterThan(490);
  expect(half?.values.length).toBeLessThanOrEqual(500);
  expect([...(steps?.steps ?? [])]).toEqual(Array.from({ length: 11 }, (_, i) => 6000 + 3 * i));
  expect([...(times?.steps ?? [])]).toEqual(Array.from({ length: 10 }, (_, i) => 3 * (10_000 + i)));
  expect(none?.values.length).toBe(0);
  for (const [i, step] of (half?.steps ?? []).entries())
    expect(half?.values[i]).toBe(Math.sin(step / 3 / 500) + ((step / 3) % 7) / 10);
});

describe("little of a finished run is read", async () => {
  const memory = memoryBackend();
  const place = recordingBackend(memory);
  const ledger = await openLedger(place, { ids: seededIds(3, () => START) });
  const run = await ledger.startRun({ environment: false });
  for (let i = 0; i < 20_000; i++)
    run.log(Object.fromEntries(Array.from({ length: 8 }, (_, k) => [`m${k}`, Math.sin(i * k)])));
  await run.finish();
  const read = async (work: () => Promise<unknown>): Promise<{ bytes: number; operations: string[] }> => {
    place.calls.length = 0;
    await work();
    const sizes = place.calls.map(({ result }) => (result instanceof Uint8Array ? result.length : 0));
    return {
      bytes: sizes.reduce((sum, size) => sum + size, 0),
      operations: place.calls.map(({ operation }) => operation),
    };
  };

  // The beginning says whether the run is a fork. It is read at the same time as the listing.
  test("an overview: the listing and the beginning, the index, one block", async () => {
    const { bytes, operations } = await read(() => ledger.history(run.id, "m3", { samples: 500 }));
    expect(operations).toEqual(["list", "read", "read", "read"]);
    expect(bytes).toBeLessThan(8000);
  });

  test("a series: the listing and the beginning, the footer, its own row group", async () => {
    const whole = memory.snapshot().get(`runs/${run.id}/metrics.parquet`)?.length ?? 0;
    const { bytes, operations } = await read(() => ledger.history(run.id, "m3"));
    expect(operations).toEqual(["list", "read", "read", "read"]);
    expect(bytes).toBeLessThan(64 * 1024 + whole / 4);
    expect(whole).toBeGreaterThan(4 * bytes);
  });
});

test.each([
  [{ samples: 1 }, "samples"],
  [{ samples: 2.5 }, "samples"],
  [{ samples: "9" as never }, "samples"],
  [{ method: "mean" as never, samples: 5 }, "method"],
  [{ from: Number.NaN }, "from"],
  [{ toTime: "now" as never }, "toTime"],
  [{ damaged: "yes" as never }, "damaged"],
])("options %j are refused, naming %s", async (options, field) => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  await expect(ledger.history(run.id, "a", options)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field });
  await run.finish();
});
