import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type OptionNames, readOptions } from "../../arguments/options.ts";
import { invalidArgument, reading } from "../../errors/ledger-error.ts";
import { onDemand } from "../../platform/on-demand.ts";
import { saveTools } from "./save-tools.ts";
import type { SavableArtifact, SaveToOptions } from "./savable.ts";

const saving = /* @__PURE__ */ onDemand(() => import("./save-files.ts"));

const OPTIONS: OptionNames<SaveToOptions> = { overwrite: true, onProgress: true, signal: true };

/**
 * Saves the files of an opened artifact into a directory, a path or a `file:` URL, and makes the directory if it is
 * missing. Returns the absolute paths of the files, in the order of `files()`.
 *
 * A file appears under its name when all of its bytes have been written and fit its digest. Files that the directory
 * has already, with the same bytes, are kept. So a call that failed or was stopped is repeated, and several processes
 * may save to one directory at the same time. Other files of the directory are left alone. Nothing is synced to disk.
 *
 * Rejects before it writes anything with `EXISTS` if the directory has other bytes in the place of a file, unless
 * `overwrite`; with `CONFLICT` if a directory is in the place of a file, or a file in the place of a directory; with
 * `PERMISSION_DENIED` if a path leads through a symbolic link inside the directory; with `UNSUPPORTED` for names that
 * this system cannot hold or tell apart, and with `CORRUPT` for paths that lead out of the directory. Later it rejects as
 * reading the artifact does, with `NO_SPACE`, or with the signal's reason. Complete files stay then, and no part of a
 * file remains.
 */
export async function saveTo(
  opened: SavableArtifact,
  directory: string | URL,
  options?: SaveToOptions,
): Promise<string[]> {
  const given = reading("directory", () => (directory instanceof URL ? fileURLToPath(directory) : directory));
  if (typeof given !== "string" || given === "")
    throw invalidArgument("directory", "a path that is not empty, or a file: URL", given);
  const { overwrite = false, onProgress, signal } = readOptions("saveTo", options, OPTIONS);
  if (typeof overwrite !== "boolean") throw invalidArgument("overwrite", "true or false", overwrite);
  if (onProgress !== undefined && typeof onProgress !== "function")
    throw invalidArgument("onProgress", "a function", onProgress);
  const methods = reading("opened", () => [opened?.files, opened?.read, opened?.stream]);
  if (methods.some((method) => typeof method !== "function"))
    throw invalidArgument("opened", "what ledger.openArtifact() resolves with", opened);
  signal?.throwIfAborted();
  // Before anything is loaded, because the working directory may change then.
  const absolute = resolve(given);
  const { saveFiles } = await saving();
  return await saveFiles(saveTools(), opened, absolute, { overwrite, onProgress, signal });
}
