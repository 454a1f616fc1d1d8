// Writes the ledger that first-call.mjs reads, and prints the id of its run of 100,000 points. JavaScript, so that old builds can be
// measured too. Arguments: URL of the built package, an empty directory, the number of points.
const [dist, directory, points] = process.argv.slice(2);
const { openLedger } = await import(new URL("index.js", dist).href);
const { fsBackend } = await import(new URL("backends/fs/index.js", dist).href);
const ledger = await openLedger(fsBackend(directory));

const long = await ledger.startRun({ experiment: "long", params: { lr: 0.1 } });
for (let step = 0; step < Number(points); step++) {
  long.log({ loss: Math.sin(step / 100) }, { step });
  if (step % 10_000 === 9999) await long.flush();
}
await long.finish();

// A search makes a segment of 8 loose runs, and leaves 7.
for (const [experiment, loose] of [
  ["tidy", 0],
  ["loose", 7],
]) {
  for (let i = 0; i < 24; i++) await addRun(experiment, i);
  await ledger.searchRuns({ experiment });
  for (let i = 0; i < loose; i++) await addRun(experiment, i);
}
process.stdout.write(JSON.stringify(long.id));

async function addRun(experiment, i) {
  const run = await ledger.startRun({ experiment, params: { lr: i / 100 } });
  for (let step = 0; step < 5; step++) run.log({ loss: 1 / (step + 2), acc: step / 5 });
  await run.finish();
}
