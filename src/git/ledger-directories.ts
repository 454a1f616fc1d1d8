import { utf8Decoder } from "../bytes/utf8.ts";
import type { GitFiles } from "./git-files.ts";

/** The first object of a ledger is shorter. */
const MAX_MARKER = 4096;
/** The most directories that are looked at for one snapshot. */
const MAX_LOOKED = 2000;
const MAX_NAMED = 5;

/** Finds the directories of ledgers: their files are made by runs, and are no code. */
export class LedgerDirectories {
  readonly #files: GitFiles;
  readonly #root: string;
  readonly #known = new Map<string, boolean>();
  readonly #found: string[] = [];

  /** `root` is the top of the working tree, which itself never counts as a ledger. */
  constructor(files: GitFiles, root: string) {
    this.#files = files;
    this.#root = root;
  }

  /** Returns whether a directory, which ends with `/`, is that of a ledger. */
  async has(directory: string): Promise<boolean> {
    const known = this.#known.get(directory);
    if (known !== undefined) return known;
    if (this.#known.size >= MAX_LOOKED) return false;
    const isLedger = await this.#isLedger(directory);
    this.#known.set(directory, isLedger);
    if (isLedger) this.#found.push(directory);
    return isLedger;
  }

  /** Returns whether a file is in the directory of a ledger. */
  async contain(path: string): Promise<boolean> {
    for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1))
      if (await this.has(path.slice(0, at + 1))) return true;
    return false;
  }

  /** Returns a remark that names the ledgers that were found. The snapshot is complete without them. */
  remarks(): string[] {
    const count = this.#found.length;
    if (count === 0) return [];
    const more = count > MAX_NAMED ? `, and ${count - MAX_NAMED} more` : "";
    const names = this.#found.slice(0, MAX_NAMED).join(", ");
    return [`sources: ${count} ledger${count === 1 ? "" : "s"} left out (${names}${more})`];
  }

  async #isLedger(directory: string): Promise<boolean> {
    const path = `${this.#root}/${directory}ledger.json`;
    try {
      const stats = await this.#files.lstat(path);
      if (!stats?.isFile() || stats.size > MAX_MARKER) return false;
      const bytes = await this.#files.read(path, { stats, root: this.#root });
      if (!bytes) return false;
      const marker = JSON.parse(utf8Decoder().decode(bytes)) as { readonly format?: unknown } | null;
      return marker?.format === "runledger";
    } catch {
      return false;
    }
  }
}
