// A program with open runs that ends in the way its second argument names.
import { setTimeout as sleep } from "node:timers/promises";
import { isMainThread, Worker } from "node:worker_threads";
import { openLedger } from "runledger";
import { fsBackend } from "runledger/backends/fs";
import { memoryBackend } from "runledger/backends/memory";
import { guardProcess } from "runledger/node";
import { ProcessGuard } from "../../src/node/process-guard.ts";
import type * as LibraryCopy from "./library-copy.ts";

const [directory = "", ending = "", copy = ""] = process.argv.slice(2);
const EVENTS = ["SIGINT", "SIGTERM", "SIGHUP", "uncaughtException", "beforeExit"];
const listeners = (): number[] => EVENTS.map((event) => process.listenerCount(event));
const say = (value: unknown): void => console.log(JSON.stringify(value));

async function main(): Promise<void> {
  const ledger = await openLedger(ending.startsWith("memory") ? memoryBackend() : fsBackend(directory));
  const start = (name: string) => ledger.startRun({ name, flush: { intervalMs: 1e9 } });
  const stay = setInterval(() => {}, 1000);
  const letGo = (): void => clearInterval(stay);
  switch (ending) {
    // Guarded.
    case "two":
    case "two-throw":
    case "two-reject":
    case "two-copies": {
      const other = ending === "two-copies" ? ((await import(copy)) as typeof LibraryCopy) : undefined;
      const a = await start("a");
      const b = await (other ? (await other.openLedger(fsBackend(directory))).startRun() : a.startChild());
      guardProcess(a);
      (other ?? { guardProcess }).guardProcess(b);
      a.log({ x: 1 });
      b.log({ x: 1 });
      say(listeners());
      if (ending === "two-throw") setImmediate(() => fail("boom"));
      if (ending === "two-reject") setImmediate(async () => fail("boom"));
      break;
    }
    case "sweep": {
      const open = await start("open");
      const before = listeners();
      for (let i = 0; i < 12; i++) {
        const run = await start(`run ${i}`);
        guardProcess(run);
        if (i === 0) say(listeners());
        if (i === 1) await run.fail("x");
        else await run.finish();
      }
      say(listeners());
      const off = guardProcess(open);
      guardProcess(open)();
      say(listeners());
      off();
      say([before, listeners()]);
      await open.finish();
      guardProcess(open);
      say(listeners());
      letGo();
      break;
    }
    case "loop":
    case "loop-kept":
    case "loop-catch": {
      const run = await start("loop");
      guardProcess(run);
      let kept = false;
      if (ending === "loop-kept") process.on("SIGINT", () => (kept = true));
      // Delays the closing until the loop has run for three more steps.
      let late = 0;
      void run
        .logArtifact(
          "slow",
          until(() => late >= 3),
        )
        .catch(() => {});
      try {
        run.log({ x: 1, y: { z: 2 } });
        say("ready");
        for (;;) {
          await sleep(1);
          if (ProcessGuard.get().isEnding) late++;
          run.log({ x: 1, y: { z: 2 } });
          run.setTags({ a: 1 });
          void run.logText("t", "text");
          if (kept && run.status !== "running") break;
        }
      } catch (error) {
        if (ending !== "loop-catch") throw error;
        process.exit(1);
      }
      for (let i = 0; i < 3; i++) run.log({ x: 1 });
      const { points, acknowledged, dropped, buffered } = run.stats;
      say({ points, acknowledged, dropped, buffered });
      letGo();
      break;
    }
    case "late-artifact": {
      const run = await start("artifact");
      guardProcess(run);
      run.log({ x: 1 });
      let isLate = false;
      void run
        .logArtifact(
          "slow",
          until(() => isLate),
        )
        .catch(() => {});
      say("ready");
      while (!ProcessGuard.get().isEnding) await sleep(1);
      setTimeout(() => (isLate = true), 50);
      await run.logArtifact("a", { text: "x" });
      break;
    }
    // Not guarded.
    case "reject-in-with-run":
      await ledger.withRun({ name: "a", flush: { intervalMs: 1e9 } }, async (run) => {
        say(run.id);
        for (let step = 0; step < 1000; step++) run.log({ x: step });
        void Promise.reject(new RangeError("nobody handles this"));
        await sleep(1e9);
      });
      break;
    case "throw":
    case "exit":
    case "exit-one":
    case "exit-tags":
    case "exit-stored":
    case "exit-many":
    case "memory-exit":
    case "memory-natural":
    case "exit-finishing": {
      const runs = ending === "exit-many" ? 5 : 1;
      for (let i = 0; i < runs; i++) {
        const run = await start("a");
        say(run.id);
        const rows = ending === "exit-tags" ? 0 : ending === "exit-one" ? 1 : 1000;
        for (let step = 0; step < rows; step++) run.log({ x: step });
        if (ending === "exit-tags") run.setTags({ a: "b" });
        if (ending === "exit-stored") await run.flush();
        if (ending === "exit-finishing") void run.finish();
      }
      if (ending === "throw") fail("NaN in the loss");
      if (ending !== "memory-natural") process.exit(ending === "exit" ? 3 : 0);
      letGo();
      break;
    }
    default:
      throw new Error(`nothing is known of ${ending}`);
  }
}

async function* until(done: () => boolean): AsyncGenerator<Uint8Array> {
  while (!done()) await sleep(1);
  yield new Uint8Array(1);
}

function fail(message: string): never {
  throw new RangeError(message);
}

const thread = "worker:";
if (isMainThread && ending.startsWith(thread)) {
  const worker = new Worker(new URL(import.meta.url), { argv: [directory, ending.slice(thread.length)] });
  worker.on("error", (error) => say(`worker: ${error.message}`));
  worker.on("exit", (code) => say(`worker: ${code}`));
} else {
  await main();
}
