// Run as a process of its own: `child.mjs <directory>` begins a run, then logs and flushes until it is shut out. Prints `run <id>`,
// `ack <rows>` after each flush, and in the end `fenced <code of finish> <code of flush> <acknowledged>`. With
// AWS_ENDPOINT_URL_S3 set, <directory> is a bucket.
import { writeSync } from "node:fs";
import { fsBackend } from "../../../src/backends/fs/index.ts";
import { s3Backend } from "../../../src/backends/s3/index.ts";
import { conditionalWrites } from "../conditional-writes.ts";
import { LedgerError, openLedger } from "../../../src/index.ts";

const place = process.argv[2] as string;
const say = (line: string): void => void writeSync(1, `${line}\n`);
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "none",
    (error: unknown) => (LedgerError.is(error) ? error.code : String(error)),
  );

const backend = process.env["AWS_ENDPOINT_URL_S3"]
  ? s3Backend({ bucket: place, forcePathStyle: true, conditionalWrites: conditionalWrites() })
  : fsBackend(place);
// What it hears of is printed at the end.
const ledger = await openLedger(backend, { onError: () => {} });
// Short, so that the background writes too.
const run = await ledger.startRun({ environment: false, flush: { intervalMs: 2 } });
say(`run ${run.id}`);
let rows = 0;
for (;;) {
  for (let i = 0; i < 20; i++) run.log({ value: rows }, { step: rows++ });
  const code = await codeOf(run.flush());
  if (code === "none") say(`ack ${rows}`);
  else if (code === "FENCED") break;
  else throw new Error(code);
}
say(`fenced ${await codeOf(run.finish())} ${await codeOf(run.flush())} ${run.stats.acknowledged}`);
