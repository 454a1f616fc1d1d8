/**
 * Trains a small network on 10,000 real handwritten digits, once for each of three learning rates, and tracks all three.
 * Then it answers the questions a ledger is for: which run was best, what was different about it, and can I get it again?
 *
 *   npm run demo
 */
import { resolve } from "node:path";
import { openLedger } from "runledger/node";
import { loadDigits } from "./mnist/digits.ts";
import { startTensorFlow } from "./mnist/model.ts";
import { reload } from "./mnist/reload.ts";
import { printReport } from "./mnist/report.ts";
import { train } from "./mnist/train.ts";

const directory = process.env["RUNLEDGER_DEMO_DIR"] ?? "./runs";
const imageCount = Number(process.env["RUNLEDGER_DEMO_IMAGES"] ?? 10_000);
const epochs = Number(process.env["RUNLEDGER_DEMO_EPOCHS"] ?? 8);
const learningRates = (process.env["RUNLEDGER_DEMO_RATES"] ?? "0.0003,0.003,0.03").split(",").map(Number);

const device = await startTensorFlow();
const seed = 7;
const digits = await loadDigits(imageCount, seed, process.env["RUNLEDGER_DEMO_DIGITS"]);
console.log(`Training on ${digits.train.count} digits, validating on ${digits.validation.count}, with ${device}.\n`);

const ledger = await openLedger(directory);
const ids: string[] = [];
for (const learningRate of learningRates) {
  const settings = { hidden: 64, learningRate, epochs, batchSize: 64, images: imageCount, seed };
  ids.push(await train(ledger, settings, digits, { dataset: `mnist-${imageCount}`, device }));
}

const best = await printReport(ledger, ids, resolve(directory));

// A second handle knows nothing but what is stored.
const accuracy = await reload(await openLedger(directory), best.id, digits.validation);
const expected = best.metrics["val/accuracy"]?.best?.value;
console.log(`\nThe model of ${best.name}, loaded again from the ledger: validation accuracy ${accuracy.toFixed(4)}`);
if (accuracy !== expected) {
  console.error(`That is not the ${expected} that was logged when it was trained.`);
  process.exitCode = 1;
} else console.log("That is the accuracy logged in its best epoch, to the last bit.");

const { learningRate } = (best.params as { optimizer: { learningRate: number } }).optimizer;
const near = [learningRate / 2, learningRate * 2].map((rate) => Number(rate.toPrecision(3))).join(",");
console.log(`
What to run next:
  RUNLEDGER_DEMO_RATES=${near} npm run demo    learning rates near the best
  npx tsx --conditions=runledger-source examples/reproduce.ts ${best.id}    makes the best run again`);
