import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe } from "vitest";
import { browserBundle } from "./browser-bundle.ts";
import { describePlatform, newJob, programIn, whyMissing } from "./expectations.ts";
import type { BrowserJob, Report } from "./report.ts";

const WHERE = ["page", "worker"] as const;

/** A browser, and what is expected of it. */
export interface BrowserPlatform {
  readonly name: string;
  /** The variable that names its program. */
  readonly variable: string;
  /** Opens a page. Returns a function that ends the browser. */
  readonly open: (program: string, url: string) => Promise<() => Promise<void>>;
  readonly version: (program: string) => Promise<string>;
  /** The storages that it has. */
  readonly storages: BrowserJob["storages"];
  /** The storage that the backend chooses. */
  readonly chosen: string;
  /** What the environment of its runs contains. */
  readonly environment: object;
}

/** Tests of the library in a page of the browser, and at the same time in a worker that the page starts. */
export function describeBrowser(browser: BrowserPlatform): void {
  const program = programIn(browser.variable);
  const reports = new Map<string, Report>();
  let version = "";
  let stop = async (): Promise<void> => {};

  beforeAll(async () => {
    if (program === undefined) return;
    const files = await browserBundle("page.ts");
    files.set("/", '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>');
    const job: BrowserJob = { ...(await newJob()), storages: browser.storages };
    const told = new EventEmitter();
    const waiting = WHERE.map(async (where) => [where, (await once(told, where))[0] as Report] as const);
    const server = createServer(async (request, response) => {
      const where = /^\/report\/(page|worker)$/.exec(request.url!)?.[1];
      if (where !== undefined) told.emit(where, await reportOf(request));
      const file = request.url === "/job" ? JSON.stringify(job) : files.get(request.url!);
      response.setHeader("content-type", request.url === "/" ? "text/html" : "text/javascript");
      response.writeHead(file === undefined && where === undefined ? 404 : 200).end(file);
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    version = await browser.version(program);
    const close = await browser.open(program, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    stop = async () => {
      await close();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    };
    for (const [where, report] of await Promise.all(waiting)) reports.set(where, report);
  });

  afterAll(() => stop());

  describe.each(WHERE)(`${browser.name}, %s`, (where) => {
    const missing = program === undefined ? whyMissing(browser.variable) : undefined;
    describePlatform(["memory", ...browser.storages[where], "s3"], missing, () => reports.get(where)!, {
      version: () => version,
      backend: browser.chosen,
      environment: browser.environment,
    });
  });
}

async function reportOf(request: IncomingMessage): Promise<Report> {
  const report = JSON.parse(await text(request)) as Report | { readonly error: string };
  if ("error" in report) return { environment: report.error, conformance: {}, life: {} };
  return report;
}
