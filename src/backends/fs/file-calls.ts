import type * as Fs from "node:fs";
import type * as Promises from "node:fs/promises";

// Asked of the process: to import `node:fs` makes Node load all that it exports, streams among it, which takes a starting process longer
// than to load all of this backend.
const fs: typeof Fs = process.getBuiltinModule("node:fs");
const { promises } = fs;

export const constants: typeof Promises.constants = promises.constants;
export const link: typeof Promises.link = promises.link;
export const lstat: typeof Promises.lstat = promises.lstat;
export const mkdir: typeof Promises.mkdir = promises.mkdir;
export const open: typeof Promises.open = promises.open;
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
