// A guarded process with a session of a run that others may also write.
import { openLedger } from "runledger/node";

const [directory = "", id = "", ending = ""] = process.argv.slice(2);
const ledger = await openLedger(directory, { capture: false });
const flush = { intervalMs: 1e9 };
const run = id === "" ? await ledger.startRun({ flush }) : await ledger.resumeRun(id, { flush });
await run.flush();
run.log({ a: 1 });
console.log(run.id);
await new Promise((resolve) => process.stdin.once("data", resolve));
process.stdin.destroy();
if (ending === "throw") throw new RangeError("boom");
if (ending === "fail") await run.fail(new RangeError("no data"));
if (ending === "code") process.exitCode = 3;
