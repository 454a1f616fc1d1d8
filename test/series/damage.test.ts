import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { LedgerError, openLedger } from "../../src/index.ts";
import { seededIds } from "../../src/testing/index.ts";

/** A finished run with a long series, which has an overview, and short ones. */
async function finishedRun(): Promise<{ objects: ReadonlyMap<string, Uint8Array>; id: string }> {
  const place = memoryBackend();
  let time = 1_700_000_000_000;
  const ledger = await openLedger(place, { clock: () => time, ids: seededIds(5, () => time) });
  const run = await ledger.startRun({ params: { lr: 0.1 }, environment: false });
  for (let i = 0; i < 17_000; i++) {
    time += 10;
    run.log(i % 1000 === 0 ? { loss: 1 / (i + 1), rare: i } : { loss: 1 / (i + 1) });
  }
  await run.finish();
  return { objects: place.snapshot(), id: run.id };
}

/** Everything a reader gets to know of the run, as text; the error where there is one. */
async function readAll(objects: ReadonlyMap<string, Uint8Array>, id: string): Promise<string[] | LedgerError> {
  const place = memoryBackend();
  place.restore(new Map(objects));
  const ledger = await openLedger(place);
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, item: unknown) =>
      item instanceof Float64Array
        ? Buffer.from(item.buffer, item.byteOffset, item.byteLength).toString("base64")
        : item,
    );
  try {
    const { damage, ...record } = await ledger.getRun(id);
    if (damage.length > 0) return new LedgerError("CORRUPT", "damage", { key: damage[0]?.key ?? "" });
    const all = await ledger.histories(id);
    return [
      text(record),
      text([...all]),
      text(await ledger.history(id, "loss", { samples: 100 })),
      text(await ledger.history(id, "loss", { samples: 900 })),
      text(await ledger.history(id, "rare", { from: 3000 })),
    ];
  } catch (error) {
    if (LedgerError.is(error)) return error;
    throw error;
  }
}

describe("a read of a damaged finished run names the damaged object, or returns the right data", async () => {
  const { objects, id } = await finishedRun();
  const right = await readAll(objects, id);
  const keys = [...objects.keys()].filter((key) => key.startsWith(`runs/${id}/`));
  // Of a compacted run nobody reads how it began: that is in its document too.
  const read = keys.filter((key) => !key.endsWith("run.created.json"));

  test("the objects are those of a compacted run, and can be read", () => {
    expect(keys.map((key) => key.split("/").at(-1))).toEqual([
      "metrics.overview",
      "metrics.parquet",
      "run.created.json",
      "run.json",
    ]);
    expect(right).toHaveLength(5);
  });

  test.each(read)("%s", async (key) => {
    const whole = objects.get(key) as Uint8Array;
    // Every byte of what is short, and of the ends of what is long, where footers and indexes are.
    const step = Math.max(1, Math.floor(whole.length / 60));
    const places = new Set<number>();
    for (let at = 0; at < whole.length; at += step) places.add(at);
    for (let at = Math.max(0, whole.length - 60); at < whole.length; at++) places.add(at);
    let noticed = 0;
    const check = async (bytes: Uint8Array, what: string): Promise<void> => {
      const found = await readAll(new Map([...objects, [key, bytes]]), id);
      if (LedgerError.is(found)) {
        noticed++;
        expect(found.code, what).toMatch(/^(CORRUPT|FORMAT_TOO_NEW)$/);
        expect(found.key ?? found.message, what).toContain(key.split("/").at(-1));
      } else expect(found, what).toEqual(right);
    };
    for (const at of places) {
      const flipped = whole.slice();
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
      await check(flipped, `bit ${at % 8} of byte ${at} of ${whole.length}`);
      await check(whole.slice(0, at), `the first ${at} bytes of ${whole.length}`);
    }
    expect(noticed).toBeGreaterThan(places.size);
  });
});
