import type * as Core from "../src/index.ts";
import type * as Compare from "../src/compare/index.ts";
import type * as Fs from "../src/backends/fs/index.ts";
import type * as Memory from "../src/backends/memory/index.ts";
import type * as Git from "../src/git/index.ts";
import type * as Node from "../src/node/index.ts";
import type * as Tfjs from "../src/adapters/tfjs/index.ts";

/** The directory of the built package: what is measured is what gets published. */
export const DIST: URL = new URL("../dist/", import.meta.url);

const core: typeof Core = await built("index.js");
const compare: typeof Compare = await built("compare/index.js");
const fs: typeof Fs = await built("backends/fs/index.js");
const memory: typeof Memory = await built("backends/memory/index.js");
const git: typeof Git = await built("git/index.js");
const node: typeof Node = await built("node/index.js");
const tfjs: typeof Tfjs = await built("adapters/tfjs/index.js");

export const openLedger: typeof Core.openLedger = core.openLedger;
export const aggregateHistories: typeof Compare.aggregateHistories = compare.aggregateHistories;
export const fsBackend: typeof Fs.fsBackend = fs.fsBackend;
export const fromPath: typeof Fs.fromPath = fs.fromPath;
export const memoryBackend: typeof Memory.memoryBackend = memory.memoryBackend;
/** `openLedger` of `runledger/node`. */
export const openCapturingLedger: typeof Node.openLedger = node.openLedger;
export const captureGit: typeof Git.captureGit = git.captureGit;
export const captureSources: typeof Git.captureSources = git.captureSources;
export const tfCallback: typeof Tfjs.tfCallback = tfjs.tfCallback;

/** Typed by the source, taken from `dist`, which need not be there when types are checked. */
async function built<T>(file: string): Promise<T> {
  return (await import(new URL(file, DIST).href)) as T;
}
