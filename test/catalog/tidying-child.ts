// Run as a process of its own: searches runs that are in no segment, and then ends, or with `close` waits for the tidying. The runs are
// in memory, or in the directory that the second argument names. Prints each object of the catalogue that is removed, and each
// operation that begins after the answer.
import { writeSync } from "node:fs";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { openLedger } from "../../src/index.ts";
import { intercept } from "../../src/testing/intercept.ts";

const say = (line: string): void => void writeSync(1, `${line}\n`);
const [command, place] = process.argv.slice(2);
const inner = place === undefined ? memoryBackend() : fsBackend(place);
const writer = await openLedger(inner);
for (let i = 0; i < 40; i++) await (await writer.startRun({ environment: false })).finish();
let isAnswered = false;
const ledger = await openLedger(
  intercept(inner, {
    call: async ({ operation }, proceed) => {
      if (operation === "remove") say("removed");
      if (isAnswered) say("began");
      return await proceed();
    },
    list: (_call, proceed) => proceed(),
  }),
);
say(`found ${(await ledger.searchRuns({ limit: 100 })).runs.length}`);
isAnswered = true;
// A program that prints what it found, for example.
for (const end = performance.now() + 10; performance.now() < end;);
if (command === "close") await ledger.close();
