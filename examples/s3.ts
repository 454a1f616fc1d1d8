/**
 * The quickstart with a bucket instead of a directory. Keys, region and endpoint come from the usual variables:
 *
 *   export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… AWS_REGION=…
 *   export AWS_ENDPOINT_URL_S3=…        only for stores other than AWS, such as http://localhost:9000
 *   RUNLEDGER_BUCKET=my-bucket npx tsx --conditions=runledger-source examples/s3.ts
 */
import { LedgerError, openLedger } from "runledger";
import { s3Backend } from "runledger/backends/s3";

const bucket = process.env["RUNLEDGER_BUCKET"];
if (bucket === undefined) throw new Error("set RUNLEDGER_BUCKET to the name of a bucket of yours");

try {
  const ledger = await openLedger(s3Backend({ bucket, prefix: "runledger-example" }));
  const id = await ledger.withRun({ experiment: "quickstart", params: { learningRate: 0.1 } }, async (run) => {
    for (let step = 0; step < 100; step++) run.log({ loss: Math.exp(-0.1 * step) }, { step });
    await run.flush(); // the bucket has these points now
    await run.logArtifact("model", new Uint8Array([1, 2, 3]), { type: "model" });
    return run.id;
  });
  const { status, metrics } = await ledger.getRun(id);
  console.log(status, metrics["loss"]?.last);
} catch (error) {
  // A wrong key, a missing bucket, a proxy that answers HTML: each has a code, and a section in docs/errors.md.
  if (!LedgerError.is(error)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
