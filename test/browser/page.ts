import { openLedger } from "runledger";
import { memoryBackend } from "runledger/backends/memory";
import { type S3BackendOptions, s3Backend } from "runledger/backends/s3";
import { type ConformanceHarness, conformanceCases, runCase } from "runledger/conformance";
import { life } from "./life.ts";
import type { CaseOutcome, Job, Report } from "./report.ts";

/** Runs in a page and, as it is, in a worker that the page starts. */
const isPage = typeof document !== "undefined";

async function work({ s3 }: Job): Promise<Report> {
  const backends: Record<string, () => ConformanceHarness> = {
    memory: () => ({
      name: "memory",
      setup: async () => {
        const backend = memoryBackend();
        return { open: async () => backend.open(), teardown: async () => {} };
      },
    }),
    ...(s3 && { s3: () => bucketHarness(s3) }),
  };
  const report: Report = { environment: undefined, conformance: {}, life: {} };
  for (const [name, harness] of Object.entries(backends)) {
    const outcomes: Record<string, CaseOutcome> = {};
    for (const one of conformanceCases) {
      outcomes[one.name] = await runCase(harness(), one).catch((error: unknown) => ({
        status: "failed" as const,
        message: String(error),
      }));
    }
    report.conformance[name] = outcomes;
  }
  const memory = await openLedger(memoryBackend());
  report.life["memory"] = await life(memory);
  if (s3) report.life["s3"] = await life(await openLedger(s3Backend({ ...s3, prefix: newPrefix() })));
  report.environment = (await memory.searchRuns({ limit: 1 })).runs[0]?.environment;
  return report;
}

function bucketHarness(options: S3BackendOptions): ConformanceHarness {
  return {
    name: "s3",
    setup: async () => {
      const prefix = newPrefix();
      const open = async () => {
        const backend = s3Backend({ ...options, prefix });
        await backend.probe();
        return backend;
      };
      return { open, teardown: async () => {} };
    },
  };
}

const newPrefix = (): string => crypto.randomUUID();

const tell = async (where: string, report: Report | { readonly error: string }): Promise<void> => {
  await fetch(`/report/${where}`, { method: "POST", body: JSON.stringify(report) });
};

async function main(): Promise<void> {
  const job = (await (await fetch("/job")).json()) as Job;
  // Both at once: neither sees anything of the other.
  const worker = isPage ? new Worker("/page.js", { type: "module" }) : undefined;
  worker?.addEventListener("error", ({ message }) => void tell("worker", { error: message }));
  const report = await work(job).catch((error: Error) => ({ error: `${error}\n${error.stack}` }));
  await tell(isPage ? "page" : "worker", report);
}

void main();
