import { openLedger } from "runledger";
import { fsBackend } from "runledger/backends/fs";

const ledger = await openLedger(fsBackend("./runs"));
const run = await ledger.startRun({ experiment: "quickstart", params: { learningRate: 0.1 } });
for (let step = 0; step < 100; step++) {
  run.log({ loss: Math.exp(-0.1 * step) }, { step });
}
await run.logArtifact("model", new Uint8Array([1, 2, 3]), { type: "model" });
await run.finish();

const { status, metrics } = await ledger.getRun(run.id);
console.log(status, metrics["loss"]?.last); // finished { value: 0.0000501…, step: 99, time: … }
