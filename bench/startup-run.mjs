// JavaScript, so that no loader is part of what is measured. Arguments: URL of the built package, an empty directory.
const [, , dist, directory] = process.argv;

const begin = performance.now();
const [{ openLedger }, { fsBackend }] = await Promise.all([
  import(new URL("index.js", dist).href),
  import(new URL("backends/fs/index.js", dist).href),
]);
const imported = performance.now();
const ledger = await openLedger(fsBackend(directory));
const opened = performance.now();
const run = await ledger.startRun({ experiment: "startup", params: { lr: 0.1 } });
const started = performance.now();
run.log({ loss: 1 });
await run.finish();
const finished = performance.now();

process.stdout.write(
  JSON.stringify({
    import: imported - begin,
    open: opened - imported,
    start: started - opened,
    finish: finished - started,
  }),
);
