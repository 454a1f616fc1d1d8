import { join, resolve, sep } from "node:path";
import { LedgerError } from "../../errors/ledger-error.ts";
import { realpath } from "./file-calls.ts";

/** The key of the directory a key lies in; `""` is the root. */
export function parentKey(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf("/")));
}

/** The directory of a ledger, and the paths of keys in it. */
export class Root {
  /** Absolute, so that a later `chdir` changes nothing. It may itself be a symbolic link. */
  readonly directory: string;
  #real: string | undefined;

  constructor(directory: string) {
    this.directory = resolve(directory);
  }

  path(key: string): string {
    return key === "" ? this.directory : join(this.directory, ...key.split("/"));
  }

  /**
   * Throws `PERMISSION_DENIED` when a directory of the ledger, or one above it inside the root, is a symbolic link; and what
   * `realpath` throws when it is missing. A link made between this check and the use of the path is not seen: the check is
   * against what a store already holds, not against somebody who may write to it meanwhile.
   */
  async assertNoLink(directoryKey: string): Promise<void> {
    if (directoryKey === "") return;
    const real = await realpath(this.path(directoryKey));
    if (this.#real !== undefined && isAt(real, this.#real, directoryKey)) return;
    this.#real = await realpath(this.directory); // Not known yet, or the root was a link that now leads elsewhere.
    if (isAt(real, this.#real, directoryKey)) return;
    throw linkError(directoryKey);
  }
}

export function linkError(directoryKey: string): LedgerError {
  const what = `${JSON.stringify(directoryKey)} leads through a symbolic link, and links inside a ledger are not followed`;
  return new LedgerError("PERMISSION_DENIED", what, { key: directoryKey });
}

function isAt(real: string, root: string, key: string): boolean {
  const base = root.endsWith(sep) ? root : root + sep;
  if (!real.startsWith(base)) return false;
  const rest = real.slice(base.length);
  const expected = key.replaceAll("/", sep);
  // Some file systems answer in the letter case and normal form in which a name was first written.
  return rest === expected || fold(rest) === fold(expected);
}

function fold(path: string): string {
  return path.normalize("NFC").toLowerCase();
}
