import { expect, test } from "vitest";
import { memoryBackend, type MemoryBackend } from "../../src/backends/memory/index.ts";
import { decodeCheckedJson, encodeCheckedJson } from "../../src/bytes/checked-json.ts";
import { openLedger } from "../../src/index.ts";

type Stored = Record<string, unknown> & { record: Record<string, unknown>; writer: Record<string, unknown> };

/** Changes a stored object. Its checksum is right again. */
async function poison(backend: MemoryBackend, key: string, edit: (object: Stored) => void): Promise<void> {
  const object = decodeCheckedJson(await backend.read(key)) as Stored;
  edit(object);
  await backend.remove(key);
  await backend.create(key, encodeCheckedJson(object, "test"));
}

const EXPERIMENTS: readonly unknown[] = ["", "\ud800", "a\nb", "\u0000", "x\udfff", 5, null];

/** Three runs. The one in the middle is poisoned: it goes on, or it is closed and its document is all that is left. */
async function poisoned(isOpen: boolean, edit: (object: Stored) => void): Promise<MemoryBackend> {
  const backend = memoryBackend();
  const ledger = await openLedger(backend);
  for (const id of ["a", "bad", "c"]) {
    const run = await ledger.startRun({ id, environment: false });
    run.log({ x: 1 });
    if (id === "bad" && isOpen) await run.flush();
    else await run.finish();
  }
  await poison(backend, isOpen ? "runs/bad/run.created.json" : "runs/bad/run.json", edit);
  return backend;
}

async function assertOthersFound(backend: MemoryBackend): Promise<void> {
  const told: string[] = [];
  const ledger = await openLedger(backend, { onError: ({ code }) => told.push(code) });
  const assertSearched = async (): Promise<void> => {
    const { runs, unreadable } = await ledger.searchRuns({ orderBy: "name ASC" });
    expect(runs.map(({ id }) => id).toSorted()).toEqual(["a", "c"]);
    expect(unreadable?.map(({ id, error }) => [id, error.code])).toEqual([["bad", "CORRUPT"]]);
  };
  await assertSearched();
  expect((await ledger.experiments()).map(({ name, runs }) => [name, runs])).toEqual([["default", 2]]);
  await expect(ledger.getRun("bad")).rejects.toMatchObject({ code: "CORRUPT" });
  expect(await ledger.rebuildCatalog()).toEqual({ runs: 2 });
  await assertSearched();
  await ledger.recover();
  expect(new Set(told)).toEqual(new Set(["CORRUPT"]));
}

test.each(EXPERIMENTS.map((experiment) => [JSON.stringify(experiment), experiment]))(
  "a run whose beginning says the experiment %s is damaged, and hides no other run",
  async (_, experiment) => assertOthersFound(await poisoned(true, (created) => (created["experiment"] = experiment))),
);

test.each(EXPERIMENTS.map((experiment) => [JSON.stringify(experiment), experiment]))(
  "a run whose document says the experiment %s is damaged, and hides no other run",
  async (_, experiment) =>
    assertOthersFound(await poisoned(false, ({ record }) => (record["experiment"] = experiment))),
);

test.each(["", "../../x", "A", "w".repeat(65)])("a run whose first writer is %j is damaged", async (id) => {
  await assertOthersFound(await poisoned(true, ({ writer }) => (writer["id"] = id)));
});

test.each(["startTime", "endTime", "lastActivity"])(
  "a record whose %s is not a finite number is damaged",
  async (member) => {
    for (const time of [Number.NaN, Number.POSITIVE_INFINITY])
      await assertOthersFound(await poisoned(false, ({ record }) => (record[member] = time)));
  },
);
