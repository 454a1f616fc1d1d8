import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { publish } from "../../src/backends/http/index.ts";
import { openLedger } from "../../src/index.ts";
import { DrivenChromium } from "../servers/devtools.ts";
import { startStaticHost, type StaticHost } from "../servers/static-host.ts";
import { browserBundle } from "./browser-bundle.ts";
import { programIn } from "./expectations.ts";

// A site whose service worker answers requests from a cache that it never renews, as those do that a site has forgotten.

const program = programIn("CHROMIUM");
const missing = program === undefined ? " (no browser: set CHROMIUM, see vitest.platforms.config.ts)" : "";

const SERVICE_WORKER = `
const pattern = new RegExp(decodeURIComponent(location.search.slice(1)));
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  if (!pattern.test(event.request.url)) return;
  event.respondWith((async () => {
    const cache = await caches.open("forever");
    const cached = await cache.match(event.request.url);
    if (cached) return cached;
    // A part cannot be kept, so the whole object is.
    const answer = await fetch(event.request.url, { cache: "no-store" });
    if (answer.ok) await cache.put(event.request.url, answer.clone());
    return answer;
  })());
});
`;

let server: Server;
let browser: DrivenChromium;
let host: StaticHost;
let sites = 0;

beforeAll(async () => {
  if (program === undefined) return;
  const files = await browserBundle("cached-page.ts");
  files.set("/", '<!doctype html><meta charset="utf-8"><script type="module" src="/cached-page.js"></script>');
  files.set("/service-worker.js", SERVICE_WORKER);
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, "http://host");
    const file = files.get(pathname);
    response.setHeader("content-type", pathname === "/" ? "text/html" : "text/javascript");
    response.writeHead(file === undefined ? 404 : 200).end(file);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  browser = await DrivenChromium.start(program);
});

beforeEach(async () => {
  host = await startStaticHost();
  host.quirks.cors = true;
  return () => host.close();
});

afterAll(async () => {
  await browser?.remove();
  server?.closeAllConnections();
  server?.close();
});

/** The ledger as it is in the end. */
const FRESH = { names: ["first", "second", "third"], points: [500, 300, 1] };

describe.skipIf(program === undefined)(`a stale service worker in Chromium${missing}`, () => {
  test.each([
    ["everything", "/some/place/", { names: ["first"], points: [300] }],
    ["the index", "index\\.json$", { code: "IO", message: expect.stringContaining("Publish it again") }],
    // Runs that are closed are read from segments, whose names change with their bytes.
    ["journals", "/journal/", FRESH],
  ])(
    "that keeps %s: readers see the ledger as it was or is, or an error, and nothing wrong",
    async (_, pattern, stale) => {
      const origin = `http://site-${sites++}.localhost:${(server.address() as AddressInfo).port}/`;
      const ledger = await openLedger(host.place);
      const first = await ledger.startRun({ name: "first" });
      const log = async (from: number, to: number): Promise<void> => {
        for (let step = from; step < to; step++) first.log({ loss: step });
        await first.flush();
      };
      await log(0, 300);
      await publish(ledger);
      const tab = await browser.tab(origin);
      await tab.call("install", pattern);
      expect(await tab.call("read", host.url)).toEqual({ names: ["first"], points: [300] });

      await log(300, 500);
      await first.finish();
      await ledger.withRun({ name: "second" }, (run) => {
        for (let step = 0; step < 300; step++) run.log({ loss: step });
      });
      // The pages of the first index are removed when the ledger is published for the third time.
      await publish(ledger);
      await ledger.withRun({ name: "third" }, (run) => run.log({ loss: 0 }));
      await publish(ledger);
      expect(await tab.call("read", host.url)).toEqual(stale);

      await tab.call("uninstall");
      await tab.close();
      const fresh = await browser.tab(origin);
      expect(await fresh.call("read", host.url)).toEqual(FRESH);
      await fresh.close();
    },
  );
});
