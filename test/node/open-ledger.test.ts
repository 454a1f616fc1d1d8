import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { openLedger, type RunRecord } from "../../src/index.ts";
import { openLedger as openNodeLedger } from "../../src/node/index.ts";
import { bundle } from "../processes/bundle.ts";
import { sampled } from "../rounds.ts";

let child: Awaited<ReturnType<typeof bundle>>;
/** The files of the child that were removed, because they hold code of the S3 backend. */
const removed: string[] = [];
beforeAll(async () => {
  child = await bundle(new URL("captured-child.ts", import.meta.url), { splitting: true });
  for (const name of await readdir(child.directory)) {
    if (!(await readFile(join(child.directory, name), "utf8")).includes("UNSIGNED-PAYLOAD")) continue;
    await rm(join(child.directory, name));
    removed.push(name);
  }
});
afterAll(() => child.remove());

interface Ended {
  readonly runs: { readonly [name: string]: RunRecord };
  readonly code: number | null;
  readonly signal: string | null;
  readonly said: readonly unknown[];
  readonly stderr: string;
  /** What it wrote beside its store. */
  readonly report: unknown;
  /** The bytes of the whole store, inflated where they are compressed. */
  readonly stored: Buffer;
}

interface Options {
  readonly signal?: NodeJS.Signals;
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly files?: { readonly [name: string]: string };
}

async function end(ending: string, { signal, args = [], env = {}, files = {} }: Options = {}): Promise<Ended> {
  const directory = await mkdtemp(join(tmpdir(), "runledger-captured-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(directory, name, ".."), { recursive: true });
      await writeFile(join(directory, name), text);
    }
    const store = join(directory, "runs");
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    const started = spawn(process.execPath, [child.script, store, ending, ...args], {
      cwd: directory,
      env: { ...inherited, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 45_000,
      killSignal: "SIGKILL",
    });
    let [stdout, stderr] = ["", ""];
    for (const stream of [started.stdout, started.stderr]) stream.setEncoding("utf8");
    started.stdout.on("data", (data) => {
      if (stdout === "" && signal) started.kill(signal);
      stdout += String(data);
    });
    started.stderr.on("data", (data) => (stderr += String(data)));
    const [code, endedBy] = (await once(started, "close")) as [number | null, string | null];
    const ledger = await openLedger(fsBackend(store));
    const runs: { [name: string]: RunRecord } = {};
    for await (const run of ledger.iterateRuns()) runs[run.name] = await ledger.getRun(run.id);
    const report = await readFile(`${store}.report`, "utf8").then(JSON.parse, () => undefined);
    const said =
      report === undefined ? stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)])) : [stdout];
    return { runs, code, signal: endedBy, said, stderr, report, stored: await everyByte(store) };
  } finally {
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  }
}

async function everyByte(directory: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (!entry.isFile()) continue;
    const bytes = await readFile(join(entry.parentPath, entry.name));
    parts.push(bytes);
    for (
      let at = bytes.indexOf("\x1f\x8b\x08", 0, "latin1");
      at !== -1;
      at = bytes.indexOf("\x1f\x8b\x08", at + 1, "latin1")
    )
      try {
        parts.push(gunzipSync(bytes.subarray(at)));
      } catch {
        // Not the beginning of a gzip member.
      }
  }
  return Buffer.concat(parts);
}

test("programs with a directory load no code of the S3 backend: all others here run without it", () => {
  expect(removed).not.toEqual([]);
  expect(removed).not.toContain("child.mjs");
});

const GUARDED = [
  ["natural", undefined, "finished", 0, null],
  ["signal", "SIGTERM", "killed", null, "SIGTERM"],
  ["throw", undefined, "failed", 1, null],
  ["code", undefined, "failed", 3, null],
] as const;
test.each(sampled(GUARDED, 2))(
  "runs that are started or resumed are guarded: %s",
  async (ending, kill, status, code, signal) => {
    const ended = await end(ending, kill && { signal: kill });
    expect(ended).toMatchObject({ code, signal, said: ["ready"] });
    expect(ended.runs).toMatchObject({
      first: { status, metrics: { a: { count: 1 } } },
      second: { status, metrics: { a: { count: 1 } } },
    });
    if (ending === "throw") expect(ended.runs["first"]!.error).toMatchObject({ name: "RangeError", message: "boom" });
  },
);

const LISTENING = [
  ["stops", "finished", "finished", 0],
  ["stops-once", "finished", "finished", 0],
  ["leaves", "killed", "finished", 0],
  ["leaves-with-code", "killed", "failed", 3],
] as const;
test.each(sampled(LISTENING, 2))(
  "a program that listens to a signal itself decides how its runs end: %s",
  async (ending, status, late, code) => {
    const ended = await end(ending, { signal: "SIGINT" });
    expect(ended).toMatchObject({ code, signal: null, said: ["ready", "running"], stderr: "" });
    expect(ended.runs).toMatchObject({
      first: { status, metrics: { a: { count: 2 } }, artifacts: [{ name: "checkpoint" }] },
      // Open at the signal, and at the natural end.
      second: { status: "killed" },
      // Started after it.
      late: { status: late, metrics: { a: { count: 1 } } },
    });
  },
);

test("guardProcess closes its run at a signal that the program listens to, and leaves the others", async () => {
  const ended = await end("explicit", { signal: "SIGINT" });
  expect(ended).toMatchObject({ code: 0, said: ["ready", "running"] });
  expect(ended.runs).toMatchObject({
    first: { status: "killed", metrics: { a: { count: 1 } } },
    second: { status: "killed" },
    late: { status: "finished", metrics: { a: { count: 1 } } },
  });
});

test("with guard: false nothing listens to the process, and a run that nobody finishes is interrupted", async () => {
  const ended = await end("unguarded");
  expect(ended).toMatchObject({ code: 0, said: [[0, 0, 0, 0]] });
  expect(ended.runs).toMatchObject({ first: { status: "interrupted", metrics: { a: { count: 1 } } } });
});

test("process.exit() of a program whose runs are guarded does not advise to guard them", async () => {
  const { stderr, runs } = await end("exit");
  expect(stderr).toMatch(
    /^runledger: the process ended before it stored 1 point of run \S+\. Await run\.finish\(\) or run\.flush\(\) before process\.exit\(\)\n$/,
  );
  expect(runs["first"]!.status).toBe("interrupted");
});

test("1,000 open runs add one listener to each event", async () => {
  const { said, stderr } = await end("many");
  expect(said).toEqual([[1, 1, 1]]);
  expect(stderr).toBe("");
});

test("runs record their environment, unless they say otherwise", async () => {
  const secret = `gh${"p"}_${"aB3xY9kQ".repeat(5).slice(0, 36)}`;
  const { runs, stored, stderr } = await end("environment", {
    args: ["--lr", "0.1", "--api-key", "hunter2hunter2", secret, `--url=https://u:hunter2@h/x`],
    env: { CI: `1 ${secret}`, NODE_ENV: "", TZ: "UTC", SHOWN: "yes", API_KEY: "hunter2hunter2", HIDDEN: "hunter2" },
    files: {
      "package.json": JSON.stringify({ packageManager: "pnpm@9.1.0+sha512.0", dependencies: { a: "^1.0.0", b: "*" } }),
      "pnpm-lock.yaml": "lockfileVersion: 9\n",
      "node_modules/a/package.json": JSON.stringify({ version: "1.2.3" }),
    },
  });
  expect(stderr).toBe("");
  expect(runs["all"]!.environment).toEqual({
    runtime: { name: "node", version: process.versions.node },
    os: expect.any(Object),
    cpu: expect.any(String),
    cores: expect.any(Number),
    memory: expect.any(Number),
    ...("container" in runs["all"]!.environment! && { container: expect.any(Object) }),
    packageManager: { name: "pnpm", version: "9.1.0" },
    lockfile: { path: "pnpm-lock.yaml", digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) },
    dependencies: { a: "1.2.3" },
    locale: expect.any(String),
    timeZone: "UTC",
    command: [
      "node",
      expect.stringMatching(/child\.mjs$/),
      expect.stringMatching(/runs$/),
      "environment",
      "--lr",
      "0.1",
      "--api-key",
      "[redacted]",
      "[redacted]",
      "--url=https://[redacted]@h/x",
    ],
    variables: { CI: "1 [redacted]", NODE_ENV: "", TZ: "UTC", SHOWN: "yes", API_KEY: "[redacted]" },
    otherVariables: expect.any(Number),
    incomplete: ["dependencies: 1 of 2 were not found in node_modules"],
    redacted: [
      { kind: "argument", place: "command[7]" },
      { kind: "argument", place: "command[8]" },
      { kind: "argument", place: "command[9]" },
      { kind: "variable", place: "variables.CI" },
      { kind: "variable", place: "variables.API_KEY" },
    ],
  });
  expect(runs["none"]).not.toHaveProperty("environment");
  expect(runs["own"]!.environment).toEqual({ mine: 1 });
  expect(runs["loads TensorFlow.js later"]!.environment).toMatchObject({
    tfjs: { backend: "wasm", flags: { IS_NODE: true } },
  });
  for (const text of ["hunter2", secret]) expect(stored.includes(text)).toBe(false);
  expect(stored.includes("1.2.3")).toBe(true);
});

test("open runs keep what the process prints, and everything is as before when none is open", async () => {
  const { report, said, stderr, stored, runs, code } = await end("console");
  expect(code, stderr).toBe(0);
  const line = (text: string, stream: "stdout" | "stderr" = "stdout"): object => ({
    time: expect.any(Number),
    stream,
    text,
  });
  const [tail, isCalledBack, isRestored, hasOwn, isConsoleRestored, all, ofSecond, ...rest] = report as unknown[];
  expect(tail).toEqual([line("inner"), line("patched")]);
  expect([isCalledBack, isRestored, hasOwn, isConsoleRestored]).toEqual([true, true, false, true]);
  expect(all).toEqual([
    line("\u001b[31mred\u001b[0m { a: 1 }"),
    line("password=[redacted]", "stderr"),
    line("\u20ac", "stderr"),
    line("z", "stderr"),
    line("no end"),
    line("inner"),
    line("patched"),
    line("while one is open"),
  ]);
  expect(ofSecond).toBe(7);
  const [isKept, isStillKept, once, full, errors] = rest as [boolean, boolean, unknown, { text: string }[], string[]];
  expect([isKept, isStillKept, once, errors]).toEqual([true, true, [line("once")], []]);

  const texts = full.map(({ text }) => text);
  const first = texts.findIndex((text, i) => text !== `line ${i}`);
  expect(first).toBeGreaterThan(10);
  expect(full[first]).toMatchObject({ leftOut: expect.any(Number) });
  const { leftOut } = full[first] as unknown as { leftOut: number };
  expect(texts.slice(first)).toEqual(
    Array.from({ length: 30_000 - first - leftOut }, (_, i) => `line ${first + leftOut + i}`),
  );
  expect(texts.at(-1)).toBe("line 29999");

  expect(said[0]).toContain("before\n\u001b[31mred\u001b[0m { a: 1 }\nno end\ninner\npatched\n");
  expect(stderr).toBe("password=hunter2\n\u20ac\nz\n");
  expect(stored.includes("hunter2")).toBe(false);
  expect(Object.values(runs).every(({ metrics }) => Object.keys(metrics).length === 0)).toBe(true);
});

test("flush stores the lines of the console that were written before it", async () => {
  const capture = { console: true, system: false, code: false, environment: false };
  const backend = memoryBackend();
  const ledger = await openNodeLedger(backend, { capture, guard: false });
  const run = await ledger.startRun();
  process.stdout.write("important\n");
  run.log({ loss: 1 });
  const flushed = run.flush();
  process.stdout.write("later\n");
  await flushed;
  // What another process would read now.
  const stored = await (await openLedger(backend)).console(run.id);
  expect(stored[0]).toMatchObject({ stream: "stdout", text: "important" });
  await run.finish();
  expect((await ledger.console(run.id)).map(({ text }) => text)).toEqual(["important", "later"]);
});
