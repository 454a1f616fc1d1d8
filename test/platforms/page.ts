import { opfsBackend } from "runledger/backends/opfs";
import { harnesses } from "../../src/backends/opfs/harness.ts";
import type { ConformanceHarness } from "runledger/conformance";
import type { BrowserJob, Report } from "./report.ts";
import { work } from "./work.ts";

/** Runs in a page and, as it is, in a worker that the page starts. */
const isPage = typeof document !== "undefined";

const tell = async (where: string, report: Report | { readonly error: string }): Promise<void> => {
  await fetch(`/report/${where}`, { method: "POST", body: JSON.stringify(report) });
};

async function main(): Promise<void> {
  const job = (await (await fetch("/job")).json()) as BrowserJob;
  // Both at once: neither sees anything of the other.
  const worker = isPage ? new Worker("/page.js", { type: "module" }) : undefined;
  worker?.addEventListener("error", ({ message }) => void tell("worker", { error: message }));
  const where = isPage ? "page" : "worker";
  const own = harnesses.filter(({ name }) => job.storages[where].includes(name));
  const first = await opfsBackend({ directory: where });
  await tell(where, await work(job, first, own.map(patient)));
}

/** Firefox takes most of a minute for the case with thousands of objects when two cores do other things, too. */
const patient = (harness: ConformanceHarness): ConformanceHarness => ({ ...harness, limitMs: 180_000 });

await main().catch((error: Error) => tell(isPage ? "page" : "worker", { error: `${error}\n${error.stack}` }));
