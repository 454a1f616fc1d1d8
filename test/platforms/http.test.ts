import { randomBytes } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { publish } from "../../src/backends/http/index.ts";
import { s3Presigner, type S3SignRequest } from "../../src/backends/s3/index.ts";
import { openLedger } from "../../src/index.ts";
import { openInChromium } from "../servers/chromium.ts";
import { allowPages, inBucket, makeBucket, realS3 } from "../servers/real-s3.ts";
import { startStaticHost, type StaticHost } from "../servers/static-host.ts";
import { browserBundle } from "./browser-bundle.ts";
import { programIn } from "./expectations.ts";
import type { HttpJob, HttpReport } from "./http-page.ts";

const WHERE = ["page", "worker"] as const;
const program = programIn("CHROMIUM");
const hasBucket = process.env["AWS_ENDPOINT_URL_S3"] !== undefined;
const reports = new Map<string, HttpReport>();
const ends: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  if (program === undefined) return;
  const host = await startStaticHost();
  const ledger = await openLedger(host.place);
  const run = async (name: string): Promise<void> => {
    await ledger.withRun({ name }, (each) => {
      for (let step = 0; step < 2000; step++) each.log({ loss: step });
    });
    await publish(ledger);
  };
  await run("first");
  // The ways in which servers of other origins differ for a page.
  const hosts = [host, await startStaticHost(host.place), await startStaticHost(host.place)];
  const quirks: StaticHost["quirks"][] = [{}, { gzip: true, gzipRanges: true }, { noRanges: true }];
  for (const [i, each] of hosts.entries()) Object.assign(each.quirks, { cors: true }, quirks[i]);
  ends.push(...hosts.map((each) => () => each.close()));

  const bucket = hasBucket ? await makeBucket(realS3()) : "";
  const prefix = `pages/${randomBytes(4).toString("hex")}`;
  if (hasBucket) await allowPages(realS3(), bucket);
  const presign = hasBucket ? s3Presigner({ ...inBucket(realS3(), bucket), prefix }) : undefined;
  const job: HttpJob = { ledgers: hosts.map(({ url }) => url), ...(hasBucket && { bucket: { bucket, prefix } }) };

  const files = await bundle();
  const told = new EventEmitter();
  const waiting = WHERE.map(async (where) => reports.set(where, (await once(told, where))[0] as HttpReport));
  let publishing: Promise<unknown> = Promise.resolve();
  const server = createServer(async (request, response) => {
    const path = request.url!;
    const body = request.method === "POST" ? (JSON.parse(await text(request)) as unknown) : undefined;
    const where = /^\/report\/(page|worker)$/.exec(path)?.[1];
    let answer = path === "/job" ? JSON.stringify(job) : files.get(path);
    if (where !== undefined) told.emit(where, body);
    if (path === "/publish") await (publishing = publishing.then(() => run(`for the ${body as string}`)));
    if (path === "/sign") answer = JSON.stringify(await presign?.(body as S3SignRequest));
    response.setHeader("content-type", path === "/" ? "text/html" : "text/javascript");
    response.writeHead(answer === undefined && body === undefined ? 404 : 200).end(answer);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  ends.push(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  ends.unshift(await openInChromium(program, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`));
  await Promise.all(waiting);
}, 120_000);
afterAll(async () => {
  for (const end of ends) await end();
});

async function bundle(): Promise<Map<string, Uint8Array | string>> {
  const files = await browserBundle("http-page.ts");
  files.set("/", '<!doctype html><meta charset="utf-8"><script type="module" src="/http-page.js"></script>');
  return files;
}

const missing = program === undefined ? " (skipped: no browser, set CHROMIUM)" : "";
describe.skipIf(missing !== "").each(WHERE)(`in a %s of Chromium${missing}`, (where) => {
  test("ledgers on servers of other origins are read, also compressed and without ranges, and again when published", () => {
    const report = reports.get(where)!;
    expect(report.error).toBeUndefined();
    expect(report.found.map((names) => names.includes("first"))).toEqual([true, true, true]);
    expect(report.points).toEqual([2000, 2000, 2000]);
    expect(report.again).toContain(`for the ${where}`);
  });

  test.skipIf(!hasBucket)(
    `a run is logged into a bucket with signed URLs${hasBucket ? "" : " (skipped: no bucket, set AWS_ENDPOINT_URL_S3)"}`,
    () => {
      expect(reports.get(where)!.logged).toEqual(["signed"]);
    },
  );
});
