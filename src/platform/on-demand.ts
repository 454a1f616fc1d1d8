import { builtinModule } from "./builtin-module.ts";
import { systemClock } from "./clock.ts";
import { lacksDescriptors, withDescriptors } from "./descriptors.ts";
import { LedgerError } from "../errors/ledger-error.ts";

/** At least as many as the files of any part, all of which Node opens at once. */
const DESCRIPTORS = 24;
/** A program that still writes runs by then is no script that soon ends. */
const LOAD_ALL_MS = 10_000;

const parts = new Set<() => Promise<unknown>>();
let isLoadingAll = false;

/**
 * What loads a part of the library once it is needed: `const reading = onDemand(() => import("./reading.ts"))`. All dynamic imports
 * are made this way.
 *
 * Node, up to some version 22, remembers for the life of the process that a module could not be read, also where the program had no
 * descriptor left for a moment. So an import begins only when there are enough; it waits for them like every call of the fs backend.
 * One that failed for another reason is tried again by the next call.
 */
export function onDemand<Part>(load: () => Promise<Part>): () => Promise<Part> {
  let loading: Promise<Part> | undefined;
  const part = (): Promise<Part> =>
    (loading ??= loadPart(load).catch((error: unknown) => {
      loading = undefined;
      throw error;
    }));
  parts.add(part);
  return part;
}

async function loadPart<Part>(load: () => Promise<Part>): Promise<Part> {
  let previous: unknown;
  try {
    return await withDescriptors(
      async () => {
        findDescriptors();
        return await load();
      },
      (error) => {
        // The very same error: it is remembered.
        const isRemembered = error === previous;
        previous = error;
        return isRemembered;
      },
    );
  } catch (cause) {
    const transient = lacksDescriptors(cause);
    const why = transient ? ": the process, or the system, has no file descriptor left" : "";
    throw new LedgerError("IO", `a part of the library cannot be loaded${why}`, {
      operation: "import",
      transient,
      cause,
    });
  }
}

/**
 * Loads all parts that are not loaded yet, once a process has written runs for a while: later, when a run is to be closed or an artifact
 * stored, its descriptors may all be in use. Only for Node: elsewhere parts may come over a network, or from a bundle of one file.
 */
export function loadAllLater(): void {
  if (isLoadingAll || nodeProcess() === undefined) return;
  isLoadingAll = true;
  systemClock.timer(LOAD_ALL_MS, () => {
    void (async () => {
      // Parts may bring further ones.
      for (const part of parts) await part().catch(() => {});
    })();
  });
}

/** Throws what Node meets when there are too few. */
function findDescriptors(): void {
  const node = nodeProcess();
  const fs = node && builtinModule<FileCalls>("node:fs");
  if (!fs) return;
  const open: number[] = [];
  try {
    while (open.length < DESCRIPTORS) open.push(fs.openSync(node.execPath, "r"));
  } catch (error) {
    // Other reasons, such as missing permission, say nothing of descriptors.
    if (lacksDescriptors(error)) throw error;
  } finally {
    for (const each of open) fs.closeSync(each);
  }
}

interface FileCalls {
  openSync(path: string, flags: "r"): number;
  closeSync(descriptor: number): void;
}

interface Process {
  readonly execPath: string;
  readonly versions: { readonly node?: string; readonly bun?: string; readonly deno?: string };
}

/** The process in Node alone: Deno asks for a permission to open files, and neither Deno nor Bun remembers. */
function nodeProcess(): Process | undefined {
  const { process } = globalThis as { readonly process?: Process };
  const { node, bun, deno } = process?.versions ?? {};
  return node !== undefined && bun === undefined && deno === undefined ? process : undefined;
}
