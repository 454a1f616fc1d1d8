// Run as a process of its own by large-run.test.ts: `child.mjs <directory> <scale>`. Prints what it took, as one JSON line.
import { fsBackend } from "../../../src/backends/fs/index.ts";
import { openLedger } from "../../../src/index.ts";

const [directory, scale] = [process.argv[2] as string, Number(process.argv[3])];
const counts = { keys: 100_000 * scale, tags: 1_000_000 * scale, texts: 200_000 * scale, notes: 100 * scale };
const backend = fsBackend(directory);
const ledger = await openLedger(backend);
const run = await ledger.startRun({ name: "large" });
/** So that the buffer never fills: what it does then is not what is measured here. */
const each = async (count: number, log: (i: number) => void): Promise<void> => {
  for (let i = 0; i < count; i++) {
    log(i);
    if (i % 5000 === 4999) await run.flush();
  }
};
await each(counts.keys, (i) => run.log({ [`layer${i}/norm`]: i }, { step: i }));
await each(counts.tags, (i) => run.setTags({ progress: `step ${i}` }));
await each(counts.texts, (i) => void run.logText("sample", `hello ${i}`, { step: i }));
await each(counts.notes, (i) => {
  run.setNote(String(i % 10).repeat(1024 * 1024));
  if (i % 10 === 9) void run.flush();
});
await run.flush();
const begun = performance.now();
await run.finish();
const finishMs = performance.now() - begun;
const rssBytes = process.resourceUsage().maxRSS * 1024;

const read: string[] = [];
const getRunMs: number[] = [];
for (let i = 0; i < 5; i++) {
  const place = fsBackend(directory);
  const plainRead = place.read.bind(place);
  place.read = async (key, options) => {
    read.push(key);
    return await plainRead(key, options);
  };
  const reader = await openLedger(place);
  const start = performance.now();
  await reader.getRun(run.id);
  getRunMs.push(performance.now() - start);
}
const record = await ledger.getRun(run.id);
const media = await ledger.media(run.id);
const tagEvents = { progress: record.tags["progress"], note: record.note?.length };
const found = {
  id: run.id,
  counts,
  finishMs,
  rssBytes,
  getRunMs: Math.min(...getRunMs),
  read,
  status: record.status,
  damage: record.damage,
  metrics: Object.keys(record.metrics).length,
  texts: record.media?.["sample"]?.count,
  media: media.length,
  lastText: media.at(-1)?.inline,
  ...tagEvents,
};
process.stdout.write(`${JSON.stringify(found)}\n`);
