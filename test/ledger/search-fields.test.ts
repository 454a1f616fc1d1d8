import { expect, test } from "vitest";
import { openLedger, type RunQuery } from "runledger";
import { memoryBackend } from "runledger/backends/memory";
import { countingBackend, createTestLedger } from "runledger/testing";
import { objectsOnly } from "../journal/records.ts";
import { storeSegment } from "../catalog/many-runs.ts";

const MEMBERS = [
  ...(["name", "experiment", "status", "startTime", "endTime", "deletedAt"] as const),
  ...(["note", "parent", "group", "jobType"] as const),
];

test("members from columns are those of the records", async () => {
  const { ledger, clock } = await createTestLedger();
  const first = await ledger.startRun({ name: "parent" });
  for (let i = 0; i < 9; i++) {
    const run = await ledger.startRun({
      ...(i % 2 && { note: `note ${i}`, parent: first.id }),
      ...(i % 3 === 0 && { group: "g", jobType: "train" }),
    });
    await clock.advance(i);
    await (i % 4 ? run.finish() : run.fail(new Error("no")));
    if (i === 5) await ledger.deleteRun(run.id);
  }
  const query = { view: "all", orderBy: "duration" } as const;
  const { runs } = await ledger.searchRuns(query);
  expect(runs).toHaveLength(10);
  for (const fields of [MEMBERS, ["status"], [], ["name", "tags"], ["metrics"]] as const) {
    const wanted = new Set<string>([...fields, "id"]);
    const found = await ledger.searchRuns({ ...query, fields });
    expect(found.runs).toEqual(
      runs.map((run) => Object.fromEntries(Object.entries(run).filter(([key]) => wanted.has(key)))),
    );
    expect((await ledger.searchRuns({ ...query, limit: 3, fields })).runs).toEqual(found.runs.slice(0, 3));
  }
});

test("without records less is read", async () => {
  const backend = countingBackend(objectsOnly());
  await openLedger(backend);
  const parts = Array.from({ length: 5000 }, (_, i) => {
    const params = { long: Array.from({ length: 40 }, () => Math.random()).join() };
    return [`r${String(i).padStart(5, "0")}`, { params, metrics: { loss: [(i * 7919) % 5000] } }] as const;
  });
  await storeSegment(backend, 1, parts);
  const cost = async (query: RunQuery): Promise<{ requests: number; bytesOut: number; names: string[] }> => {
    const ledger = await openLedger(backend);
    backend.reset();
    const { runs } = await ledger.searchRuns({ experiment: "default", orderBy: "metrics.loss", limit: 50, ...query });
    const { requests, bytesOut } = backend.counters;
    return { requests, bytesOut, names: runs.map(({ name }) => name) };
  };
  const all = await cost({});
  const some = await cost({ fields: ["name", "status", "startTime", "endTime"] });
  expect(some.names).toEqual(all.names);
  expect(some.requests).toBeLessThanOrEqual(all.requests);
  expect(some.bytesOut).toBeLessThan(all.bytesOut / 2);
  // With all the columns at hand only the footer, the listing and the columns of the order are read.
  expect((await cost({ fields: [] })).requests).toBeLessThanOrEqual(1 + 1 + 3);
});

test("long texts, and what has no column, come from the records", async () => {
  const backend = countingBackend(memoryBackend());
  const ledger = await openLedger(backend);
  const parts = Array.from({ length: 50 }, (_, i) => {
    // 4000 columns at most: the last runs' note has none.
    const metrics = Object.fromEntries(Array.from({ length: 700 }, (_, j) => [`m${j}`, [1]]));
    return [`r${i}`, { metrics: i < 2 ? metrics : {}, ...(i > 40 && { note: `note ${i}` }) }] as const;
  });
  await storeSegment(backend, 1, parts);
  const long = (i: number): string => `${i}`.padEnd(1000) + Array.from({ length: 20_000 }, () => Math.random()).join();
  await storeSegment(
    backend,
    1,
    Array.from({ length: 20 }, (_, i) => [`x${i}`, { note: long(i) }] as const),
    { experiment: "long" },
  );
  const missing = await ledger.searchRuns({ experiment: "default", fields: ["note"] });
  expect(missing.runs.filter(({ note }) => note !== undefined)).toHaveLength(9);
  backend.reset();
  const { runs } = await ledger.searchRuns({ experiment: "long", fields: ["note"], limit: 1 });
  expect(runs[0]?.note?.length).toBeGreaterThan(100_000);
  expect(backend.counters.bytesOut).toBeLessThan(2_000_000);
});
