import { builtinModule } from "./builtin-module.ts";
import { systemClock } from "./clock.ts";
import { lacksDescriptors, withDescriptors } from "./descriptors.ts";
import { LedgerError } from "../errors/ledger-error.ts";

/** At least the number of files of any part. Node opens all of them at once. */
const DESCRIPTORS = 24;
/** A program that still writes runs after this time is not a script that ends soon. */
const LOAD_ALL_MS = 10_000;

const parts = new Set<() => Promise<unknown>>();
let isLoadAllDue = false;

/**
 * Returns a function that loads a part of the library when it is first needed: `const reading = onDemand(() =>
 * import("./reading.ts"))`. All dynamic imports are made this way.
 *
 * Until some release of version 22, Node remembers for the life of the process that it could not read a module, even if
 * the process only had no descriptor left for a moment. So an import begins only when there are enough descriptors, and
 * waits for them like every call of the fs backend. The next call tries again an import that failed for another reason.
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
        // Node has remembered the failure if it throws the very same error.
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
 * Calls {@link loadAll} when a process has written runs for a while. Later, when it closes a run or stores an artifact,
 * all descriptors may be in use. Does this only in Node: elsewhere parts may come over a network, or from a bundle of
 * one file.
 */
export function loadAllLater(): void {
  if (isLoadAllDue || nodeProcess() === undefined) return;
  isLoadAllDue = true;
  systemClock.timer(LOAD_ALL_MS, () => void loadAll());
}

/** Loads all parts that are not loaded yet, also those that parts add. Parts that cannot be loaded are skipped. */
export async function loadAll(): Promise<void> {
  for (const part of parts) await part().catch(() => {});
}

/** Throws the error that Node gets if there are too few descriptors. */
function findDescriptors(): void {
  const node = nodeProcess();
  const fs = node && builtinModule<FileCalls>("node:fs");
  if (!fs) return;
  const open: number[] = [];
  try {
    while (open.length < DESCRIPTORS) open.push(fs.openSync(node.execPath, "r"));
  } catch (error) {
    // Other errors, such as a missing permission, tell nothing about descriptors.
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

/**
 * Returns the process if this is Node. Deno asks for a permission to open files, and neither Deno nor Bun remembers
 * failures.
 */
function nodeProcess(): Process | undefined {
  const { process } = globalThis as { readonly process?: Process };
  const { node, bun, deno } = process?.versions ?? {};
  return node !== undefined && bun === undefined && deno === undefined ? process : undefined;
}
