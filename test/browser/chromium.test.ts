import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { build } from "esbuild";
import { openLedger } from "runledger";
import { memoryBackend } from "runledger/backends/memory";
import { conformanceCases } from "runledger/conformance";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openInChromium } from "../servers/chromium.ts";
import { allowPages, inBucket, makeBucket, realS3 } from "../servers/real-s3.ts";
import { life, type Story } from "./life.ts";
import type { Job, Report } from "./report.ts";

const program = process.env["CHROMIUM"];
const hasServer = process.env["AWS_ENDPOINT_URL_S3"] !== undefined;
const isRequired = process.env["BROWSER"] === "required";
if (program === undefined && isRequired) throw new Error("BROWSER=required, but CHROMIUM is not set");
const noBrowser = program === undefined ? "no browser: set CHROMIUM, see vitest.browser.config.ts" : undefined;
const noServer = hasServer ? undefined : "no S3 server: see vitest.s3.config.ts";

const WHERE = ["page", "worker"];
const reports = new Map<string, Report>();
let expected: Story;
let stop = async (): Promise<void> => {};

beforeAll(async () => {
  if (program === undefined) return;
  expected = await life(await openLedger(memoryBackend()));
  const { files, job } = await prepare();
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

/** What the browser loads, by path, and what it is to do. */
async function prepare(): Promise<{ files: Map<string, Uint8Array | string>; job: Job }> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "page.ts")],
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    conditions: ["runledger-source"],
    outdir: "/",
    write: false,
  });
  const files = new Map<string, Uint8Array | string>(outputFiles.map(({ path, contents }) => [path, contents]));
  files.set("/", '<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>');
  if (!hasServer) return { files, job: {} };
  const s3 = realS3();
  const bucket = await makeBucket(s3);
  await allowPages(s3, bucket);
  return { files, job: { s3: inBucket(s3, bucket) } };
}

describe.each(WHERE)("%s", (where) => {
  const report = (): Report => reports.get(where)!;

  describe.each([
    ["memory", undefined],
    ["s3", noServer],
  ])("%s", (backend, missing) => {
    test.for(conformanceCases.map(({ name }) => name))("%s", (name, { skip }) => {
      if (noBrowser ?? missing) skip(noBrowser ?? missing);
      const outcome = report().conformance[backend]?.[name] ?? { status: "failed", message: report().environment };
      if (outcome.status === "skipped") skip(outcome.reason);
      expect(outcome).toEqual({ status: "passed" });
    });

    test("runs come to the same as in Node", ({ skip }) => {
      if (noBrowser ?? missing) skip(noBrowser ?? missing);
      expect(report().life[backend]).toEqual(expected);
    });
  });

  test("the environment is that of a browser", ({ skip }) => {
    if (noBrowser) skip(noBrowser);
    expect(report().environment).toMatchObject({
      runtime: { name: "web", version: expect.stringContaining("Chrome/") },
      cores: expect.any(Number),
    });
  });
});
