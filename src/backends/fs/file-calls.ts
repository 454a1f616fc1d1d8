import type * as Fs from "node:fs";
import type * as Promises from "node:fs/promises";
import { gate } from "../../platform/bounded.ts";
import { withDescriptors } from "../../platform/descriptors.ts";

// Asked of the process: to import `node:fs` makes Node load all that it exports, streams among it, which takes a starting process longer
// than to load all of this backend.
const fs: typeof Fs = process.getBuiltinModule("node:fs");
const { promises } = fs;

/** More calls at once gain nothing, but what follows all of them would keep the event loop, and open files would be many. */
const CALLS_AT_ONCE = 32;

const inTurn = gate(CALLS_AT_ONCE);

/** The call of Node, begun once few enough are under way, and repeated for want of descriptors. */
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

export const readFileSync: typeof Fs.readFileSync = fs.readFileSync;
export const readlinkSync: typeof Fs.readlinkSync = fs.readlinkSync;
export const statSync: typeof Fs.statSync = fs.statSync;
export const watch: typeof Fs.watch = fs.watch;
