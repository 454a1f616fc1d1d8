// Run as a process of its own: `child.mjs part <directory> <run> <from> <count>`
// joins a run and logs values from..from+count-1; `child.mjs full <directory>` fills the disk under it and makes room again. With AWS_ENDPOINT_URL_S3 set, <directory> is a bucket.
import { writeSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { s3Backend } from "../../src/backends/s3/index.ts";
import { conditionalWrites } from "./conditional-writes.ts";
import { type LedgerError, openLedger } from "../../src/index.ts";

const [command, place = "", runId = "", from = "0", count = "0"] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);
const backend = process.env["AWS_ENDPOINT_URL_S3"]
  ? s3Backend({ bucket: place, forcePathStyle: true, conditionalWrites: conditionalWrites() })
  : fsBackend(place);
const ledger = await openLedger(backend);

if (command === "full") {
  const run = await ledger.startRun({ environment: false, flush: { intervalMs: 1e9 } });
  for (let n = 0; n < 100; n++) run.log({ value: n / 3 });
  await run.flush();
  const ballast = `${place}/ballast`;
  await writeFile(ballast, new Uint8Array(1 << 20)).catch(() => {});
  for (let n = 100; n < 5000; n++) run.log({ value: n / 3 });
  const code = await run.flush().then(
    () => "no error",
    (error: unknown) => (error as LedgerError).code,
  );
  const kept = await ledger.history(run.id, "value");
  const acknowledgedKept = kept.values.length >= 100 && kept.values.every((value, i) => value === i / 3);
  await rm(ballast);
  await run.finish();
  const { values } = await ledger.history(run.id, "value");
  const { status } = await ledger.getRun(run.id);
  const complete = values.length === 5000 && values.every((value, i) => value === i / 3);
  say(
    JSON.stringify({
      code,
      status,
      complete,
      acknowledgedKept,
      dropped: run.stats.dropped,
      lastError: run.stats.lastError?.code,
    }),
  );
} else {
  const run = await ledger.resumeRun(runId);
  const end = Number(from) + Number(count);
  for (let n = Number(from); n < end; n++) {
    run.log({ value: n }, { step: n });
    // A turn now and then, so that writes of all processes interleave.
    if (n % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await run.finish();
  say(`done ${run.stats.acknowledged}`);
}
