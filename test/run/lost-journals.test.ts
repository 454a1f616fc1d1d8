import { describe, expect, test } from "vitest";
import { type Backend, type LedgerError, openLedger, type RunRecord } from "../../src/index.ts";
import { objectsOf, PLACES } from "./lost-places.ts";

const flush = { intervalMs: 1e9 };
const MISSING = expect.objectContaining({ kind: "missing" });

/** What readers get of a run. */
interface Seen {
  readonly history: number | string;
  readonly media: number | string;
  readonly record: RunRecord;
  readonly found: RunRecord | undefined;
}

async function look(backend: Backend, id: string): Promise<Seen> {
  const ledger = await openLedger(backend, { onError: () => {} });
  const codeOf = (error: LedgerError): string => error.code;
  return {
    history: await ledger.history(id, "loss").then(({ values }) => values.length, codeOf),
    media: await ledger.media(id).then((all) => all.length, codeOf),
    record: await ledger.getRun(id),
    found: (await ledger.searchRuns({ view: "all" })).runs.find((run) => run.id === id),
  };
}

async function expectLoss(backend: Backend, id: string): Promise<void> {
  const { history, media, record, found } = await look(backend, id);
  expect({ history, media }).toEqual({ history: "CORRUPT", media: "CORRUPT" });
  expect(record.damage).toContainEqual(MISSING);
  expect(found?.damage).toEqual(record.damage);
}

/** What another program does to the one object of a journal; `undefined` removes it. */
const CHANGES: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array | undefined])[] = [
  ["removed", () => undefined],
  ["cut to 8 bytes", (bytes) => bytes.slice(0, 8)],
  ["cut to 16 bytes", (bytes) => bytes.slice(0, 16)],
  ["cut by 3 bytes", (bytes) => bytes.slice(0, -3)],
];

describe.each(PLACES)("%s", (_place, make) => {
  describe.each(["join", "exclusive"] as const)("resumed with mode %s", (mode) => {
    test.each(CHANGES)(
      "the journal of the first session is %s: damage, also once the run is closed",
      async (_, change) => {
        await using place = await make();
        const told: LedgerError[] = [];
        const ledger = await openLedger(place.open(), { onError: (error) => told.push(error) });
        const first = await ledger.startRun({ flush, environment: false });
        for (let i = 0; i < 50; i++) first.log({ loss: i });
        await first.logText("sample", "one");
        await first.flush();
        const journal = [...(await objectsOf(place.open(), first.id))].filter(([key]) => key.includes("/journal/"));
        const [key, bytes] = journal.at(-1)!;
        const second = await ledger.resumeRun(first.id, { mode, flush });
        for (let i = 0; i < 50; i++) second.log({ loss: 100 + i });
        await second.flush();
        place.change(key, change(bytes));
        await expectLoss(place.open(), first.id);

        await second.finish();
        expect(told).toContainEqual(expect.objectContaining({ code: "CORRUPT" }));
        await expectLoss(place.open(), first.id);
        const other = await openLedger(place.open(), { onError: () => {} });
        await other.recover(undefined, { graceMs: 0 });
        await expectLoss(place.open(), first.id);
        const third = await other.resumeRun(first.id, { mode, flush });
        third.log({ loss: 0 });
        await third.finish();
        await expectLoss(place.open(), first.id);

        // Somebody finds the journal.
        place.change(key, bytes);
        const { history, media, record, found } = await look(place.open(), first.id);
        expect({ history, media, damage: record.damage }).toEqual({ history: 101, media: 1, damage: [] });
        expect(found).toEqual(record);
      },
    );
  });

  test("what only a document has of a journal, the next document has, too", async () => {
    await using place = await make();
    const ledger = await openLedger(place.open(), { onError: () => {} });
    const first = await ledger.startRun({ flush, environment: false });
    first.log({ loss: 0 });
    await first.flush();
    const second = await ledger.resumeRun(first.id, { flush });
    second.log({ loss: 1 });
    await second.flush();
    const seen = await objectsOf(place.open(), first.id);
    first.log({ loss: 2 });
    await first.finish();
    const after = [...(await objectsOf(place.open(), first.id))];
    const isOpen = after.some(([key]) => key.includes("/run.json")) && !after.some(([key]) => key.includes("metrics"));
    // The first session leaves the points to the second one, which goes on.
    expect(isOpen).toBe(true);
    for (const [key, bytes] of after)
      if (key.includes("/journal/") && bytes !== seen.get(key) && !isSecond(key, bytes, seen))
        place.change(key, seen.get(key));
    await expectLoss(place.open(), first.id);
    await second.finish();
    await expectLoss(place.open(), first.id);
  });
});

function isSecond(key: string, bytes: Uint8Array, seen: ReadonlyMap<string, Uint8Array>): boolean {
  return seen.get(key)?.length === bytes.length;
}
