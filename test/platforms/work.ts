import { openLedger } from "runledger";
import type { Backend } from "runledger/backend";
import { type ConformanceHarness, conformanceCases, runCase } from "runledger/conformance";
import { bucketHarness, memoryHarness } from "./harnesses.ts";
import { life } from "./life.ts";
import { readPublished } from "./published.ts";
import { quickstart } from "./quickstart.ts";
import type { CaseOutcome, Job, Report } from "./report.ts";

/**
 * Does the quickstart on the backend that a user would take, reads a published ledger, and tries on memory, on the
 * harnesses and in the bucket of the job every case of the contract, and runs with all that a run may have.
 */
export async function work(
  { published, s3 }: Job,
  first: Backend,
  harnesses: readonly ConformanceHarness[],
): Promise<Report> {
  const report: Report = { environment: undefined, conformance: {}, life: {} };
  report.quickstart = await quickstart(first);
  await first.close?.();
  report.published = await readPublished(published);
  for (const harness of [memoryHarness, ...harnesses, ...(s3 ? [bucketHarness(s3)] : [])]) {
    const outcomes: Record<string, CaseOutcome> = {};
    for (const one of conformanceCases) {
      outcomes[one.name] = await runCase(harness, one).catch((error: unknown) => ({
        status: "failed" as const,
        message: String(error),
      }));
    }
    report.conformance[harness.name] = outcomes;
    const place = await harness.setup();
    const backend = await place.open();
    const ledger = await openLedger(backend);
    report.life[harness.name] = await life(ledger);
    report.environment = (await ledger.searchRuns({ limit: 1 })).runs[0]?.environment;
    await backend.close?.();
    await place.teardown();
  }
  return report;
}
