import { afterAll, beforeAll, expect, test } from "vitest";
import { processLiveness } from "../../../src/backends/fs/liveness.ts";
import { buildChild, makePlace, run, works } from "./place.ts";

const linux = process.platform === "linux";
let child: Awaited<ReturnType<typeof buildChild>>;
beforeAll(async () => {
  child = await buildChild();
});
afterAll(() => child.remove());

test("the token is short, stable, and tells nobody a name", async () => {
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

test.skipIf(!linux)("an id that is in use again is not the process that had it (skipped: Linux only)", async () => {
  const parts = processLiveness.token.split(":");
  expect(await processLiveness.isAlive([...parts.slice(0, 5), Number(parts[5]) - 1].join(":"))).toBe(false);
});

test.skipIf(!linux)(
  "a process that ended and was not yet waited for counts as ended (skipped: Linux only)",
  async () => {
    // The shell replaces itself by `sleep`, which never waits for the child it has inherited.
    const script = `"${process.execPath}" "${child.script}" stay /tmp < /dev/null & exec sleep 30`;
    const other = run(["sh", "-c", script]);
    let token = "";
    other.process.stdout?.on("data", (data: Buffer) => (token += data.toString().trim()));
    await other.ready;
    const pid = token.split(":")[4];
    const { readFile } = await import("node:fs/promises");
    const state = async (): Promise<string> => (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.[0] ?? "";
    process.kill(Number(pid), "SIGKILL");
    while ((await state()) !== "Z") await new Promise((resolve) => setImmediate(resolve));
    expect(await processLiveness.isAlive(token)).toBe(false);
    other.process.kill("SIGKILL");
    await other.ended;
  },
);

test.skipIf(!linux)("other machines, starts and containers (skipped: Linux only)", async () => {
  const [kind, machine, boot, namespace, pid, start] = processLiveness.token.split(":") as string[];
  const token = (...parts: (string | undefined)[]): string => parts.join(":");
  expect(
    await processLiveness.isAlive(token(kind, "0".repeat(16), "0".repeat(16), namespace, pid, start)),
  ).toBeUndefined();
  expect(await processLiveness.isAlive(token(kind, machine, boot, "1", pid, start))).toBeUndefined();
  expect(await processLiveness.isAlive(token(kind, machine, "0".repeat(16), "1", pid, start))).toBeUndefined();
  expect(await processLiveness.isAlive(token(kind, "", "0".repeat(16), namespace, pid, start))).toBeUndefined();
  const rebooted = await processLiveness.isAlive(token(kind, machine, "0".repeat(16), "4026531836", pid, start));
  expect(rebooted).toBe(namespace === "4026531836" && machine !== "" ? false : undefined);
});

test("anything else cannot be told, and nothing rejects", async () => {
  const parts = processLiveness.token.split(":");
  const strange = [
    "",
    "x",
    ":::::",
    "linux:a:b:c:d:e",
    [...parts.slice(0, 4), "-1", "5"].join(":"),
    [...parts.slice(0, 4), "0", "5"].join(":"),
  ];
  for (const token of [...strange, "x".repeat(100_000), 7, null, undefined, {}]) {
    expect(await processLiveness.isAlive(token as string)).toBeUndefined();
  }
});

test.skipIf(!works("unshare", "-Urpf", "true"))(
  "a process in another namespace cannot be told (skipped: no user namespaces)",
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
