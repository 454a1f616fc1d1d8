import { openLedger } from "runledger";
import { type ConformanceHarness, conformanceCases, runCase } from "runledger/conformance";
import { life } from "./life.ts";
import type { CaseOutcome, Report } from "./report.ts";

/** Tries, on each backend, every case of the contract, and runs with all that a run may have. */
export async function work(harnesses: readonly ConformanceHarness[]): Promise<Report> {
  const report: Report = { environment: undefined, conformance: {}, life: {} };
  for (const harness of harnesses) {
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
