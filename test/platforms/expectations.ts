import { openLedger } from "runledger";
import { memoryBackend } from "runledger/backends/memory";
import { conformanceCases } from "runledger/conformance";
import { describe, expect, test } from "vitest";
import { allowPages, inBucket, makeBucket, realS3 } from "../servers/real-s3.ts";
import { life, type Story } from "./life.ts";
import type { Job, Report } from "./report.ts";

const hasServer = process.env["AWS_ENDPOINT_URL_S3"] !== undefined;

/** A program that the environment names, `undefined` where it names none: an error if it must. */
export function programIn(variable: string): string | undefined {
  const program = process.env[variable];
  if (program === undefined && process.env["PLATFORMS"] === "required")
    throw new Error(`PLATFORMS=required, but ${variable} is not set`);
  return program;
}

/** What a platform is to do. */
export async function newJob(): Promise<Job> {
  if (!hasServer) return {};
  const server = realS3();
  const bucket = await makeBucket(server);
  await allowPages(server, bucket);
  return { s3: inBucket(server, bucket) };
}

let story: Promise<Story> | undefined;
/** What runs come to here, in Node, from the sources. */
const expected = (): Promise<Story> => (story ??= openLedger(memoryBackend()).then(life));

/** Tests of what a platform reported. `missing` says why there is no report. */
export function describePlatform(
  backends: readonly string[],
  missing: string | undefined,
  reported: () => Report,
  environment: object,
): void {
  describe.each(backends)("%s", (backend) => {
    const why = missing ?? (backend === "s3" && !hasServer ? "no S3 server: see vitest.s3.config.ts" : undefined);

    test.for(conformanceCases.map(({ name }) => name))("%s", (name, { skip }) => {
      if (why) skip(why);
      const report = reported();
      const outcome = report.conformance[backend]?.[name] ?? { status: "failed", message: report.environment };
      if (outcome.status === "skipped") skip(outcome.reason);
      expect(outcome).toEqual({ status: "passed" });
    });

    test("runs come to the same as in Node from the sources", async ({ skip }) => {
      if (why) skip(why);
      expect(reported().life[backend]).toEqual(await expected());
    });
  });

  test("the environment is told", ({ skip }) => {
    if (missing) skip(missing);
    expect(reported().environment).toMatchObject(environment);
  });
}
