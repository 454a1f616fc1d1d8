import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { type Ledger, openLedger } from "../../src/index.ts";
import { bundle } from "../processes/bundle.ts";
import { type Child, type Ended, startChild } from "../processes/child-process.ts";
import { sampled } from "../rounds.ts";

let program: Awaited<ReturnType<typeof bundle>>;
beforeAll(async () => {
  program = await bundle(new URL("shared-run-child.ts", import.meta.url));
});
afterAll(() => program.remove());

type Ending = "natural" | "throw" | "fail" | "code";

interface Place {
  readonly ledger: Ledger;
  /** Starts a guarded process. Without an id it begins a run. Resolves once its session is stored. */
  start(ending: Ending, id?: string): Promise<{ readonly child: Child; readonly id: string }>;
}

async function place(): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), "runledger-shared-"));
  const children: Child[] = [];
  onTestFinished(async () => {
    for (const child of children) child.kill();
    await Promise.all(children.map(({ ended }) => ended));
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  });
  return {
    ledger: await openLedger(fsBackend(directory)),
    async start(ending, id = "") {
      const child = startChild([process.execPath, program.script, directory, id, ending]);
      children.push(child);
      return { child, id: await child.line("") };
    },
  };
}

async function end(child: Child): Promise<Ended> {
  child.say("end");
  return await child.ended;
}

const ENDINGS: readonly [Ending, number][] = [
  ["natural", 0],
  ["throw", 1],
  ["code", 3],
];
test.each(sampled(ENDINGS, 3))(
  "the process that began a run leaves it open to another one, which closes it: %s",
  async (ending, code) => {
    const { ledger, start } = await place();
    const first = await start(ending);
    const second = await start("natural", first.id);
    const ended = await end(first.child);
    expect(ended.code).toBe(code);
    expect(ended.errors).not.toContain("runledger:");
    expect(await ledger.getRun(first.id)).toMatchObject({ status: "running", metrics: { a: { count: 1 } } });
    expect(await end(second.child)).toEqual({ code: 0, signal: null, errors: "" });
    expect(await ledger.getRun(first.id)).toMatchObject({ status: "finished", metrics: { a: { count: 2 } } });
  },
);

test("a process that joined leaves the run open to the process that began it", async () => {
  const { ledger, start } = await place();
  const first = await start("code");
  const second = await start("natural", first.id);
  expect(await end(second.child)).toEqual({ code: 0, signal: null, errors: "" });
  expect(await ledger.getRun(first.id)).toMatchObject({ status: "running", metrics: { a: { count: 1 } } });
  await end(first.child);
  expect(await ledger.getRun(first.id)).toMatchObject({ status: "failed", metrics: { a: { count: 2 } } });
});

test("a signal to one process leaves the run open, and the same signal to the last one closes it", async () => {
  const { ledger, start } = await place();
  const { child, id } = await start("natural");
  const run = await ledger.resumeRun(id);
  run.log({ b: 1 });
  await run.flush();
  child.signal("SIGTERM");
  expect(await child.ended).toMatchObject({ signal: "SIGTERM", errors: "" });
  expect(await ledger.getRun(id)).toMatchObject({ status: "running", metrics: { a: { count: 1 }, b: { count: 1 } } });
  await run.finish();
  expect(await ledger.getRun(id)).toMatchObject({ status: "finished" });
});

test("of processes that a signal ends at the same time, one closes the run", async () => {
  const { ledger, start } = await place();
  const { child, id } = await start("natural");
  const children = [child, (await start("natural", id)).child, (await start("natural", id)).child];
  for (const each of children) each.signal("SIGINT");
  for (const each of children) expect(await each.ended).toMatchObject({ signal: "SIGINT", errors: "" });
  expect(await ledger.getRun(id)).toMatchObject({ status: "killed", metrics: { a: { count: 3 } } });
});

test("a run that one process closed as failed stays so when the others end", async () => {
  const { ledger, start } = await place();
  const first = await start("natural");
  const second = await start("fail", first.id);
  await end(second.child);
  await end(first.child);
  expect(await ledger.getRun(first.id)).toMatchObject({
    status: "failed",
    error: { name: "RangeError", message: "no data" },
    metrics: { a: { count: 2 } },
  });
});
