import type { GitFiles } from "../git-files.ts";

/** Finds out which folders are links. To git, what is behind a link is not in the working tree. */
export class LinkedFolders {
  readonly #files: GitFiles;
  readonly #root: string;
  readonly #known = new Map<string, Promise<boolean>>();

  constructor(files: GitFiles, root: string) {
    this.#files = files;
    this.#root = root;
  }

  /** Returns whether a folder of the path is a link. */
  async isBehindLink(path: string): Promise<boolean> {
    const at = path.lastIndexOf("/");
    if (at === -1) return false;
    const folder = path.slice(0, at);
    let known = this.#known.get(folder);
    if (!known) this.#known.set(folder, (known = this.#isLinked(folder)));
    return await known;
  }

  async #isLinked(folder: string): Promise<boolean> {
    if (await this.isBehindLink(folder)) return true;
    return (await this.#files.lstat(`${this.#root}/${folder}`))?.isSymbolicLink() ?? false;
  }
}
