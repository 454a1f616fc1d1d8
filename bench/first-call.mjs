// Makes one call in a process that has loaded nothing before, and prints what it took, or, with "files", the files that it loaded.
// JavaScript, so that no loader is part of what is measured. Arguments: URL of the built package, the directory and the id that
// first-call-setup.mjs wrote, the call, "took" or "files".
const [dist, directory, id, call, what] = process.argv.slice(2);
const files = what === "files" ? await watchFiles() : undefined;

const cpu = process.cpuUsage();
const begin = performance.now();
const [{ openLedger }, { fsBackend }] = await Promise.all([
  import(new URL("index.js", dist).href),
  import(new URL("backends/fs/index.js", dist).href),
]);
const ledger = await openLedger(fsBackend(directory));
const calls = {
  getRun: async () => (await ledger.getRun(id)).status === "finished",
  history: async () => (await ledger.history(id, "loss")).values.length > 0,
  search: async () => await finds("tidy"),
  searchLoose: async () => await finds("loose"),
  run: async () => await writesRun((run) => run.log({ loss: 1 })),
  artifact: async () => await writesRun((run) => run.logArtifact("model", new Uint8Array(10_000).fill(1))),
  image: async () =>
    await writesRun((run) => run.logImage("image", { data: new Uint8Array(100), width: 10, height: 10 })),
  table: async () => await writesRun((run) => run.logTable("table", [{ a: 1 }])),
  media: async () => (await ledger.media(id)).length === 0,
  summarise: async () => (await ledger.summarise({ metrics: ["loss"] })).length > 0,
  compareRuns: async () => (await ledger.compareRuns([id])).runs.length === 1,
  async watchRun() {
    for await (const { points } of ledger.watchRun(id)) return points !== undefined;
  },
  async resumeRun() {
    const run = await ledger.resumeRun(id);
    run.log({ loss: 1 });
    await run.finish();
    return true;
  },
  rebuildCatalog: async () => (await ledger.rebuildCatalog()).runs > 0,
  console: async () => (await ledger.console(id)).length === 0,
  recover: async () => (await ledger.recover(id)).interrupted.length === 0,
};
if (!(await calls[call]())) throw new Error(`${call}: wrong answer`);
const passed = performance.now() - begin;
const { user, system } = process.cpuUsage(cpu);
process.stdout.write(JSON.stringify(files ? [...files] : { passed, cpu: (user + system) / 1000 }));

async function finds(experiment) {
  const { runs } = await ledger.searchRuns({ experiment, filter: "metrics.loss < 1", limit: 20 });
  return runs.length === 20;
}

async function writesRun(log) {
  const run = await ledger.startRun({ experiment: "first", params: { lr: 0.1 } });
  await log(run);
  await run.finish();
  return true;
}

/** Returns a set that grows with the URL of each script of the process, however it is loaded. */
async function watchFiles() {
  const { Session } = await import("node:inspector");
  const session = new Session();
  session.connect();
  const found = new Set();
  session.on("Debugger.scriptParsed", ({ params: { url } }) => {
    if (url.startsWith("file:") && url !== import.meta.url) found.add(url);
  });
  session.post("Debugger.enable");
  return found;
}
