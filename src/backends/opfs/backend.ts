import { checkChoice } from "../../arguments/choice.ts";
import { type OptionNames, readOptions } from "../../arguments/options.ts";
import type { Backend, Liveness } from "../../backend/backend.ts";
import { assertKey } from "../../backend/key.ts";
import { LedgerError, invalidArgument, isList } from "../../errors/ledger-error.ts";
import { messageOf } from "../../platform/any-realm.ts";
import { warn } from "../../platform/warn.ts";
import { type BrowserStorage, STORAGES } from "./browser-storage.ts";
import { toLedgerError } from "./errors.ts";
import { BrowserHandle } from "./handle.ts";
import { openStorage } from "./open-storage.ts";

/** Options of `opfsBackend`. */
export interface OpfsBackendOptions {
  /** The folder of the ledger in the site's own file system, as a path of segments. Default `"runledger"`. */
  readonly directory?: string | undefined;
  /** Which storage may be used. The first one that works is. Default: all, in the order of {@link BrowserStorage}. */
  readonly storage?: readonly BrowserStorage[] | undefined;
  /**
   * Returns a new dedicated worker of a file that calls `serveOpfs()`, for a page whose content security policy refuses
   * workers from `blob:` URLs. Default: a worker that needs no file.
   */
  readonly worker?: (() => Worker) | undefined;
  /** Called for each storage that cannot be used although it comes before the one that is. Default: `console.warn`. */
  readonly onError?: ((error: LedgerError) => void) | undefined;
}

/** A backend over the storage of a browser. */
export interface OpfsBackend extends Backend {
  /** Where the objects are. */
  readonly storage: BrowserStorage;
  /** Each storage that could not be used, and why. */
  readonly fallbacks: readonly {
    /** The storage. */
    readonly storage: BrowserStorage;
    /** What went wrong. */
    readonly error: LedgerError;
  }[];
  /** Tells whether a page or worker of this site still runs. Browsers without Web Locks lack it. */
  readonly liveness: Liveness | undefined;
  /** Waits for the calls in progress, and releases the worker and the locks. Later calls reject with `CLOSED`. */
  close(): Promise<void>;
}

const NAMES: OptionNames<OpfsBackendOptions> = { directory: true, storage: true, worker: true, onError: true };

/**
 * Returns a backend that keeps a ledger in the storage of a browser, for pages and workers. It uses the first storage
 * that works, and tells `onError` of each one that does not. Rejects with `INVALID_ARGUMENT` if an option is wrong, and
 * with `UNSUPPORTED` if no storage of `storage` works.
 */
export async function opfsBackend(options?: OpfsBackendOptions): Promise<OpfsBackend> {
  const { directory = "runledger", storage: wanted = STORAGES, worker, onError } = checked(options);
  const fallbacks: { storage: BrowserStorage; error: LedgerError }[] = [];
  for (const storage of wanted) {
    try {
      const opened = await openStorage(storage, directory, worker);
      for (const each of fallbacks) tell(each.error, onError);
      return new BrowserHandle<BrowserStorage>({ ...opened, storage, fallbacks });
    } catch (error) {
      fallbacks.push({ storage, error: unusable(storage, wanted[fallbacks.length + 1], error) });
    }
  }
  const why = fallbacks.map(({ error }) => error.message).join("; ");
  throw new LedgerError("UNSUPPORTED", why, { operation: "open", cause: fallbacks.at(-1)?.error });
}

function unusable(storage: BrowserStorage, next: BrowserStorage | undefined, cause: unknown): LedgerError {
  const { code } = toLedgerError(cause, "open", storage);
  const loss = next === "memory" ? ": the ledger is kept in memory, and a reload loses it" : "";
  const then = next === undefined || loss !== "" ? loss : `: ${next} is used instead`;
  const why = messageOf(cause, "no reason was given");
  return new LedgerError(code, `the storage ${storage} cannot be used (${why})${then}`, { operation: "open", cause });
}

function tell(error: LedgerError, onError: OpfsBackendOptions["onError"]): void {
  if (!onError) return warn(error.message);
  try {
    onError(error);
  } catch {
    // It is the listener's own.
  }
}

function checked(options: OpfsBackendOptions | undefined): OpfsBackendOptions {
  const given = readOptions("opfsBackend", options, NAMES);
  const { directory, storage, worker, onError } = given as Record<keyof OpfsBackendOptions, unknown>;
  if (directory !== undefined) checkDirectory(directory);
  if (storage !== undefined) {
    if (!isList("storage", storage) || storage.length === 0)
      throw invalidArgument("storage", "a list of names", storage);
    for (const [i, each] of storage.entries()) checkChoice(`storage[${i}]`, each, STORAGES);
  }
  if (worker !== undefined && typeof worker !== "function") throw invalidArgument("worker", "a function", worker);
  if (onError !== undefined && typeof onError !== "function") throw invalidArgument("onError", "a function", onError);
  return { ...given, ...(given.storage && { storage: [...given.storage] }) };
}

function checkDirectory(directory: unknown): void {
  if (typeof directory !== "string" || directory === "")
    throw invalidArgument("directory", "a path that is not empty", directory);
  try {
    assertKey(directory);
  } catch (cause) {
    const why = messageOf(cause, "it is no path");
    throw new LedgerError("INVALID_ARGUMENT", `directory must be a path of plain names: ${why}`, {
      field: "directory",
      received: "string",
      cause,
    });
  }
}
