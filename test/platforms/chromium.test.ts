import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { openInChromium } from "../servers/chromium.ts";
import { browserBundle } from "./browser-bundle.ts";
import { describePlatform, newJob, programIn } from "./expectations.ts";
import type { Report } from "./report.ts";

const WHERE = ["page", "worker"];
const program = programIn("CHROMIUM");
const reports = new Map<string, Report>();
let stop = async (): Promise<void> => {};

beforeAll(async () => {
  if (program === undefined) return;
  const files = await browserBundle("page.ts");
  files.set("/", '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>');
  const job = JSON.stringify(await newJob());
  const told = new EventEmitter();
  const waiting = WHERE.map(async (where) => [where, (await once(told, where))[0] as Report] as const);
  const server = createServer(async (request, response) => {
    const where = /^\/report\/(page|worker)$/.exec(request.url!)?.[1];
    if (where !== undefined) told.emit(where, await reportOf(request));
    const file = request.url === "/job" ? job : files.get(request.url!);
    response.setHeader("content-type", request.url === "/" ? "text/html" : "text/javascript");
    response.writeHead(file === undefined && where === undefined ? 404 : 200).end(file);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const close = await openInChromium(program, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  stop = async () => {
    await close();
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  };
  for (const [where, report] of await Promise.all(waiting)) reports.set(where, report);
});

afterAll(() => stop());

async function reportOf(request: IncomingMessage): Promise<Report> {
  const report = JSON.parse(await text(request)) as Report | { readonly error: string };
  if ("error" in report) return { environment: report.error, conformance: {}, life: {} };
  return report;
}

describe.each(WHERE)("%s", (where) => {
  const missing = program === undefined ? "no browser: set CHROMIUM, see vitest.platforms.config.ts" : undefined;
  const files = where === "page" ? ["opfs-sync", "opfs-async"] : ["opfs-sync"];
  describePlatform(["memory", ...files, "indexeddb", "s3"], missing, () => reports.get(where)!, {
    runtime: { name: "web", version: expect.stringContaining("Chrome/") },
    cores: expect.any(Number),
  });
});
