// Run as a process of its own: searches runs that are in no segment, and then ends, or with `close` waits for the tidying. Prints each
// object of the catalogue that is removed.
import { writeSync } from "node:fs";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { openLedger } from "../../src/index.ts";
import { intercept } from "../../src/testing/intercept.ts";

const say = (line: string): void => void writeSync(1, `${line}\n`);
const inner = memoryBackend();
const writer = await openLedger(inner);
for (let i = 0; i < 40; i++) await (await writer.startRun({ environment: false })).finish();
const ledger = await openLedger(
  intercept(inner, {
    call: async ({ operation }, proceed) => {
      if (operation === "remove") say("removed");
      return await proceed();
    },
    list: (_call, proceed) => proceed(),
  }),
);
say(`found ${(await ledger.searchRuns({ limit: 100 })).runs.length}`);
if (process.argv[2] === "close") await ledger.close();
