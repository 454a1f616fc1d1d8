// A program whose ledger is opened by place. It does what its second argument names.
import { setTimeout as sleep } from "node:timers/promises";
import { memoryBackend } from "runledger/backends/memory";
import type { Run } from "runledger";
import { openLedger } from "runledger/node";

const [place = "", ending = ""] = process.argv.slice(2);
const say = (value: unknown): void => console.log(JSON.stringify(value));
const flush = { intervalMs: 1e9 };

switch (ending) {
  case "natural":
  case "signal":
  case "throw":
  case "code": {
    const ledger = await openLedger(place);
    const first = await ledger.startRun({ name: "first", flush });
    first.log({ a: 1 });
    const second = await first.startChild({ name: "second", flush });
    const again = await ledger.resumeRun(second.id, { flush });
    again.log({ a: 1 });
    say("ready");
    if (ending === "signal") await sleep(1e9);
    if (ending === "throw") setImmediate(() => Promise.reject(new RangeError("boom")));
    if (ending === "code") process.exitCode = 3;
    break;
  }
  case "many": {
    const ledger = await openLedger(memoryBackend());
    const runs: Run[] = [];
    for (let i = 0; i < 1000; i++) runs.push(await ledger.startRun());
    process.on("SIGTERM", () => {
      const stay = setInterval(() => {
        if (runs.some(({ status }) => status === "running")) return;
        clearInterval(stay);
        say([...new Set(runs.map(({ status }) => status))]);
      }, 10);
    });
    say(["SIGTERM", "uncaughtException", "beforeExit"].map((event) => process.listenerCount(event)));
    break;
  }
  case "environment": {
    const ledger = await openLedger(place, {
      capture: { system: false, environment: { variables: ["SHOWN", "API_KEY"] } },
    });
    const run = await ledger.startRun({ name: "all" });
    await run.finish();
    await ledger.withRun({ name: "none", environment: false }, () => {});
    await ledger.withRun({ name: "own", environment: { mine: 1 } }, () => {});
    await (await ledger.resumeRun(run.id)).finish();
    await ledger.withRun({ name: "loads TensorFlow.js later" }, () => {
      Object.assign(globalThis, { _tfengine: { backendName: "wasm", ENV: { flags: { IS_NODE: true, f: () => {} } } } });
    });
    say(run.id);
    break;
  }
  default:
    throw new Error(`nothing is known of ${ending}`);
}
