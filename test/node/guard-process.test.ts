import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { openLedger, type RunRecord } from "../../src/index.ts";
import { bundle } from "../processes/bundle.ts";
import { sampled } from "../rounds.ts";

let child: Awaited<ReturnType<typeof bundle>>;
beforeAll(async () => {
  child = await bundle(new URL("guarded-child.ts", import.meta.url));
});
afterAll(() => child.remove());

async function end(
  ending: string,
  act?: (child: ChildProcess) => void,
): Promise<{ record: RunRecord; code: number | null; signal: string | null; stderr: string }> {
  const directory = await mkdtemp(join(tmpdir(), "runledger-guard-"));
  try {
    const process_ = spawn(process.execPath, [child.script, directory, ending], { stdio: ["ignore", "pipe", "pipe"] });
    let stderr = "";
    process_.stderr.on("data", (data) => (stderr += String(data)));
    const closed = once(process_, "close") as Promise<[number | null, string | null]>;
    const [line] = (await once(process_.stdout, "data")) as [Buffer];
    act?.(process_);
    const [code, signal] = await closed;
    const record = await (await openLedger(fsBackend(directory))).getRun(line.toString().trim());
    return { record, code, signal, stderr };
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  }
}

test.each(sampled(["SIGINT", "SIGTERM", "SIGHUP"] as const, 2))(
  "%s closes the run as killed, with what was buffered, and the process ends by it",
  async (name) => {
    const { record, signal } = await end("wait", (process_) => process_.kill(name));
    expect(record).toMatchObject({ status: "killed", metrics: { a: { count: 1 } } });
    expect(signal).toBe(name);
  },
);

test.each([
  ["throw", "RangeError", "boom"],
  ["reject", "TypeError", "nobody listens"],
])(
  "an uncaught error (%s) closes the run as failed, is shown, and the exit code is 1",
  async (ending, name, message) => {
    const { record, code, stderr } = await end(ending);
    expect(record).toMatchObject({ status: "failed", error: { name, message }, metrics: { a: { count: 1 } } });
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  },
);

test("a normal end finishes the run", async () => {
  const { record, code } = await end("normal");
  expect(record).toMatchObject({ status: "finished", metrics: { a: { count: 1 } } });
  expect(code).toBe(0);
});

test("an end with an exit code is a failure", async () => {
  const { record, code } = await end("code");
  expect(record.status).toBe("failed");
  expect(code).toBe(3);
});
