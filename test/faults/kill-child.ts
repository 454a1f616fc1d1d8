// Run as a process of its own by kill-storm.test.ts: `child.mjs <directory> <seed>`. Logs until it is killed, and prints what has been
// acknowledged: `run <id>`, then `ack <rows>` after each flush and `artifact <name:version>`.
import { fsBackend } from "../../src/backends/fs/index.ts";
import { openLedger } from "../../src/index.ts";
import { seededRandom } from "../seeded-random.ts";
import { rowOf } from "./kill-rows.ts";

const [directory, seed] = process.argv.slice(2) as [string, string];
const random = seededRandom(Number(seed));
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const ledger = await openLedger(fsBackend(directory));
// A short interval, so that writes in the background are cut short too.
const run = await ledger.startRun({ name: seed, params: { seed }, flush: { intervalMs: 3 } });
say(`run ${run.id}`);
let rows = 0;
for (let round = 1; ; round++) {
  const count = 1 + Math.floor(random() ** 3 * 3000);
  for (let i = 0; i < count; i++) {
    const { metrics, step, time } = rowOf(rows++);
    run.log(metrics, { step, time });
  }
  if (random() < 0.3) await new Promise((resolve) => setTimeout(resolve, random() * 8));
  if (round % 5 === 0) {
    const { name, version } = await run.logArtifact(`weights-${seed}`, { text: `weights of ${seed} after ${round}` });
    say(`artifact ${name}:${version} ${round}`);
  } else await run.flush();
  say(`ack ${rows}`);
}
