/**
 * Makes a run of the MNIST demo again from its record, and checks that it comes out the same: restores the code into a
 * temporary directory, trains with the recorded params, compares inputs and metrics. The repository is only read.
 *
 *   npm run demo
 *   npx tsx --conditions=runledger-source examples/reproduce.ts [id of a run]
 *
 * Change something, and it says what: `--learning-rate 0.01`, `--digits DIRECTORY` (other digits), `--patch FILE`
 * (a further change of the code). It exits with 1 if the run is not reproduced, or if an input differs.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { checkReproduction, formatReproduction } from "runledger/compare";
import { openLedger } from "runledger/node";
import { printCheck } from "./reproduce/print-check.ts";
import { restoreCode } from "./reproduce/restore-code.ts";
import { retrain } from "./reproduce/retrain.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { "learning-rate": { type: "string" }, digits: { type: "string" }, patch: { type: "string" } },
});

const ledger = await openLedger(process.env["RUNLEDGER_DEMO_DIR"] ?? "./runs");
const { runs } = await ledger.searchRuns({ experiment: "mnist", filter: "status = 'finished'", limit: 1 });
const id = positionals[0] ?? runs[0]?.id;
if (id === undefined) throw new Error("there is no finished run of the demo: npm run demo");
const original = await ledger.getRun(id);
const plan = await ledger.reproduction(id);
console.log(formatReproduction(plan));

const temporary = await mkdtemp(join(tmpdir(), "runledger-reproduce-"));
try {
  const repository = resolve(import.meta.dirname, "..");
  const directory = await restoreCode(ledger, plan, { repository, temporary, patch: values.patch });
  console.log(`\nThe code is in ${directory}. Training:\n`);
  const again = await retrain(plan, {
    directory,
    runs: join(temporary, "runs"),
    learningRate: values["learning-rate"],
    digits: values.digits === undefined ? undefined : resolve(values.digits),
  });
  const check = checkReproduction(original, again, { tolerances: { "**": 1e-6 } });
  if (!printCheck(check)) process.exitCode = 1;
} finally {
  await rm(temporary, { recursive: true, force: true });
}
