import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundle } from "../processes/bundle.ts";

const execute = promisify(execFile);
let child: Awaited<ReturnType<typeof bundle>>;
beforeAll(async () => {
  child = await bundle(new URL("blocked-child.ts", import.meta.url));
});
afterAll(() => child.remove());

async function runFor(how: string, ms: number): Promise<{ stdout: string; told: string[] }> {
  const directory = await mkdtemp(join(tmpdir(), "runledger-blocked-"));
  try {
    const { stdout, stderr } = await execute(process.execPath, [child.script, directory, how, String(ms)]);
    return { stdout: stdout.trim(), told: stderr.split("\n").filter((line) => line !== "") };
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  }
}

test.each(["sync", "microtasks", "past"])(
  "a loop that never yields gets one warning that nothing is stored (%s)",
  async (how) => {
    const { stdout, told } = await runFor(how, 2000);
    expect(stdout).toBe("false EVENT_LOOP_BLOCKED");
    expect(told).toHaveLength(1);
    expect(told[0]).toContain("(EVENT_LOOP_BLOCKED)");
    expect(told[0]).toContain("await run.flush()");
  },
);

test("a loop that flushes regularly gets no warning", async () => {
  expect(await runFor("yields", 2000)).toEqual({ stdout: "true undefined", told: [] });
});
