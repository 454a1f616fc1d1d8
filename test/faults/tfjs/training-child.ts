// Trains, and kills its own process after a batch: DIRECTORY, and the number of the batch, or "none". Prints the weights at the end.
import { openLedger } from "runledger/node";
import { checkpoint, resumeTraining, watch } from "runledger/tfjs";
import { fitArgs, tinyModel, xs, ys } from "../../adapters/tfjs/tiny-model.ts";

const [directory = "", deadly = "none"] = process.argv.slice(2);
const ledger = await openLedger(directory, { capture: false });
const run = await ledger.startRun({ id: "mortal", resume: "allow" });
const model = tinyModel();
const initialEpoch = await resumeTraining(model, run);
console.log(`from ${initialEpoch}`);
watch(model, run, { callbacks: checkpoint(run) });
const onBatchEnd = async (): Promise<void> => {
  if (String(model.optimizer.iterations) === deadly) process.kill(process.pid, "SIGKILL");
};
await model.fit(xs, ys, fitArgs({ epochs: 6, initialEpoch, callbacks: { onBatchEnd } }));
await run.finish();
console.log(`weights ${JSON.stringify(model.getWeights().flatMap((each) => [...each.dataSync()]))}`);
