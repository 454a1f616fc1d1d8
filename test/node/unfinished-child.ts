// A program that logs to a run and ends without finish(), in the way its second argument names.
import { isMainThread, Worker } from "node:worker_threads";
import { type Backend, openLedger } from "runledger";
import { fsBackend } from "runledger/backends/fs";
import { guardProcess, openLedger as openGuarded } from "runledger/node";
import { faultyBackend } from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";

const [directory = "", ending] = process.argv.slice(2);

function open(): Backend {
  const backend = fsBackend(directory);
  if (ending === "objects") return objectsOnly(backend);
  if (ending === "meanwhile") return loggingBackend(backend);
  // Every write after the beginning of the ledger and of the run fails.
  if (ending === "broken") return faultyBackend(backend, { mode: "error-before", only: ["append"], at: 1, times: 1e9 });
  return backend;
}

let logMore = (): void => {};

/** Logs more while the second append is under way, which is that of the end of the session. */
function loggingBackend(inner: Backend): Backend {
  let appends = 0;
  return {
    ...objectsOnly(inner),
    capabilities: { ...inner.capabilities, move: false },
    append: async (...args) => {
      await inner.append!(...args);
      if (++appends === 2) logMore();
    },
  };
}

async function log(): Promise<void> {
  const ledger = await openLedger(open(), ending === "broken" ? { onError: () => {} } : {});
  const run = await ledger.startRun({ flush: { intervalMs: 1e9 } });
  console.log(run.id);
  for (let i = 0; i < 100; i++) run.log({ a: i });
  switch (ending) {
    case "text":
      void run.logText("t", "x".repeat(5000));
      break;
    case "finishing":
      process.on("beforeExit", () => void run.finish());
      break;
    case "guarded":
      guardProcess(run);
      break;
    case "hanging":
      guardProcess(run);
      await new Promise(() => {});
      break;
    case "stream-guarded":
      guardProcess(run, { timeoutMs: 100 });
      void run.logArtifact("a", new ReadableStream());
      await run.finish();
      break;
    case "stream-artifact":
      void run.logArtifact("a", new ReadableStream());
      await run.finish();
      break;
    case "stream-dataset":
      void run.logDataset("d", new ReadableStream());
      await run.finish();
      break;
    case "throw":
      guardProcess(run);
      setImmediate(() => {
        throw new RangeError("boom");
      });
      break;
    case "endless":
      process.on("beforeExit", () => run.log({ a: 1 }));
      break;
    case "more":
      process.once("beforeExit", () => setTimeout(() => run.log({ a: 100 }), 50));
      break;
    case "meanwhile":
      logMore = () => run.log({ a: 100 });
      break;
    case "joined":
      (await ledger.resumeRun(run.id)).log({ a: 1 });
      await run.flush();
      break;
    case "resumed-guarded":
      await run.finish();
      (await (await openGuarded(directory, { capture: false })).resumeRun(run.id)).log({ a: 1 });
      await run.flush();
      break;
    case "shared":
      // Until another process has joined the run.
      await new Promise((resolve) => process.stdin.once("data", resolve));
      process.stdin.destroy();
      break;
    case "resumed":
      await run.finish();
      (await ledger.resumeRun(run.id)).log({ a: 1 });
      break;
    case "two":
      (await ledger.startRun()).log({ a: 1 });
      break;
    default:
  }
}

if (ending === "worker" && isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { argv: [directory, ending] });
  // The process outlives its thread.
  worker.once("exit", () => setTimeout(() => console.log("alive"), 200));
} else await log();
