// Run as a process of its own: `child.mjs finish <place> <count>` says `ready`, waits for a line, then starts and finishes runs as fast as it
// can and prints `run <id>` of each; `child.mjs search <place>` searches, and so compacts, until it is killed, and prints `found <count>`
// each time, before it compacts. With AWS_ENDPOINT_URL_S3 set, <place> is a bucket.
import { once } from "node:events";
import { writeSync } from "node:fs";
import { fsBackend } from "../../../src/backends/fs/index.ts";
import { s3Backend } from "../../../src/backends/s3/index.ts";
import { conditionalWrites } from "../conditional-writes.ts";
import { openLedger } from "../../../src/index.ts";

const [command, place = "", count = "0"] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);
const backend = process.env["AWS_ENDPOINT_URL_S3"]
  ? s3Backend({ bucket: place, forcePathStyle: true, conditionalWrites: conditionalWrites() })
  : fsBackend(place);
const ledger = await openLedger(backend, { onError: (error) => say(`error ${error.message}`) });

if (command === "search") {
  for (;;) {
    let found = 0;
    const ids = new Set<string>();
    for await (const { id } of ledger.iterateRuns({ limit: 1000 })) {
      found++;
      ids.add(id);
    }
    say(`found ${found} ${ids.size}`);
    await ledger.close();
  }
}

say("ready");
await once(process.stdin, "data");
for (let i = 0; i < Number(count); i++) {
  const run = await ledger.startRun({ environment: false, params: { i } });
  run.log({ value: i });
  await run.finish();
  say(`run ${run.id}`);
}
process.exit();
