import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmod, link, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "tsup";
import { onTestFinished } from "vitest";
import type { Entry } from "../../../src/backend/backend.ts";
import { FsHandle, type FsHandleOptions } from "../../../src/backends/fs/handle.ts";

/** A new directory, removed after the test. */
export async function makePlace(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "runledger-fs-"));
  onTestFinished(async () => {
    await rm(directory, { recursive: true, force: true, maxRetries: 10 });
  });
  return directory;
}

/** A handle, closed after the test. */
export function open(directory: string, options: Partial<FsHandleOptions> = {}): FsHandle {
  const handle = new FsHandle(directory, { disk: false, link, ...options });
  onTestFinished(() => handle.close());
  return handle;
}

/** Fails like a file system without hard links. */
export const refuseLink = async (): Promise<never> => {
  throw Object.assign(new Error("EPERM: operation not permitted, link"), { code: "EPERM" });
};

/** Every file and link under a directory, temporary ones included. */
export async function everyFile(directory: string): Promise<string[]> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true });
  return found
    .filter((one) => !one.isDirectory())
    .map((one) => join(one.parentPath, one.name).slice(directory.length + 1))
    .toSorted();
}

export async function collect(entries: AsyncIterable<Entry>): Promise<Entry[]> {
  const all: Entry[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

export async function keys(entries: AsyncIterable<Entry>): Promise<string[]> {
  return (await collect(entries)).map((entry) => entry.key);
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Bytes that differ from place to place. */
export function pattern(size: number, seed = 1): Uint8Array {
  const out = new Uint8Array(size);
  let state = seed >>> 0;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out[i] = state >>> 24;
  }
  return out;
}

/** `child.ts`, or another program of this folder, as one plain script that any user can run. */
export async function buildChild(program = "child"): Promise<{ script: string; remove(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "runledger-child-"));
  await chmod(directory, 0o755);
  await build({
    entry: { child: join(import.meta.dirname, `${program}.ts`) },
    outDir: directory,
    format: "esm",
    target: "es2022",
    outExtension: () => ({ js: ".mjs" }),
    splitting: false,
    noExternal: [/^@noble\//, /^(?:fflate|nanoid|zod)(?:\/|$)/],
    dts: false,
    silent: true,
    config: false,
  });
  return {
    script: join(directory, "child.mjs"),
    remove: () => rm(directory, { recursive: true, force: true, maxRetries: 10 }),
  };
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly lines: string[];
  readonly errors: string;
}

/** Runs a program to its end. Calls `go`, if given, with the process after its first line of output. */
export function run(
  command: readonly string[],
  options: { uid?: number; env?: NodeJS.ProcessEnv; cwd?: string } = {},
): {
  process: ChildProcess;
  ready: Promise<void>;
  ended: Promise<Ended>;
} {
  const { uid, env, cwd } = options;
  const child = spawn(command[0] as string, command.slice(1), {
    ...(uid !== undefined && { uid, gid: uid }),
    ...(cwd !== undefined && { cwd }),
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let out = "";
  let errors = "";
  child.stderr.on("data", (data) => (errors += data));
  const ready = new Promise<void>((resolve) => {
    child.stdout.on("data", (data) => {
      out += data;
      if (out.includes("\n")) resolve();
    });
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) =>
      resolve({ code, signal, lines: out.split("\n").filter((line) => line !== ""), errors }),
    );
  });
  return { process: child, ready: Promise.race([ready, ended.then(() => {})]), ended };
}

/** Whether a command can be run here and succeeds. */
export function works(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}
