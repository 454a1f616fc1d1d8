// JavaScript, so that no loader is part of what is measured. Arguments: URL of the built package, an empty directory for
// the ledger, "capture" or "none".
import { chdir } from "node:process";
import { fileURLToPath } from "node:url";

const [, , dist, directory, kind] = process.argv;
chdir(fileURLToPath(new URL(".", import.meta.url)));

const begin = performance.now();
const { openLedger } = await import(new URL("node/index.js", dist).href);
const imported = performance.now();
const ledger = await openLedger(directory, kind === "capture" ? {} : { capture: false });
const run = await ledger.startRun({ experiment: "startup", params: { lr: 0.1 } });
const started = performance.now();
run.log({ loss: 1 });
const logged = performance.now();
await run.finish();
const finished = performance.now();
const { code, environment } = await ledger.getRun(run.id);
if ((kind === "capture") !== (code?.commit !== undefined && environment.lockfile !== undefined))
  throw new Error(`the code is ${JSON.stringify(code)}, the environment ${JSON.stringify(environment)}`);

process.stdout.write(
  JSON.stringify({
    import: imported - begin,
    start: started - imported,
    log: logged - started,
    finish: finished - logged,
  }),
);
