// A program that guards its run and ends in the way its second argument names.
import { openLedger } from "runledger";
import { fsBackend } from "runledger/backends/fs";
import { guardProcess } from "runledger/node";

const [directory = "", ending] = process.argv.slice(2);
const ledger = await openLedger(fsBackend(directory));
const run = await ledger.startRun({ flush: { intervalMs: 1e9 } });
guardProcess(run);
run.log({ a: 1 });
console.log(run.id);
switch (ending) {
  case "wait":
    setInterval(() => {}, 1000);
    break;
  case "throw":
    setImmediate(() => {
      throw new RangeError("boom");
    });
    break;
  case "reject":
    void Promise.reject(new TypeError("nobody listens"));
    break;
  case "code":
    process.exitCode = 3;
    break;
  default:
}
