// Run as a process of its own: `child.mjs <place> <run> <from> <count>` joins a run and logs the values from..from+count-1.
// With AWS_ENDPOINT_URL_S3 set, <place> is a bucket; otherwise it is a directory.
import { writeSync } from "node:fs";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { s3Backend } from "../../src/backends/s3/index.ts";
import { openLedger } from "../../src/index.ts";
import { conditionalWrites } from "./conditional-writes.ts";

const [place = "", runId = "", from = "0", count = "0"] = process.argv.slice(2);
const backend = process.env["AWS_ENDPOINT_URL_S3"]
  ? s3Backend({ bucket: place, forcePathStyle: true, conditionalWrites: conditionalWrites() })
  : fsBackend(place);
const ledger = await openLedger(backend);
const run = await ledger.resumeRun(runId);
const end = Number(from) + Number(count);
for (let n = Number(from); n < end; n++) {
  run.log({ value: n }, { step: n });
  // A turn now and then, so that writes of all processes interleave.
  if (n % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
}
await run.finish();
writeSync(1, `done ${run.stats.acknowledged}\n`);
