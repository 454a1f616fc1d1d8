import { describe, expect, test } from "vitest";
import { type Backend, type Ledger, type LedgerError, openLedger, type Run } from "../../src/index.ts";
import { objectsOf, type Place, PLACES } from "./lost-places.ts";
import { sampled } from "../rounds.ts";

const MANUAL = { flush: { intervalMs: 1e9 }, environment: false } as const;
const CORRUPT = { code: "CORRUPT" };
const MISSING = expect.arrayContaining([expect.objectContaining({ kind: "missing" })]);

function logTo(run: Run, key: string, points: number): void {
  for (let i = 0; i < points; i++) run.log({ [key]: i });
}

/** Every way to read a run says that something is lost. */
async function expectDamaged(backend: Backend, id: string): Promise<void> {
  const ledger = await openLedger(backend, { onError: () => {} });
  await expect(ledger.history(id, "loss")).rejects.toMatchObject(CORRUPT);
  await expect(ledger.histories(id)).rejects.toMatchObject(CORRUPT);
  await expect(ledger.history(id, "loss", { samples: 5 })).rejects.toMatchObject(CORRUPT);
  await expect(ledger.media(id)).rejects.toMatchObject(CORRUPT);
  expect((await ledger.getRun(id)).damage).toEqual(MISSING);
  const { runs } = await ledger.searchRuns({ view: "all" });
  expect(runs.find((run) => run.id === id)?.damage).toEqual(MISSING);
  for (const points of [true, false]) {
    for await (const { record, gap } of ledger.watchRun(id, { points })) {
      expect(record.damage).toEqual(MISSING);
      if (points) expect(gap).toBe(true);
      break;
    }
  }
}

/** Nothing that `before` held is gone or changed, but for journals that grew. */
function expectKept(before: ReadonlyMap<string, Uint8Array>, after: ReadonlyMap<string, Uint8Array>): void {
  for (const [key, bytes] of before) {
    expect(after.has(key), key).toBe(true);
    expect(Buffer.compare(after.get(key)!.subarray(0, bytes.length), bytes), key).toBe(0);
  }
}

type End = readonly [name: string, end: (run: Run, ledger: Ledger, place: Place) => Promise<readonly LedgerError[]>];
const ENDS: readonly End[] = [
  ["finish()", async (run) => (await run.finish(), [])],
  [
    "recover()",
    async (run, _, place) => {
      const told: LedgerError[] = [];
      const other = await openLedger(place.open(), { onError: (error) => told.push(error) });
      expect(await other.recover(run.id, { graceMs: 0 })).toMatchObject({ interrupted: [run.id] });
      await other.recover();
      return told;
    },
  ],
];

/** A run with `first` points in a compaction, as a session goes on with it that has logged one more. */
async function resumed(ledger: Ledger, fill: (run: Run) => void, mode: "join" | "exclusive" = "join"): Promise<Run> {
  const first = await ledger.startRun(MANUAL);
  fill(first);
  await first.finish();
  const run = await ledger.resumeRun(first.id, { mode, flush: MANUAL.flush });
  run.log({ loss: 1000 });
  await run.flush();
  return run;
}

function fillLarge(run: Run): void {
  logTo(run, "loss", 30);
  run.log(Object.fromEntries(Array.from({ length: 2001 }, (_, i) => [`layers/${i}`, i])));
  for (let i = 0; i < 201; i++) void run.logText("sample", `text ${i}`);
  for (let i = 0; i < 5; i++) run.setTags({ phase: i });
}

describe.each(sampled(PLACES, 2))("%s", (name, make) => {
  describe.each(ENDS)("%s", (_name, end) => {
    test.each([
      ["100 points", (run: Run) => logTo(run, "loss", 100), "join"],
      ["100 points, resumed exclusively", (run: Run) => logTo(run, "loss", 100), "exclusive"],
      ["very many metrics, texts and events", fillLarge, "join"],
    ] as const)("the only document of %s is lost while a session goes on", async (_what, fill, mode) => {
      await using place = await make();
      const told: LedgerError[] = [];
      const ledger = await openLedger(place.open(), { onError: (error) => told.push(error) });
      const run = await resumed(ledger, fill, mode);
      const before = await objectsOf(place.open(), run.id);
      const key = `runs/${run.id}/run.json`;
      const document = before.get(key)!;
      place.change(key, undefined);
      before.delete(key);
      expect([...before.keys()].filter((each) => each.includes("metrics"))).not.toEqual([]);
      await expectDamaged(place.open(), run.id);

      const toldOthers = await end(run, ledger, place);
      expect([...told, ...toldOthers]).toContainEqual(expect.objectContaining(CORRUPT));
      expectKept(before, await objectsOf(place.open(), run.id));
      await expectDamaged(place.open(), run.id);

      // Somebody finds the document.
      place.change(key, document);
      const again = await openLedger(place.open());
      expect(await again.getRun(run.id)).toMatchObject({ damage: [] });
      const points = fill === fillLarge ? 31 : 101;
      expect((await again.history(run.id, "loss")).values).toHaveLength(points);
      await again.recover(undefined, { graceMs: 0 });
      expect((await again.history(run.id, "loss")).values).toHaveLength(points);
    });

    test("the newest of two documents is lost while a third session continues", async () => {
      await using place = await make();
      const told: LedgerError[] = [];
      const ledger = await openLedger(place.open(), { onError: (error) => told.push(error) });
      const second = await resumed(ledger, (run) => logTo(run, "loss", 10));
      await second.finish();
      const run = await ledger.resumeRun(second.id, MANUAL_RESUME);
      logTo(run, "loss", 3);
      await run.flush();
      const before = await objectsOf(place.open(), run.id);
      for (const key of [...before.keys()].filter((each) => each.endsWith("run.0002.json"))) {
        place.change(key, undefined);
        before.delete(key);
      }
      await expectDamaged(place.open(), run.id);
      const toldOthers = await end(run, ledger, place);
      expect([...told, ...toldOthers]).toContainEqual(expect.objectContaining(CORRUPT));
      expectKept(before, await objectsOf(place.open(), run.id));
      await expectDamaged(place.open(), run.id);
    });
  });

  test.each(["finish()", "recover()"])("a child of a run keeps its points too: %s", async (how) => {
    await using place = await make();
    const ledger = await openLedger(place.open(), { onError: () => {} });
    const parent = await ledger.startRun(MANUAL);
    const child = await parent.startChild({ name: "fold", ...MANUAL });
    logTo(child, "loss", 20);
    await child.finish();
    await parent.finish();
    const run = await ledger.resumeRun(child.id, MANUAL_RESUME);
    place.change(`runs/${child.id}/run.json`, undefined);
    const before = await objectsOf(place.open(), child.id);
    run.log({ loss: 1 });
    await (how === "finish()" ? run.finish() : run.flush());
    await (await openLedger(place.open(), { onError: () => {} })).recover(undefined, { graceMs: 0 });
    expectKept(before, await objectsOf(place.open(), child.id));
    await expectDamaged(place.open(), child.id);
  });

  test("a lost document of rich values alone costs nothing: their journals are there", async () => {
    await using place = await make();
    const ledger = await openLedger(place.open());
    const first = await ledger.startRun(MANUAL);
    await Promise.all([first.logText("sample", "one"), first.logText("sample", "two")]);
    await first.finish();
    const run = await ledger.resumeRun(first.id, MANUAL_RESUME);
    await run.logText("sample", "three");
    place.change(`runs/${run.id}/run.json`, undefined);
    for (const finish of [false, true]) {
      if (finish) await run.finish();
      const reader = await openLedger(place.open());
      expect(await reader.media(run.id)).toHaveLength(3);
      expect((await reader.getRun(run.id)).damage).toEqual([]);
    }
  });

  // Where each flush is an object of its own, journals of others go although the first session, which had recorded something, goes on.
  test.each(name === "one object a flush" ? [0] : [0, 5])(
    "a document is lost that a second session wrote while the first one, with %i points, continued",
    async (points) => {
      await using place = await make();
      const ledger = await openLedger(place.open(), { onError: () => {} });
      const first = await ledger.startRun({ ...MANUAL, heartbeatMs: 60_000 });
      logTo(first, "loss", points);
      if (points > 0) await first.flush();
      const second = await ledger.resumeRun(first.id, MANUAL_RESUME);
      logTo(second, "loss", 20);
      await second.finish();
      place.change(`runs/${first.id}/run.json`, undefined);
      logTo(first, "loss", 50);
      await first.flush();
      for (const finish of [false, true]) {
        if (finish) await first.finish();
        const reader = await openLedger(place.open());
        const length = await reader.history(first.id, "loss").then(
          ({ values }) => values.length,
          (error: LedgerError) => error.code,
        );
        expect(length).toBe(points + 70);
      }
    },
  );
});

const MANUAL_RESUME = { flush: MANUAL.flush };
