import { openLedger } from "runledger";
import { httpBackend } from "runledger/backends/http";

/** What a platform finds in a published ledger. */
export interface Published {
  readonly names: readonly string[];
  readonly points: number;
  readonly last: number | undefined;
  readonly artifact: number;
}

/** Reads a ledger from a host of static files. */
export async function readPublished(url: string): Promise<Published> {
  const ledger = await openLedger(httpBackend(url));
  const { runs } = await ledger.searchRuns({ filter: "params.lr > 0.2", orderBy: "params.lr" });
  const { values } = await ledger.history(runs[0]!.id, "loss");
  return {
    names: runs.map(({ name }) => name),
    points: values.length,
    last: values.at(-1),
    artifact: (await (await ledger.openArtifact("model:v0")).read()).length,
  };
}
