import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, type Ledger, openLedger, type Run, type Series } from "../../src/index.ts";
import { createTestClock, seededIds } from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";
import { forgetCompaction, keepingJournals } from "../run/kept-journals.ts";
import { cases, isFull, rounds } from "../rounds.ts";

/** What one of up to three sessions of a run does next. */
type Deed =
  | { readonly by: number; readonly what: "log"; readonly metrics: Record<string, number>; readonly step: number }
  | { readonly by: number; readonly what: "flush" | "finish" | "tag" | "recover" };

const value = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 0, 5e-324));
const metrics = fc
  .uniqueArray(fc.tuple(fc.constantFrom("loss", "acc", "指标", "__proto__", "a/b"), value), {
    minLength: 1,
    selector: ([key]) => key,
  })
  .map((entries) => Object.fromEntries(entries));
const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      by: fc.nat(2),
      what: fc.constant("log" as const),
      metrics,
      step: fc.integer({ min: -3, max: 9 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ by: fc.nat(2), what: fc.constantFrom("flush", "finish", "tag", "recover") }) },
);

/** Performs deeds on a place: the same deeds make the same run. Ends with whatever is open flushed, not finished. */
async function perform(place: Backend, deeds: readonly Deed[]): Promise<{ ledger: Ledger; id: string }> {
  const clock = createTestClock();
  const open = (seed: number): Promise<Ledger> => openLedger(place, { clock, ids: seededIds(seed, () => clock.now()) });
  const ledger = await open(1);
  const sessions: (Run | undefined)[] = [await ledger.startRun({ environment: false })];
  const { id } = sessions[0] as Run;
  for (const [i, each] of deeds.entries()) {
    await clock.advance(7);
    if (each.what === "recover") {
      await (await open(500 + i)).recover(id, { graceMs: 0 });
      continue;
    }
    const run = (sessions[each.by] ??= await (await open(10 + i)).resumeRun(id));
    if (run.status !== "running") {
      // A finished session is followed by another.
      sessions[each.by] = undefined;
      continue;
    }
    if (each.what === "log") run.log(each.metrics, { step: each.step, time: 1_700_000_000_000 + i });
    else if (each.what === "tag") run.setTags({ last: i });
    else if (each.what === "flush") await run.flush();
    else await run.finish();
  }
  for (const run of sessions) if (run?.status === "running") await run.flush();
  return { ledger, id };
}

const read = async (ledger: Ledger, id: string): Promise<{ record: unknown; histories: Map<string, Series> }> => {
  const { damage: _, ...record } = await ledger.getRun(id);
  return { record, histories: await ledger.histories(id) };
};

describe.each([
  ["appending", (inner: Backend) => inner],
  ["one object a flush", (inner: Backend) => objectsOnly(inner)],
])("compaction, %s", (_name, shape) => {
  test("a run reads the same from its compaction and late records as from its journals alone", async () => {
    let compacted = 0;
    let late = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { minLength: 8, maxLength: 40 }), async (deeds) => {
        const place = memoryBackend();
        const { ledger, id } = await perform(shape(place), deeds);
        const kept = keepingJournals(memoryBackend());
        const whole = await perform(shape(kept), deeds);

        const keys = [...place.snapshot().keys()];
        if (keys.some((key) => key.includes("/metrics"))) compacted++;
        if (keys.some((key) => key.includes("/metrics")) && keys.some((key) => key.includes("/journal/"))) late++;
        const found = await read(ledger, id);
        expect(await read(whole.ledger, whole.id)).toEqual(found);
        await forgetCompaction(kept, whole.id);
        const journals = await read(whole.ledger, whole.id);
        expect(found.histories).toEqual(journals.histories);
        expect(found.record).toEqual(journals.record);
      }),
      { numRuns: cases(100) },
    );
    // The deeds do lead there. A sample is too small to get everywhere.
    expect(compacted).toBeGreaterThan(rounds(0, 15));
    if (isFull) expect(late).toBeGreaterThan(3);
  });
});
