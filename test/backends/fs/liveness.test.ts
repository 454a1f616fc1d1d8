import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, expect, test } from "vitest";
import { processLiveness } from "../../../src/backends/fs/liveness.ts";
import { buildChild, makePlace, run, works } from "./place.ts";

const linux = process.platform === "linux";
let child: Awaited<ReturnType<typeof buildChild>>;
beforeAll(async () => {
  child = await buildChild();
});
afterAll(() => child.remove());

test("the token is short and stable, and contains no names", async () => {
  const { hostname } = await import("node:os");
  const { token } = processLiveness;
  expect(token).toBe(processLiveness.token);
  expect(token.length).toBeLessThanOrEqual(200);
  expect(token.split(":")).not.toContain(hostname());
  expect(await processLiveness.isAlive(token)).toBe(true);
});

test("a process that runs, then one that was killed", async () => {
  const other = run([process.execPath, child.script, "stay", await makePlace()]);
  let token = "";
  other.process.stdout?.on("data", (data: Buffer) => (token += data.toString().trim()));
  await other.ready;
  expect(await processLiveness.isAlive(token)).toBe(linux ? true : undefined);
  other.process.kill("SIGKILL");
  await other.ended;
  expect(await processLiveness.isAlive(token)).toBe(false);
});

/** The parts of this thread's own token. */
function ownParts(): string[] {
  return processLiveness.token.split(":");
}

/** Whether the thread of this token with some parts replaced is alive. */
async function isAlive(replaced: { readonly [part: number]: string }): Promise<boolean | undefined> {
  return await processLiveness.isAlive(Object.assign(ownParts(), replaced).join(":"));
}

const HOST = 1;
const BOOT = 2;
const PROCESSES = 3;
const TIMES = 4;
const PID = 5;
const START = 6;
const THREAD = 7;
const THREAD_START = 8;

test.skipIf(!linux)("a reused id is not the thread that had it before (skipped: Linux only)", async () => {
  expect(await isAlive({ [START]: String(Number(ownParts()[START]) - 1) })).toBe(false);
  expect(await isAlive({ [THREAD_START]: String(Number(ownParts()[THREAD_START]) - 1) })).toBe(false);
});

test.skipIf(!linux)("without the thread, only the end of the process is known (skipped: Linux only)", async () => {
  expect(await isAlive({ [THREAD]: "", [THREAD_START]: "" })).toBeUndefined();
  expect(await isAlive({ [START]: "1", [THREAD]: "", [THREAD_START]: "" })).toBe(false);
});

test.skipIf(!linux)("a worker thread that runs, then one that was terminated (skipped: Linux only)", async () => {
  const worker = new Worker(child.script, { argv: ["stay", await makePlace()], stdin: true, stdout: true });
  let token = "";
  for await (const data of worker.stdout) {
    token = String(data).trim();
    break;
  }
  expect(token.split(":")[PID]).toBe(String(process.pid));
  expect(await processLiveness.isAlive(token)).toBe(true);
  const elsewhere = run([process.execPath, child.script, "alive", await makePlace(), token]);
  expect((await elsewhere.ended).lines).toEqual(["true"]);
  await worker.terminate();
  expect(await processLiveness.isAlive(token)).toBe(false);
});

test.skipIf(!linux)("a zombie process counts as ended (skipped: Linux only)", async () => {
  // The shell replaces itself by `sleep`, which never waits for the child it has inherited.
  const script = `"${process.execPath}" "${child.script}" stay /tmp < /dev/null & exec sleep 30`;
  const other = run(["sh", "-c", script]);
  let token = "";
  other.process.stdout?.on("data", (data: Buffer) => (token += data.toString().trim()));
  await other.ready;
  const pid = token.split(":")[PID];
  const { readFile } = await import("node:fs/promises");
  const state = async (): Promise<string> => (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.[0] ?? "";
  process.kill(Number(pid), "SIGKILL");
  while ((await state()) !== "Z") await new Promise((resolve) => setImmediate(resolve));
  expect(await processLiveness.isAlive(token)).toBe(false);
  other.process.kill("SIGKILL");
  await other.ended;
});

test.skipIf(!linux)("nothing is known of other hosts, starts and namespaces (skipped: Linux only)", async () => {
  // A process that does not exist here may run there. Cloned machines have the same host name.
  const gone = { [START]: "1" };
  expect(await isAlive(gone)).toBe(false);
  for (const part of [HOST, BOOT, PROCESSES, TIMES]) {
    expect(await isAlive({ ...gone, [part]: "0".repeat(16) }), `part ${part}`).toBeUndefined();
    expect(await isAlive({ ...gone, [part]: "" }), `part ${part}`).toBeUndefined();
  }
});

test("all other tokens are unknown, and nothing rejects", async () => {
  const parts = processLiveness.token.split(":");
  const strange = [
    "",
    "x",
    ":::::",
    "linux:a:b:c:d:e:f:g:h",
    [...parts.slice(0, 5), "-1", "5", "", ""].join(":"),
    [...parts.slice(0, 5), "0", "5", "", ""].join(":"),
    [...parts.slice(0, 6), "x", "", ""].join(":"),
    [...parts.slice(0, 7), "x", "5"].join(":"),
    [...parts.slice(0, 8), "x"].join(":"),
  ];
  for (const token of [...strange, "x".repeat(100_000), 7, null, undefined, {}]) {
    expect(await processLiveness.isAlive(token as string)).toBeUndefined();
  }
});

test.skipIf(!works("unshare", "-Urpf", "true"))(
  "a process in another namespace is unknown (skipped: no user namespaces)",
  async () => {
    const other = run(["unshare", "-Urpf", "--mount-proc", process.execPath, child.script, "stay", await makePlace()]);
    let token = "";
    other.process.stdout?.on("data", (data: Buffer) => (token += data.toString().trim()));
    await other.ready;
    expect(token).toMatch(/^linux:/);
    expect(await processLiveness.isAlive(token)).toBeUndefined();
    other.process.stdin?.write("go\n");
    await other.ended;
  },
);

test.skipIf(!works("unshare", "-Urpf", "true"))(
  "a process that sees another namespace's /proc knows nothing of others (skipped: no user namespaces)",
  async () => {
    // Of two processes of one new namespace, one checks the other before and after the other is killed.
    const place = await makePlace();
    const node = `"${process.execPath}" "${child.script}"`;
    const script = `
      sleep 60 | ${node} stay ${place} > ${place}/token & writer=$!
      until [ -s ${place}/token ]; do sleep 0.02; done
      cat ${place}/token
      ${node} alive ${place} "$(cat ${place}/token)"
      kill -9 $writer
      ${node} alive ${place} "$(cat ${place}/token)"`;
    // A namespace ends with its first process.
    const { lines } = await run(["unshare", "-Urpf", "sh", "-c", script]).ended;
    expect(lines[0]).toMatch(/^linux:.*::$/);
    expect(lines.slice(1)).toEqual(["undefined", "undefined"]);
  },
);
