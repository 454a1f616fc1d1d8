// A program whose ledger is opened by place. It does what its second argument names.
import { Buffer } from "node:buffer";
import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { memoryBackend } from "runledger/backends/memory";
import { guardProcess, openLedger } from "runledger/node";

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
  case "stops":
  case "stops-once":
  case "leaves":
  case "leaves-with-code":
  case "explicit": {
    let isStopped = false;
    const listen = ending === "stops-once" ? "once" : "on";
    process[listen]("SIGINT", () => (isStopped = true));
    const ledger = await openLedger(place, { capture: false });
    const run = await ledger.startRun({ name: "first", flush });
    const other = await ledger.startRun({ name: "second", flush });
    if (ending === "explicit") guardProcess(run);
    run.log({ a: 1 });
    say("ready");
    while (!isStopped || (ending === "explicit" && run.status === "running")) await sleep(1);
    run.log({ a: 1 });
    if (ending !== "explicit") await run.logArtifact("checkpoint", { text: "weights" });
    if (ending.startsWith("leaves")) await run.flush();
    else await run.finish();
    if (ending === "leaves-with-code") process.exitCode = 3;
    const late = await ledger.startRun({ name: "late", flush });
    late.log({ a: 1 });
    say(other.status);
    break;
  }
  case "unguarded": {
    const ledger = await openLedger(place, { capture: false, guard: false });
    const run = await ledger.startRun({ name: "first", flush });
    run.log({ a: 1 });
    say(["SIGINT", "SIGTERM", "SIGHUP", "uncaughtException"].map((event) => process.listenerCount(event)));
    break;
  }
  case "exit": {
    const run = await (await openLedger(place, { capture: false })).startRun({ name: "first", flush });
    run.log({ a: 1 });
    process.exit(0);
    break;
  }
  case "many": {
    const ledger = await openLedger(memoryBackend(), { capture: { environment: false } });
    for (let i = 0; i < 1000; i++) await ledger.startRun();
    say(["SIGTERM", "uncaughtException", "beforeExit"].map((event) => process.listenerCount(event)));
    process.kill(process.pid, "SIGKILL");
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
  case "console": {
    const own = { stdout: process.stdout.write, log: console.log };
    const report: unknown[] = [];
    const errors: string[] = [];
    const ledger = await openLedger(place, {
      onError: ({ message }) => errors.push(message),
      capture: { system: false, environment: false, console: { maxBytes: 2000 } },
    });
    process.stdout.write("before\n");
    const run = await ledger.startRun();
    const second = await ledger.startRun();
    console.log("\u001b[31mred\u001b[0m", { a: 1 });
    console.error("password=hunter2");
    process.stdout.write("no ");
    process.stdout.write("end");
    // A character in two pieces, and another encoding.
    process.stderr.write(Buffer.from([0xe2, 0x82]));
    process.stderr.write(Buffer.from([0xac, 0x0a]));
    process.stderr.write("7a0a", "hex");
    const isCalledBack = await new Promise((resolve) => process.stdout.write("\n", () => resolve(true)));
    // Another program that patches the stream, and writes to it while it is written to.
    const before = process.stdout.write;
    const patched = ((...args: Parameters<typeof own.stdout>) => {
      if (args[0] !== "inner\n") process.stdout.write("inner\n");
      return before.apply(process.stdout, args);
    }) as typeof own.stdout;
    process.stdout.write = patched;
    console.log("patched");
    process.stdout.write = before;
    while ((await ledger.console(run.id)).length < 7) await sleep(10);
    report.push(await ledger.console(run.id, { tail: 2 }), isCalledBack);
    await second.finish();
    console.log("while one is open");
    await run.finish();
    report.push(process.stdout.write === own.stdout, Object.hasOwn(process.stdout, "write"), console.log === own.log);
    console.log("after");
    report.push(await ledger.console(run.id), (await ledger.console(second.id)).length);

    // A patch that stays: it must not be undone, and the next run must hear each line once.
    const third = await ledger.startRun();
    const beneath = process.stdout.write;
    const stays = ((...args: Parameters<typeof own.stdout>) =>
      beneath.apply(process.stdout, args)) as typeof own.stdout;
    process.stdout.write = stays;
    await third.finish();
    report.push(process.stdout.write === stays);
    const fourth = await ledger.startRun();
    console.log("once");
    await fourth.finish();
    report.push(process.stdout.write === stays, await ledger.console(fourth.id));

    const full = await ledger.startRun();
    for (let i = 0; i < 30_000; i++) process.stdout.write(`line ${i}\n`);
    await full.finish();
    report.push(await ledger.console(full.id), errors);
    await writeFile(`${place}.report`, JSON.stringify(report));
    break;
  }
  default:
    throw new Error(`nothing is known of ${ending}`);
}
