import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { type Ledger, openLedger, type Run, type RunRecord } from "../../src/index.ts";
import { bundle } from "../processes/bundle.ts";
import { objectsOnly } from "../journal/records.ts";
import { sampled } from "../rounds.ts";

let child: Awaited<ReturnType<typeof bundle>>;
beforeAll(async () => {
  child = await bundle(new URL("unfinished-child.ts", import.meta.url));
});
afterAll(() => child.remove());

interface Left {
  readonly record: RunRecord;
  readonly code: number | null;
  /** Lines on stderr. */
  readonly said: string[];
}

/** `meanwhile`: another writer joins before the program ends. The returned run is finished at the end. */
async function leave(ending: string, meanwhile?: (ledger: Ledger, id: string) => Promise<Run>): Promise<Left> {
  const directory = await mkdtemp(join(tmpdir(), "runledger-unfinished-"));
  let other: Run | undefined;
  try {
    const process_ = spawn(process.execPath, [child.script, directory, ending], { stdio: ["pipe", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    process_.stdout.on("data", (data) => (stdout += String(data)));
    if (meanwhile) {
      await once(process_.stdout, "data");
      other = await meanwhile(await openLedger(fsBackend(directory)), stdout.trim());
      process_.stdin.write("go on");
    }
    process_.stderr.on("data", (data) => (stderr += String(data)));
    const [code] = (await once(process_, "close")) as [number | null];
    const [id = ""] = stdout.split("\n");
    const backend = ending === "objects" ? objectsOnly(fsBackend(directory)) : fsBackend(directory);
    const ledger = await openLedger(backend);
    const record = await ledger.getRun(id);
    expect((await ledger.searchRuns()).runs.find((run) => run.id === id)?.status).toBe(record.status);
    return { record, code, said: stderr.split("\n").filter((line) => line !== "") };
  } finally {
    await other?.finish();
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  }
}

test.each(sampled(["natural", "objects", "worker", "text"], 2))(
  "a program that logs and ends waits until that is stored, and the run reads as interrupted (%s)",
  async (ending) => {
    const { record, code, said } = await leave(ending);
    expect(record).toMatchObject({ status: "interrupted", metrics: { a: { count: 100 } }, damage: [] });
    expect(record.endTime).toBeGreaterThanOrEqual(record.startTime);
    expect(record.media?.["t"]?.count).toBe(ending === "text" ? 1 : undefined);
    expect(code).toBe(0);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(record.id);
    expect(said[0]).toContain("interrupted");
  },
);

test("a process with all sessions of a run is told once to close it", async () => {
  const { record, said } = await leave("joined");
  expect(record).toMatchObject({ status: "interrupted", metrics: { a: { count: 101 } } });
  expect(said).toHaveLength(1);
  expect(said[0]).toContain(record.id);
  expect(said[0]).toContain("Call finish()");
});

test("the end of a guarded process closes a run that it continued alone", async () => {
  const resumed = await leave("resumed-guarded");
  expect(resumed.record).toMatchObject({ status: "finished", metrics: { a: { count: 101 } } });
  expect(resumed.said).toEqual([]);
});

test("a session that began a run is not told to close it while others go on", async () => {
  const { record, said } = await leave("shared", async (ledger, id) => {
    const run = await ledger.resumeRun(id);
    run.log({ b: 1 });
    await run.flush();
    return run;
  });
  expect(said).toHaveLength(1);
  expect(said[0]).toContain(`left run ${record.id}`);
  expect(said[0]).not.toContain("Call finish()");
  expect(record).toMatchObject({ status: "running", metrics: { a: { count: 100 }, b: { count: 1 } } });
});

test("a session that began a run is told to close it if the others have left or finished", async () => {
  const { said } = await leave("shared", async (ledger, id) => {
    const run = await ledger.resumeRun(id);
    run.log({ b: 1 });
    await run.finish();
    return run;
  });
  expect(said).toHaveLength(1);
  expect(said[0]).toContain("Call finish()");
});

test("a session that continued a finished run alone is told to close it", async () => {
  const { record, said } = await leave("resumed");
  expect(record).toMatchObject({ status: "interrupted", metrics: { a: { count: 101 } } });
  expect(said).toHaveLength(1);
  expect(said[0]).toContain("Call finish()");
});

test("runs that end together are reported in one line", async () => {
  const { record, said } = await leave("two");
  expect(record.status).toBe("interrupted");
  expect(said).toHaveLength(1);
  expect(said[0]).toContain("runs ");
});

test("points that cannot be stored do not keep the process alive, and are reported", async () => {
  const { record, code, said } = await leave("broken");
  expect(record).toMatchObject({ status: "interrupted", metrics: {} });
  expect(code).toBe(0);
  expect(said).toHaveLength(1);
  expect(said[0]).toContain("could not store 100 values");
});

test.each([
  ["finishing", "finished"],
  ["guarded", "finished"],
  ["throw", "failed"],
])("a run that somebody closes at the end is closed without a report (%s)", async (ending, status) => {
  const { record, said } = await leave(ending);
  expect(record).toMatchObject({ status, metrics: { a: { count: 100 } } });
  expect(said.filter((line) => line.startsWith("runledger"))).toEqual([]);
});

test("a guarded run whose program waits for something that never comes has failed, as exit code 13 says", async () => {
  const { record, code, said } = await leave("hanging");
  expect(code).toBe(13);
  expect(record).toMatchObject({ status: "failed", metrics: { a: { count: 100 } } });
  expect(said.filter((line) => line.startsWith("runledger"))).toEqual([]);
});

test.each(sampled(["stream-guarded", "stream-artifact", "stream-dataset"], 3))(
  "finish waits for a stream that never ends until the process ends, and the run reads as interrupted (%s)",
  async (ending) => {
    const { record, code, said } = await leave(ending);
    expect(code).toBe(13);
    // finish stores the points before it waits.
    expect(record).toMatchObject({
      status: "interrupted",
      artifacts: [],
      datasets: [],
      metrics: { a: { count: 100 } },
    });
    // Since version 22, Node also names the top-level await.
    const own = said.filter((line) => line.startsWith("runledger"));
    expect(own.at(-1)).toContain(`before it stored other records of run ${record.id}`);
    const notClosed = `run ${record.id} could not be closed in 100 ms`;
    expect(own.slice(0, -1)).toEqual(ending === "stream-guarded" ? [expect.stringContaining(notClosed)] : []);
  },
);

test.each(sampled(["more", "meanwhile"], 2))(
  "what is logged after the process was about to end counts (%s)",
  async (ending) => {
    expect((await leave(ending)).record).toMatchObject({ status: "interrupted", metrics: { a: { count: 101 } } });
  },
);

test("a listener that logs each time the process is about to end does not keep it alive forever", async () => {
  expect((await leave("endless")).record.status).toBe("interrupted");
});
