import type { GitFileCalls } from "../git-file-system.ts";
import { MAX_COMPARED_FILE } from "../limits.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { inflatesWithin } from "./object-size.ts";
import { isReadablePackFile } from "./pack-sizes.ts";

/** An object that is not in a pack. */
const LOOSE_OBJECT = /[\\/]objects[\\/][\da-f]{2}[\\/][\da-f]{38}$/;
const UNREADABLE: ReadonlySet<unknown> = new Set(["EACCES", "EPERM"]);

/** The files of a pack. */
const PACK_FILE = /[\\/]objects[\\/]pack[\\/][^\\/]+\.(?:pack|idx)$/;

/** A file system for isomorphic-git that refuses every change. */
export interface ReadOnlyCalls {
  readonly promises: Readonly<Record<string, (...args: never[]) => Promise<unknown>>>;
  /** Returns a file of a pack. It is read once. */
  readonly packFile: (path: string) => Promise<Uint8Array>;
}

/** Returns the calls that read, and calls that reject in the place of those that write. */
export function readOnlyCalls(calls: GitFileCalls): ReadOnlyCalls {
  const refuse = (): Promise<never> => Promise.reject(Object.assign(new Error("read-only"), { code: "EROFS" }));
  const packFiles = new Map<string, Promise<Uint8Array>>();
  const packFile = (path: string): Promise<Uint8Array> => {
    const reading = packFiles.get(path) ?? readPackFile(calls, path);
    packFiles.set(path, reading);
    return reading;
  };
  const read =
    (name: keyof GitFileCalls) =>
    async (path: string, options?: unknown): Promise<unknown> => {
      try {
        if (name === "readFile" && PACK_FILE.test(path)) return await packFile(path);
        // Opening a pipe would wait for a writer.
        if (name === "readFile" && !(await calls.stat(path)).isFile()) throw absent();
        const found = await (calls[name] as GitFileCalls["readFile"])(path, options);
        // isomorphic-git inflates all of an object at once.
        if (name === "readFile" && LOOSE_OBJECT.test(path) && !(await isSmall(found))) throw absent();
        return found;
      } catch (error) {
        // isomorphic-git would print the error.
        if (!UNREADABLE.has((error as { readonly code?: unknown } | null)?.code)) throw error;
        throw absent(error);
      }
    };
  return {
    promises: {
      readFile: read("readFile"),
      readdir: read("readdir"),
      stat: read("stat"),
      lstat: read("lstat"),
      readlink: read("readlink"),
      writeFile: refuse,
      mkdir: refuse,
      rmdir: refuse,
      unlink: refuse,
      symlink: refuse,
      rm: refuse,
      chmod: refuse,
    },
    packFile,
  };
}

async function isSmall(object: unknown): Promise<boolean> {
  if (!ArrayBuffer.isView(object)) return true;
  return await inflatesWithin(new Uint8Array(object.buffer, object.byteOffset, object.byteLength), MAX_COMPARED_FILE);
}

async function readPackFile(calls: GitFileCalls, path: string): Promise<Uint8Array> {
  const stats = await calls.stat(path);
  if (!stats.isFile()) throw absent();
  if (!isReadablePackFile(path, stats.size))
    throw new LedgerError("TOO_LARGE", "a pack is too large", { operation: "captureGit" });
  return (await calls.readFile(path)) as Uint8Array;
}

function absent(cause?: unknown): Error {
  return Object.assign(new Error("a file cannot be read", { cause }), { code: "ENOENT" });
}
