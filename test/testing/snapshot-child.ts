// Prints the record of a small run, as a test of a user would compare it.
import { createTestLedger } from "runledger/testing";

const { ledger } = await createTestLedger();
await ledger.withRun({ params: { lr: 0.1 } }, async (run) => {
  for (let step = 0; step < 10; step++) run.log({ loss: 1 / (step + 1) }, { step });
  await run.logArtifact("model", new Uint8Array(10), { type: "model" });
});
console.log(JSON.stringify(await ledger.lastRun()));
