import { harnesses as browser } from "../../src/backends/opfs/harness.ts";
import { bucketHarness, memoryHarness } from "./harnesses.ts";
import type { Job, Report } from "./report.ts";
import { work } from "./work.ts";

/** Runs in a page and, as it is, in a worker that the page starts. */
const isPage = typeof document !== "undefined";

const tell = async (where: string, report: Report | { readonly error: string }): Promise<void> => {
  await fetch(`/report/${where}`, { method: "POST", body: JSON.stringify(report) });
};

async function main(): Promise<void> {
  const { s3 } = (await (await fetch("/job")).json()) as Job;
  // Both at once: neither sees anything of the other.
  const worker = isPage ? new Worker("/page.js", { type: "module" }) : undefined;
  worker?.addEventListener("error", ({ message }) => void tell("worker", { error: message }));
  // In a worker, the second does the same as in a page.
  const own = isPage ? browser : browser.filter(({ name }) => name !== "opfs-async");
  const report = await work([memoryHarness, ...own, ...(s3 ? [bucketHarness(s3)] : [])]).catch((error: Error) => ({
    error: `${error}\n${error.stack}`,
  }));
  await tell(isPage ? "page" : "worker", report);
}

void main();
