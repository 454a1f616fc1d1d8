import type * as Core from "../src/index.ts";
import type * as Fs from "../src/backends/fs/index.ts";
import type * as Memory from "../src/backends/memory/index.ts";

/** The directory of the built package: what is measured is what gets published. */
export const DIST: URL = new URL("../dist/", import.meta.url);

export const { openLedger }: typeof Core = await built("index.js");
export const { fsBackend }: typeof Fs = await built("backends/fs/index.js");
export const { memoryBackend }: typeof Memory = await built("backends/memory/index.js");

/** Typed by the source, taken from `dist`, which need not be there when types are checked. */
async function built<T>(file: string): Promise<T> {
  return (await import(new URL(file, DIST).href)) as T;
}
