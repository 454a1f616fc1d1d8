import { afterAll, beforeAll, expect, test } from "vitest";
import { httpBackend, publish } from "../../../src/backends/http/index.ts";
import { openLedger } from "../../../src/index.ts";
import { storeSegment } from "../../catalog/many-runs.ts";
import { isFull } from "../../rounds.ts";
import { startStaticHost, type StaticHost } from "../../servers/static-host.ts";

/** 10,000 runs take long to make. */
const RUNS = isFull ? 10_000 : 1000;
let host: StaticHost;
let real = "";

/** Ids as the library makes them: the time, then random digits. */
function idOf(n: number): string {
  return `01kb${n.toString(32).padStart(6, "0")}${((n * 2_654_435_761) % 2 ** 32).toString(32).padStart(16, "0")}`;
}

beforeAll(async () => {
  host = await startStaticHost();
  const { place } = host;
  const ledger = await openLedger(place);
  const run = await ledger.startRun({ name: "real" });
  for (let step = 0; step < 5000; step++) run.log({ loss: 1 / (step + 1), accuracy: step / 5000 }, { step });
  await run.finish();
  real = run.id;
  await storeSegment(
    place,
    1,
    Array.from({ length: RUNS }, (_, n) => [idOf(n), { name: `run ${n}`, params: { lr: n / RUNS } }] as const),
  );
  for (let n = 0; n < RUNS; n++)
    for (const name of ["run.created.json", "run.json", "metrics.parquet"])
      await place.create(`runs/${idOf(n)}/${name}`, new Uint8Array());
  await publish(ledger);
});
afterAll(() => host.close());

test("a page shows the first of all runs with at most 15 requests, and a curve with at most 4 more", async () => {
  host.requests.length = 0;
  const ledger = await openLedger(httpBackend(host.url));
  const { runs, nextPageToken } = await ledger.searchRuns({ limit: 50 });
  expect(runs).toHaveLength(50);
  expect(nextPageToken).toBeDefined();
  expect(host.requests.length).toBeLessThanOrEqual(15);
  host.requests.length = 0;
  await ledger.searchRuns({ filter: "params.lr > 0.5", orderBy: "params.lr DESC", limit: 50 });
  expect(host.requests.length).toBeLessThanOrEqual(15);

  host.requests.length = 0;
  const { values } = await ledger.history(real, "loss");
  expect(values).toHaveLength(5000);
  expect(host.requests.length).toBeLessThanOrEqual(4);
});

test("a page that shows one curve and nothing else makes at most 4 requests", async () => {
  host.requests.length = 0;
  const ledger = await openLedger(httpBackend(host.url));
  const { values } = await ledger.history(real, "loss", { samples: 500 });
  expect(values.length).toBeGreaterThan(100);
  expect(host.requests.length).toBeLessThanOrEqual(4);
});
