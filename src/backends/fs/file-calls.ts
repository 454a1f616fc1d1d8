import type * as Fs from "node:fs";
import type * as Promises from "node:fs/promises";

// Asked of the process: to import `node:fs` makes Node load all that it exports, streams among it, which takes a starting process longer
// than to load all of this backend.
const fs: typeof Fs = process.getBuiltinModule("node:fs");
const { promises } = fs;

/** Longest wait for a free descriptor, in ms, before the call fails. */
const PATIENCE_MS = 10_000;
const LONGEST_PAUSE_MS = 100;

/** Calls again after a pause while the process or the system has no descriptor left: others are closed meanwhile. */
async function patient<T>(call: () => Promise<T>): Promise<T> {
  let waited = 0;
  for (let pause = 1; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      return await call();
    } catch (error) {
      const { code } = error as { code?: unknown };
      if ((code !== "EMFILE" && code !== "ENFILE") || waited >= PATIENCE_MS) throw error;
    }
    await new Promise((resolve) => void setTimeout(resolve, pause));
    waited += pause;
  }
}

export const constants: typeof Promises.constants = promises.constants;
export const link: typeof Promises.link = promises.link;
export const lstat: typeof Promises.lstat = promises.lstat;
export const mkdir: typeof Promises.mkdir = promises.mkdir;
export const open: typeof Promises.open = (...call) => patient(() => promises.open(...call));
export const readdir: typeof Promises.readdir = promises.readdir;
export const readFile: typeof Promises.readFile = promises.readFile;
export const realpath: typeof Promises.realpath = promises.realpath;
export const rename: typeof Promises.rename = promises.rename;
export const rmdir: typeof Promises.rmdir = promises.rmdir;
export const stat: typeof Promises.stat = promises.stat;
export const unlink: typeof Promises.unlink = promises.unlink;

export const readFileSync: typeof Fs.readFileSync = fs.readFileSync;
export const readlinkSync: typeof Fs.readlinkSync = fs.readlinkSync;
export const statSync: typeof Fs.statSync = fs.statSync;
export const watch: typeof Fs.watch = fs.watch;
