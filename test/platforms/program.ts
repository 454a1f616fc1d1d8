import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { fsBackend } from "runledger/backends/fs";
import type { ConformanceHarness } from "runledger/conformance";
import type { Job } from "./report.ts";
import { work } from "./work.ts";

// Run by Node, Bun and Deno: program.mjs JOB REPORT, both files of JSON. It writes only to the directory of the report.
const [jobFile, reportFile] = process.argv.slice(2) as [string, string];
const job = JSON.parse(await readFile(jobFile, "utf8")) as Job;

const newDirectory = (): Promise<string> => mkdtemp(join(dirname(reportFile), "runledger-runtime-"));

const fsHarness: ConformanceHarness = {
  name: "fs",
  async setup() {
    const directory = await newDirectory();
    return {
      open: async () => fsBackend(directory),
      teardown: () => rm(directory, { recursive: true, force: true, maxRetries: 10 }),
    };
  },
};

const report = await work(job, fsBackend(await newDirectory()), [fsHarness]);
await writeFile(reportFile, JSON.stringify(report));
