import { fsBackend } from "../../src/backends/fs/index.ts";
import { openLedger } from "../../src/index.ts";

/** Logs versions of one name, moves an alias to each of them, and prints their tags. */
const [place, who, each] = process.argv.slice(2) as [string, string, string];
const ledger = await openLedger(fsBackend(place));
const run = await ledger.startRun({ environment: false });
const tags: string[] = [];
for (let i = 0; i < Number(each); i++)
  tags.push((await run.logArtifact("model", { text: `${who} ${i}` }, { aliases: ["best"] })).version);
await run.finish();
console.log(`done ${tags.join(" ")}`);
