import { openLedger } from "runledger/node";

const ledger = await openLedger("./runs"); // or "s3://bucket/prefix", or any backend
for (const lr of [0.1, 0.01]) {
  await ledger.withRun({ experiment: "quickstart", name: `lr ${lr}`, params: { lr } }, (run) => {
    for (let step = 0; step < 100; step++) run.log({ loss: Math.exp(-lr * step) });
  });
}
const { runs } = await ledger.searchRuns({ experiment: "quickstart", orderBy: "metrics.loss" });
for (const { name, status, metrics } of runs) console.log(name, status, metrics.loss?.last.value.toFixed(4));
