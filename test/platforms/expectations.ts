import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { openLedger } from "runledger";
import { memoryBackend } from "runledger/backends/memory";
import { conformanceCases } from "runledger/conformance";
import { afterAll, describe, expect, test, type TestContext } from "vitest";
import { allowPages, inBucket, makeBucket, realS3 } from "../servers/real-s3.ts";
import type { StaticHost } from "../servers/static-host.ts";
import { life, type Story } from "./life.ts";
import { startPublishedHost } from "./published-host.ts";
import type { Job, Report } from "./report.ts";

declare module "vitest" {
  /** What the matrix of runtimes shows of a test. */
  interface TaskMeta {
    version?: string;
    backend?: string;
    skipped?: string;
  }
}

const hasServer = process.env["AWS_ENDPOINT_URL_S3"] !== undefined;

/** A program that the environment names, `undefined` where it names none: an error if it must. */
export function programIn(variable: string): string | undefined {
  const program = process.env[variable];
  if (program === undefined && process.env["PLATFORMS"] === "required")
    throw new Error(`PLATFORMS=required, but ${variable} is not set`);
  return program;
}

/** Says why the environment does not name a program. */
export function whyMissing(variable: string): string {
  return process.env[`${variable}_MISSING`] ?? `set ${variable}, see vitest.platforms.config.ts`;
}

/** Returns the version that a program says it has. */
export async function programVersion(program: string): Promise<string> {
  const { stdout } = await promisify(execFile)(program, ["--version"]);
  return /\d+(\.\d+)+/.exec(stdout)?.[0] ?? stdout.trim();
}

let host: Promise<StaticHost> | undefined;

/** Returns what a platform is to do. The host of the published ledger lives until the tests of the file are done. */
export async function newJob(): Promise<Job> {
  const { url: published } = await (host ??= startPublishedHost());
  if (!hasServer) return { published };
  const server = realS3();
  const bucket = await makeBucket(server);
  await allowPages(server, bucket);
  return { published, s3: inBucket(server, bucket) };
}

let story: Promise<Story> | undefined;
/** What runs come to here, in Node, from the sources. */
const expected = (): Promise<Story> => (story ??= openLedger(memoryBackend()).then(life));

/** What is expected of a platform. */
export interface Expected {
  readonly version: () => string;
  /** The backend of the quickstart, or the storage that it chooses. */
  readonly backend: string;
  /** What the environment of a run contains. */
  readonly environment: object;
}

/** Tests of what a platform reported. `missing` says why there is no report. */
export function describePlatform(
  backends: readonly string[],
  missing: string | undefined,
  reported: () => Report,
  { version, backend, environment }: Expected,
): void {
  afterAll(async () => {
    await (await host)?.close();
    host = undefined;
  });

  const skipIf = ({ task, skip }: TestContext, why: string | undefined): void => {
    if (why === undefined) return;
    task.meta.skipped = why;
    skip(why);
  };

  describe.each(backends)("%s", (name) => {
    const why = missing ?? (name === "s3" && !hasServer ? "no S3 server" : undefined);

    test.for(conformanceCases.map((one) => one.name))("%s", (one, context) => {
      skipIf(context, why);
      const report = reported();
      const outcome = report.conformance[name]?.[one] ?? { status: "failed", message: report.environment };
      if (outcome.status === "skipped") context.skip(outcome.reason);
      expect(outcome).toEqual({ status: "passed" });
    });

    test("runs come to the same as in Node from the sources", async (context) => {
      skipIf(context, why);
      expect(reported().life[name]).toEqual(await expected());
    });
  });

  test("the quickstart", (context) => {
    skipIf(context, missing);
    Object.assign(context.task.meta, { version: version(), backend });
    const report = reported();
    expect(report.quickstart ?? report.environment).toEqual({
      backend,
      status: "finished",
      points: 1000,
      last: 0.001,
      artifact: [1, 2, 3],
      found: ["first"],
    });
  });

  test("a ledger on a host of static files can be read", (context) => {
    skipIf(context, missing);
    const report = reported();
    expect(report.published ?? report.environment).toEqual({
      names: ["lr 0.3", "lr 0.5"],
      points: 2000,
      last: 0.3 / 2000,
      artifact: 300_000,
    });
  });

  test("the environment is told", (context) => {
    skipIf(context, missing);
    expect(reported().environment).toMatchObject(environment);
  });
}
