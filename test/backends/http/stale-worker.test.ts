import { expect, test } from "vitest";
import { httpBackend, publish } from "../../../src/backends/http/index.ts";
import { memoryBackend } from "../../../src/backends/memory/index.ts";
import { type Ledger, LedgerError, openLedger } from "../../../src/index.ts";
import { asFetch } from "../../servers/static-host.ts";

type Fetch = typeof globalThis.fetch;

/** Answers as a service worker does that was never updated: it has whole answers in its cache, and ignores `Range`. */
function staleWorker(network: Fetch, isCached: (path: string) => boolean): Fetch {
  const cache = new Map<string, () => Response>();
  return async (input, init) => {
    const { url, method } = new Request(input, init);
    if (method !== "GET" || !isCached(url)) return await network(input, init);
    const known = cache.get(url);
    if (known) return known();
    const answer = await network(url);
    const { status, headers } = answer;
    const bytes = await answer.arrayBuffer();
    if (answer.ok) cache.set(url, () => new Response(bytes, { status, headers }));
    return new Response(bytes, { status, headers });
  };
}

async function historiesOf(ledger: Ledger, ids: readonly string[]): Promise<unknown[]> {
  return await Promise.all(
    ids.map((id) =>
      ledger.history(id, "loss").then(
        ({ values }) => [...values],
        (error: unknown) => error,
      ),
    ),
  );
}

test.each([
  ["everything", () => true],
  ["everything but the index", (path: string) => !path.endsWith("published/index.json")],
  ["only the index", (path: string) => path.endsWith("published/index.json")],
  ["only journals", (path: string) => path.includes("/journal/")],
])(
  "a stale service worker that caches %s: a run is as it was once, or an error says what is wrong",
  async (_, isCached) => {
    const place = memoryBackend();
    const ledger = await openLedger(place);
    const [growing, closing] = [await ledger.startRun({ name: "growing" }), await ledger.startRun({ name: "closing" })];
    const ids = [growing.id, closing.id];
    const log = async (from: number, to: number): Promise<void> => {
      for (let step = from; step < to; step++) for (const run of [growing, closing]) run.log({ loss: step }, { step });
      await Promise.all([growing.flush(), closing.flush()]);
    };
    await log(0, 100);
    await publish(ledger);
    const fetch = staleWorker(asFetch(place, {}) as Fetch, isCached);
    const open = (): Promise<Ledger> =>
      openLedger(httpBackend("https://host.example/some/place/", { fetch, refreshMs: 0, retry: { attempts: 1 } }), {
        onError: () => {},
      });
    const before = await historiesOf(await open(), ids);
    expect(before).toEqual(await historiesOf(ledger, ids));

    await log(100, 300);
    await closing.finish();
    await publish(ledger);
    const now = await historiesOf(ledger, ids);
    const there = await open();
    for (const [i, found] of (await historiesOf(there, ids)).entries()) {
      if (LedgerError.is(found)) expect(found.message).toMatch(/publish|stale|cache|another|changed/i);
      else expect([before[i], now[i]]).toContainEqual(found);
    }
    const { runs, unreadable = [] } = await there.searchRuns();
    expect(runs.length + unreadable.length).toBe(2);
    await growing.finish();
  },
);
