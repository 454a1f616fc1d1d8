// Answers one search, in a process that has loaded nothing before.
const [dist, directory, query] = process.argv.slice(2);
const start = performance.now();
const [{ openLedger }, { fsBackend }] = await Promise.all([
  import(`${dist}index.js`),
  import(`${dist}backends/fs/index.js`),
]);
const imported = performance.now();
const ledger = await openLedger(fsBackend(directory));
const { runs } = await ledger.searchRuns(JSON.parse(query));
const end = performance.now();
if (runs.length !== 20) throw new Error("wrong answer");
process.stdout.write(JSON.stringify({ import: imported - start, search: end - imported }));
