import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { rounds } from "../rounds.ts";
import { DrivenChromium, type Tab } from "../servers/devtools.ts";
import { browserBundle } from "./browser-bundle.ts";
import { programIn } from "./expectations.ts";

// What happens to a ledger in a real browser that is killed, full, cleared, shared by tabs, or refuses its storage.

const program = programIn("CHROMIUM");
const missing = program === undefined ? " (no browser: set CHROMIUM, see vitest.platforms.config.ts)" : "";
/** Random moments at which the browser is killed, and at which a tab crashes or is closed. */
const MOMENTS = {
  kill: rounds(20, 20, "BROWSER_KILLS"),
  crash: rounds(3, 20, "BROWSER_KILLS"),
  close: rounds(3, 20, "BROWSER_KILLS"),
} as const;

let server: Server;
let origin: string;
let browser: DrivenChromium;
/** The points that a tab said were acknowledged, by run. */
const acknowledged = new Map<string, number>();
let waiting: { readonly run: string; readonly points: number; readonly reached: () => void } | undefined;

beforeAll(async () => {
  if (program === undefined) return;
  const files = await browserBundle("storage-page.ts", "storage-worker.ts");
  server = createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url!, "http://host");
    const run = /^\/acknowledged\/(.+)$/.exec(pathname)?.[1];
    if (run !== undefined) {
      acknowledged.set(run, Number(await text(request)));
      if (waiting?.run === run && acknowledged.get(run)! >= waiting.points) waiting.reached();
    }
    const page = '<!doctype html><meta charset="utf-8"><script type="module" src="/storage-page.js"></script>';
    const file = pathname === "/" ? page : files.get(pathname);
    response.setHeader("content-type", pathname === "/" ? "text/html" : "text/javascript");
    if (search.startsWith("?csp=")) response.setHeader("content-security-policy", decodeURIComponent(search.slice(5)));
    response.writeHead(file === undefined && run === undefined ? 404 : 200).end(file);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  browser = await DrivenChromium.start(program);
});

afterAll(async () => {
  await browser?.remove();
  server?.closeAllConnections();
  server?.close();
});

/** Resolves when a tab has said that it stored so many points. */
async function storedBy(run: string, points: number): Promise<void> {
  await new Promise<void>((reached) => {
    waiting = { run, points, reached };
    if ((acknowledged.get(run) ?? 0) >= points) reached();
  });
}

/** Limits what the site may store, or no longer does. */
async function setQuota(tab: Tab, quotaSize?: number): Promise<void> {
  await tab.send("Storage.overrideQuotaForOrigin", { origin, ...(quotaSize !== undefined && { quotaSize }) });
}

async function openTab(options: object = {}, query = ""): Promise<Tab> {
  const tab = await browser.tab(`${origin}/${query}`);
  await tab.call("open", options);
  return tab;
}

const FINE = { code: "", message: "", transient: false };

describe.skipIf(program === undefined)(`a ledger in Chromium${missing}`, () => {
  let sites = 0;
  beforeEach(() => {
    // A site of its own, which the browser takes for safe and finds here.
    origin = `http://site-${sites++}.localhost:${(server.address() as AddressInfo).port}`;
  });

  test.each(["opfs-sync", "opfs-async", "indexeddb"])(
    "two tabs write one run in %s: every point is there once",
    async (storage) => {
      const [one, two] = [await openTab({ storage: [storage] }), await openTab({ storage: [storage] })];
      await Promise.all([one.call("start", "shared"), two.call("start", "shared")]);
      await Promise.all([one.call("log", 0, 3000), two.call("log", 3000, 6000)]);
      expect(await Promise.all([one.call("flush"), two.call("flush")])).toEqual([FINE, FINE]);
      for (const tab of [one, two]) expect(await tab.call("check", "shared")).toEqual({ count: 6000 });
      await two.close();
      expect(await one.call("finish")).toEqual(FINE);
      expect(await one.call("check", "shared")).toEqual({ count: 6000 });
      expect(await one.call("status", "shared")).toBe("finished");
      expect(await one.call("errors")).toEqual([]);
    },
  );

  describe.each([
    ["the browser is killed", "kill"],
    ["the tab crashes", "crash"],
    ["the tab is closed", "close"],
  ] as const)("%s while it trains", (_, how) => {
    test.each(["opfs-sync", "indexeddb"])(
      "in %s: what was acknowledged is there, and the run is interrupted",
      { timeout: 480_000 },
      async (storage) => {
        for (let seed = 0; seed < MOMENTS[how]; seed++) {
          const id = `${how}-${storage}-${seed}`;
          const tab = await openTab({ storage: [storage] });
          await tab.call("start", id);
          await tab.call("train");
          await storedBy(id, 20 * (1 + ((seed * 7) % 23)));
          // The tab goes on, so the moment within a flush is random.
          for (let turns = Math.floor(Math.random() * 8); turns > 0; turns--) await tab.call("stats");
          if (how === "kill") await browser.kill().then(() => browser.restart());
          else if (how === "crash") tab.crash();
          else await tab.close();
          const after = await openTab({ storage: [storage] });
          const { count, wrong } = await after.call<{ count: number; wrong?: number }>("check", id);
          expect(wrong).toBeUndefined();
          expect(count).toBeGreaterThanOrEqual(acknowledged.get(id)!);
          expect(await after.call("status", id)).toBe("interrupted");
          await after.call("start", `after-${id}`);
          await after.call("log", 0, 10);
          expect(await after.call("finish")).toEqual(FINE);
          if (storage === "opfs-sync") expect(await after.call("temporary")).toEqual([]);
          await after.close();
        }
      },
    );
  });

  test.each([
    ["opfs-sync", 500],
    ["opfs-sync", 20_000],
    ["indexeddb", 500],
    ["indexeddb", 20_000],
  ])("a tab in %s that is closed keeps %i points that it logged after its last flush", async (storage, points) => {
    const tab = await openTab({ storage: [storage] });
    await tab.call("start", "closed", 1e9);
    await tab.call("log", 0, 100);
    expect(await tab.call("flush")).toEqual(FINE);
    await tab.call("log", 100, 100 + points);
    expect(await tab.call("stats")).toMatchObject({ acknowledged: 100, buffered: points });
    await tab.close();
    // The second tab finds nothing more to store.
    for (let i = 0; i < 2; i++) {
      const after = await openTab({ storage: [storage] });
      expect(await after.call("check", "closed")).toEqual({ count: 100 + points });
      expect(await after.call("status", "closed")).toBe("interrupted");
      await after.close();
    }
  });

  test("what a closed tab kept for an object that is removed meanwhile does not come back", async () => {
    const other = await openTab({ storage: ["opfs-sync"] });
    const tab = await openTab({ storage: ["opfs-sync"] });
    expect(await tab.call("append", "journal", 10, 0)).toEqual(FINE);
    await tab.call("appendWhenLeft", "journal", 10, 10);
    await tab.close();
    expect(await other.call("remove", "journal")).toEqual(FINE);
    const after = await openTab({ storage: ["opfs-sync"] });
    expect(await after.call("size", "journal")).toBeUndefined();
  });

  test.each([
    ["opfs-sync", 8_000_000, 300_000],
    // It measures what is left only now and then, and compares it with the size of each transaction.
    ["indexeddb", 600_000, 3_000_000],
  ])("a full quota of %s is NO_SPACE, and nothing acknowledged is lost", async (storage, quota, size) => {
    const tab = await browser.tab(origin);
    await setQuota(tab, quota);
    await tab.call("open", { storage: [storage] });
    await tab.call("start", "full");
    await tab.call("log", 0, 500);
    expect(await tab.call("flush")).toEqual(FINE);
    let stored = 0;
    let refused = await tab.call<typeof FINE>("create", "large/0", size);
    while (refused.code === "" && stored < 100) refused = await tab.call("create", `large/${++stored}`, size);
    expect(refused).toMatchObject({ code: "NO_SPACE", transient: false });
    expect(await tab.call("size", `large/${stored}`)).toBeUndefined();
    if (stored > 0) expect(await tab.call("size", `large/${stored - 1}`)).toBe(size);
    await tab.call("log", 500, 40_000);
    const flushed = await tab.call("flush");
    if (storage === "opfs-sync") expect(flushed).toMatchObject({ code: "NO_SPACE" });
    const { acknowledged } = await tab.call<{ acknowledged: number }>("stats");
    expect((await tab.call<{ count: number }>("check", "full")).count).toBeGreaterThanOrEqual(acknowledged);
    await setQuota(tab);
    expect(await tab.call("flush")).toEqual(FINE);
    expect(await tab.call("finish")).toEqual(FINE);
    expect(await tab.call("check", "full")).toEqual({ count: 40_000 });
    expect((await tab.call<string[]>("errors")).filter((code) => code !== "NO_SPACE")).toEqual([]);
  });

  test("a quota of nothing is an error of the first call", async () => {
    const tab = await openTab();
    await setQuota(tab, 0);
    expect(await tab.call("create", "a", 1000)).toMatchObject({ code: "NO_SPACE" });
    await setQuota(tab);
    expect(await tab.call("create", "a", 1000)).toEqual(FINE);
  });

  test("a file that a page holds open after its end is waited for, and then UNAVAILABLE", async () => {
    const tab = await openTab({ storage: ["opfs-sync"] });
    expect(await tab.call("append", "log", 10, 0)).toEqual(FINE);
    await tab.call("hold", "log", 300);
    expect(await tab.call("read", "log")).toEqual(FINE);
    expect(await tab.call("append", "log", 10, 10)).toEqual(FINE);
    await tab.call("hold", "log", 60_000);
    expect(await tab.call("append", "log", 10, 20)).toMatchObject({ code: "UNAVAILABLE", transient: true });
    expect(await tab.call("size", "log")).toBe(20);
  });

  test.each(["opfs-sync", "opfs-async", "indexeddb"])(
    "storage of %s that is cleared under a run is an error, not silence",
    async (storage) => {
      const tab = await openTab({ storage: [storage] });
      await tab.call("start", "cleared");
      await tab.call("log", 0, 100);
      expect(await tab.call("flush")).toEqual(FINE);
      await tab.send("Storage.clearDataForOrigin", { origin, storageTypes: "all" });
      await tab.call("log", 100, 200);
      const flushed = await tab.call<{ code: string }>("flush");
      const finished = await tab.call<{ code: string }>("finish");
      const heard = await tab.call<string[]>("errors");
      expect([flushed.code, finished.code, ...heard].filter((code) => code !== "")).not.toEqual([]);
      expect([flushed.code, finished.code]).not.toContain("not a LedgerError");
      const after = await openTab({ storage: [storage] });
      await after.call("start", "new");
      await after.call("log", 0, 100);
      expect(await after.call("finish")).toEqual(FINE);
      expect(await after.call("check", "new")).toEqual({ count: 100 });
    },
  );

  test.each([
    ["opfs-sync", 1, "clear"],
    ["opfs-sync", 2, "clear"],
    ["opfs-sync", 3, "clear"],
    ["opfs-sync", 3, "shorten"],
    ["indexeddb", 2, "clear"],
    ["indexeddb", 3, "clear"],
  ])(
    "a create in %s of which %s blocks are stored rejects after a %s, and makes no object",
    async (storage, ...harm) => {
      const tab = await openTab({ storage: [storage] });
      expect(await tab.call("create", "a/log", 10)).toEqual(FINE);
      expect(await tab.call("createHarmed", "a/big", ...harm)).toMatchObject({ code: "IO", transient: true });
      expect(await tab.call("size", "a/big")).toBeUndefined();
      expect(await tab.call("create", "a/big", 3_000_000)).toEqual(FINE);
      expect(await tab.call("size", "a/big")).toBe(3_000_000);
      if (storage === "opfs-sync") expect(await tab.call("temporary")).toEqual([]);
    },
  );

  test.each(["opfs-sync", "opfs-async", "indexeddb"])(
    "what was cleared in %s cannot be moved or appended to, and does not come back",
    async (storage) => {
      const tab = await openTab({ storage: [storage] });
      expect(await tab.call("create", "a/log", 10)).toEqual(FINE);
      await tab.call("clear");
      if (storage !== "opfs-async")
        expect(await tab.call("append", "a/log", 10, 10)).toMatchObject({ code: "CONFLICT" });
      expect(await tab.call("move", "a/log", "a/other")).toMatchObject({ code: "NOT_FOUND" });
      for (const key of ["a/log", "a/other"]) expect(await tab.call("size", key)).toBeUndefined();
    },
  );

  test("an append takes the name of folders without files, and the backend closes", async () => {
    const tab = await openTab({ storage: ["opfs-sync"] });
    expect(await tab.call("create", "a/b/c", 10)).toEqual(FINE);
    expect(await tab.call("append", "a/b", 10, 0)).toMatchObject({ code: "CONFLICT" });
    expect(await tab.call("remove", "a/b/c")).toEqual(FINE);
    expect(await tab.call("append", "a/b", 10, 5)).toMatchObject({ code: "CONFLICT" });
    expect(await tab.call("append", "a/b", 10, 0)).toEqual(FINE);
    expect(await tab.call("append", "a/b", 10, 10)).toEqual(FINE);
    expect(await tab.call("size", "a/b")).toBe(20);
    await tab.call("close");
  });

  test("the first appends of a page take effect in the order of the calls", async () => {
    const inOrder: boolean[] = [];
    for (let i = 0; i < 8; i++) {
      const tab = await openTab({ storage: ["opfs-sync"] });
      inOrder.push(await tab.call("appendAtOnce", `log-${i}`));
      await tab.close();
    }
    expect(inOrder).toEqual(inOrder.map(() => true));
  });

  test("a policy that refuses workers from blobs: the files are written without one, and a worker of one's own works", async () => {
    const strict = `?csp=${encodeURIComponent("worker-src 'self'")}`;
    const tab = await browser.tab(`${origin}/${strict}`);
    const opened = await tab.call("open");
    expect(opened).toMatchObject({ storage: "opfs-async", capabilities: { append: false, durable: true } });
    expect(opened).toMatchObject({ failed: [{ storage: "opfs-sync", code: "UNAVAILABLE" }] });
    expect(await tab.call("errors")).toEqual(["UNAVAILABLE"]);
    await tab.call("start", "strict");
    await tab.call("log", 0, 100);
    expect(await tab.call("finish")).toEqual(FINE);
    const own = await browser.tab(`${origin}/${strict}`);
    expect(await own.call("open", { workerUrl: "/storage-worker.js" })).toMatchObject({ storage: "opfs-sync" });
    expect(await own.call("check", "strict")).toEqual({ count: 100 });
  });

  test("a site without files gets a database, and one without that keeps its ledger in memory: both is said", async () => {
    const tab = await browser.tab(origin);
    await tab.call("refuseFiles");
    const code = "PERMISSION_DENIED";
    const files = [
      expect.objectContaining({ storage: "opfs-sync", code }),
      expect.objectContaining({ storage: "opfs-async", code }),
    ];
    expect(await tab.call("open")).toMatchObject({ storage: "indexeddb", failed: files });
    await tab.call("refuseDatabases");
    expect(await tab.call("open")).toMatchObject({
      storage: "memory",
      capabilities: { durable: false },
      failed: [...files, { storage: "indexeddb", code, why: expect.stringContaining("a reload loses it") }],
    });
    expect(await tab.call("errors")).toEqual(Array.from({ length: 5 }, () => code));
  });

  test("a closed backend leaves no temporary files, and lets go of its lock", async () => {
    const tab = await openTab();
    expect(await tab.call("create", "a", 3_000_000)).toEqual(FINE);
    await tab.call("close");
    expect(await tab.call("create", "b", 1)).toMatchObject({ code: "CLOSED" });
    expect(await tab.call("temporary")).toEqual([]);
  });

  test.each(["opfs-sync", "opfs-async", "indexeddb", "memory"])(
    "100,000 points in %s take less than a second in all, the best of three",
    async (storage) => {
      const tab = await openTab({ storage: [storage] });
      const all: number[] = [];
      for (let i = 0; i < 3; i++) all.push((await tab.call<{ all: number }>("measure", 100_000)).all);
      expect(Math.min(...all)).toBeLessThan(1000);
    },
  );
});
