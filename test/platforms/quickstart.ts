import { openLedger } from "runledger";
import type { Backend } from "runledger/backend";

/** What the first program of a user comes to. */
export interface Quickstart {
  /** The name of the backend, or the storage that it chose. */
  readonly backend: string;
  readonly status: string;
  readonly points: number;
  readonly last: number | undefined;
  readonly artifact: readonly number[];
  readonly found: readonly string[];
}

/** Tracks a run of 1,000 points with an artifact, closes it, and reads it back through another ledger. */
export async function quickstart(backend: Backend): Promise<Quickstart> {
  const ledger = await openLedger(backend);
  const run = await ledger.startRun({ experiment: "quickstart", name: "first", params: { lr: 0.1 } });
  for (let step = 0; step < 1000; step++) run.log({ loss: 1 / (step + 1) });
  await run.logArtifact("model", Uint8Array.of(1, 2, 3));
  await run.finish();
  const later = await openLedger(backend);
  const { values } = await later.history(run.id, "loss");
  const { runs } = await later.searchRuns({ filter: "params.lr < 1 AND metrics.loss < 0.01" });
  return {
    backend: "storage" in backend ? String(backend.storage) : backend.name,
    status: (await later.getRun(run.id)).status,
    points: values.length,
    last: values.at(-1),
    artifact: [...(await (await later.openArtifact("model:v0")).read())],
    found: runs.map(({ name }) => name),
  };
}
