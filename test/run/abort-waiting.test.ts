import { expect, test } from "vitest";
import { type MemoryBackend, memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, type Ledger, openLedger, type Run } from "../../src/index.ts";

/** A backend whose calls of one method stand still, and ignore signals, from `stop()` until `go()`. */
function standing(method: "stat" | "append" | "create"): {
  inner: MemoryBackend;
  backend: Backend;
  stop: () => void;
  go: () => void;
  waits: () => Promise<void>;
} {
  const inner = memoryBackend();
  let gate: Promise<void> | undefined;
  let open: () => void = () => {};
  let reached: () => void = () => {};
  const wait = new Promise<void>((resolve) => (reached = resolve));
  const pass = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    if (name === method && gate) {
      reached();
      await gate;
    }
    return await work();
  };
  return {
    inner,
    backend: {
      contract: 1,
      name: "standing",
      capabilities: { ...inner.capabilities, move: false },
      append: (key, bytes) => pass("append", () => inner.append!(key, bytes)),
      create: (key, body) => pass("create", () => inner.create(key, body)),
      read: (key, options) => inner.read(key, { ...options, signal: undefined }),
      stat: (key) => pass("stat", () => inner.stat(key)),
      list: (prefix, options) => inner.list(prefix, { ...options, signal: undefined }),
      remove: (key) => inner.remove(key),
    },
    stop: () => void (gate = new Promise((resolve) => (open = resolve))),
    go: () => {
      gate = undefined;
      open();
    },
    waits: () => wait,
  };
}

type Call = (ledger: Ledger, run: Run, signal: AbortSignal) => Promise<unknown>;
const CALLS: readonly [method: "stat" | "append" | "create", what: string, call: Call][] = [
  ["stat", "startRun", (ledger, _, signal) => ledger.startRun({ id: "new", signal })],
  ["create", "startRun", (ledger, _, signal) => ledger.startRun({ id: "new", signal })],
  ["stat", "startChild", (_, run, signal) => run.startChild({ signal })],
  ["stat", "resumeRun", (ledger, _, signal) => ledger.resumeRun("closed", { signal })],
  ["append", "resumeRun", (ledger, _, signal) => ledger.resumeRun("closed", { signal })],
  ["create", "resumeRun", (ledger, _, signal) => ledger.resumeRun("closed", { mode: "exclusive", signal })],
  ["stat", "logArtifact", (_, run, signal) => run.logArtifact("b", { text: "b" }, { signal })],
  ["append", "logArtifact", (_, run, signal) => run.logArtifact("b", { text: "b" }, { signal })],
  ["append", "useArtifact", (_, run, signal) => run.useArtifact("a", { signal })],
];

test.each(CALLS)(
  "while %s of the backend stands still, an abort ends %s at once, and the ledger stays whole",
  async (...args) => {
    const [method, , call] = args;
    const { inner, backend, stop, go, waits } = standing(method);
    const ledger = await openLedger(backend, { onError() {} });
    const closed = await ledger.startRun({ id: "closed", environment: false });
    closed.log({ x: 1 });
    await closed.finish();
    const run = await ledger.startRun({ id: "open", environment: false });
    await run.logArtifact("a", { text: "a" });
    run.log({ x: 1 });
    await run.flush();
    stop();
    const control = new AbortController();
    const reason = new Error("stop");
    const result = call(ledger, run, control.signal).then(
      () => "resolved",
      (error: unknown) => error,
    );
    await waits();
    control.abort(reason);
    const turn = new Promise((resolve) => void setImmediate(() => setImmediate(() => resolve("still waits"))));
    expect(await Promise.race([result, turn])).toBe(reason);
    go();
    run.log({ x: 2 });
    await run.finish();
    const other = await openLedger(inner);
    expect(await other.getRun("open")).toMatchObject({ status: "finished", metrics: { x: { count: 2 } }, damage: [] });
    expect((await other.getRun("closed")).metrics["x"]?.count).toBe(1);
    await (await other.resumeRun("closed")).finish();
    expect(await other.getRun("closed")).toMatchObject({ status: "finished", damage: [] });
  },
);

test("a session whose resumeRun was aborted leaves the run once the backend has stored it", async () => {
  const { inner, backend, stop, go, waits } = standing("append");
  const ledger = await openLedger(backend, { onError() {} });
  const run = await ledger.startRun({ id: "r", environment: false });
  await run.finish();
  stop();
  const control = new AbortController();
  const result = ledger.resumeRun("r", { signal: control.signal });
  result.catch(() => {});
  await waits();
  control.abort(new Error("stop"));
  await expect(result).rejects.toThrow("stop");
  go();
  const other = await openLedger(inner);
  await expect.poll(async () => (await other.getRun("r")).status).not.toBe("running");
});
