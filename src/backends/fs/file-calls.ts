import type * as Fs from "node:fs";
import type * as Promises from "node:fs/promises";
import { gate } from "../../platform/bounded.ts";
import { withDescriptors } from "../../platform/descriptors.ts";

// Got from the process, not by an import: importing `node:fs` makes Node load everything that it exports, such as
// streams, which takes a starting process longer than loading this backend.
const fs: typeof Fs = process.getBuiltinModule("node:fs");
const { promises } = fs;

/** More calls at once gain nothing. Their results would block the event loop, and too many files would be open. */
const CALLS_AT_ONCE = 32;

const inTurn = gate(CALLS_AT_ONCE);

/** Returns a call of Node that waits while too many others run, and is repeated while no descriptor is left. */
function bounded<Call extends (...input: never[]) => Promise<unknown>>(call: Call): Call {
  return ((...input: never[]) => withDescriptors(() => inTurn(() => call(...input)))) as Call;
}

export const constants: typeof Promises.constants = promises.constants;
export const link: typeof Promises.link = bounded(promises.link);
export const lstat: typeof Promises.lstat = bounded(promises.lstat);
export const mkdir: typeof Promises.mkdir = bounded(promises.mkdir);
export const open: typeof Promises.open = bounded(promises.open);
export const readdir: typeof Promises.readdir = bounded(promises.readdir);
export const readFile: typeof Promises.readFile = bounded(promises.readFile);
export const realpath: typeof Promises.realpath = bounded(promises.realpath);
export const rename: typeof Promises.rename = bounded(promises.rename);
export const rmdir: typeof Promises.rmdir = bounded(promises.rmdir);
export const stat: typeof Promises.stat = bounded(promises.stat);
export const unlink: typeof Promises.unlink = bounded(promises.unlink);

export const closeSync: typeof Fs.closeSync = fs.closeSync;
export const fchmodSync: typeof Fs.fchmodSync = fs.fchmodSync;
export const linkSync: typeof Fs.linkSync = fs.linkSync;
export const lstatSync: typeof Fs.lstatSync = fs.lstatSync;
export const openSync: typeof Fs.openSync = fs.openSync;
export const readSync: typeof Fs.readSync = fs.readSync;
export const readFileSync: typeof Fs.readFileSync = fs.readFileSync;
export const readlinkSync: typeof Fs.readlinkSync = fs.readlinkSync;
export const renameSync: typeof Fs.renameSync = fs.renameSync;
export const statfsSync: typeof Fs.statfsSync = fs.statfsSync;
export const statSync: typeof Fs.statSync = fs.statSync;
export const unlinkSync: typeof Fs.unlinkSync = fs.unlinkSync;
export const watch: typeof Fs.watch = fs.watch;
export const writeSync: typeof Fs.writeSync = fs.writeSync;
