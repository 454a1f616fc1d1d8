import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fsBackend } from "runledger/backends/fs";
import type { ConformanceHarness } from "runledger/conformance";
import { bucketHarness, memoryHarness } from "./harnesses.ts";
import type { Job } from "./report.ts";
import { work } from "./work.ts";

// Run by Node, Bun and Deno: program.mjs JOB REPORT, both files of JSON.
const [jobFile, reportFile] = process.argv.slice(2) as [string, string];
const { s3 } = JSON.parse(await readFile(jobFile, "utf8")) as Job;

const fsHarness: ConformanceHarness = {
  name: "fs",
  async setup() {
    const directory = await mkdtemp(join(tmpdir(), "runledger-runtime-"));
    return {
      open: async () => fsBackend(directory),
      teardown: () => rm(directory, { recursive: true, force: true }),
    };
  },
};

const report = await work([memoryHarness, fsHarness, ...(s3 ? [bucketHarness(s3)] : [])]);
await writeFile(reportFile, JSON.stringify(report));
