import { LedgerError } from "../../errors/ledger-error.ts";
import { onDemand } from "../../platform/on-demand.ts";
import type { GitFiles } from "../git-files.ts";
import type { GitDirectory } from "./git-directory.ts";
import { PackSizes } from "./pack-sizes.ts";
import { PathBudget } from "./path-budget.ts";
import { type ReadOnlyCalls, readOnlyCalls } from "./read-only-calls.ts";

const isomorphicGit = /* @__PURE__ */ onDemand(() => import("isomorphic-git"));

/** The calls of isomorphic-git that are used. None of them reads or writes the index. */
interface IsomorphicGit {
  version(): string;
  readCommit(options: ReadOptions): Promise<{
    readonly commit: { readonly tree: string; readonly author: Stamp; readonly committer: Stamp };
  }>;
  readTree(options: ReadOptions): Promise<{ readonly tree: readonly TreeEntry[] }>;
  readBlob(options: ReadOptions): Promise<{ readonly blob: Uint8Array }>;
  readTag(options: ReadOptions): Promise<{ readonly tag: { readonly object: string } }>;
}

interface ReadOptions {
  readonly fs: ReadOnlyCalls;
  readonly gitdir: string;
  readonly oid: string;
  readonly cache: object;
}

interface Stamp {
  /** In seconds since the epoch. */
  readonly timestamp: number;
}

interface TreeEntry {
  readonly mode: string;
  readonly path: string;
  readonly oid: string;
  readonly type: string;
}

/** isomorphic-git keeps objects of packs forever. Beyond this number of bytes, it begins with an empty cache. */
const MAX_CACHED: number = 256 * 1024 * 1024;

/** A file of a commit. */
export interface TreeFile {
  readonly mode: number;
  readonly id: string;
}

/** Reads the objects of a repository with isomorphic-git. */
export class ObjectReader {
  readonly #git: IsomorphicGit;
  readonly #sizes: PackSizes;
  #options: Omit<ReadOptions, "oid">;
  /** Bytes that were read into the cache of isomorphic-git. */
  #cached = 0;

  private constructor(git: IsomorphicGit, sizes: PackSizes, options: Omit<ReadOptions, "oid">) {
    this.#git = git;
    this.#sizes = sizes;
    this.#options = options;
  }

  static async open(files: GitFiles, { common }: GitDirectory): Promise<ObjectReader> {
    // As CommonJS, it is the default export.
    const loaded = (await isomorphicGit()) as unknown as IsomorphicGit & { readonly default?: IsomorphicGit };
    const git = typeof loaded.readTree === "function" ? loaded : loaded.default;
    if (!git) throw new LedgerError("IO", "isomorphic-git cannot be loaded", { operation: "captureGit" });
    const fs = readOnlyCalls(files.calls);
    const packs = `${common}/objects/pack`;
    const sizes = new PackSizes({
      list: async () =>
        ((await files.list(packs)) ?? [])
          .filter((name) => name.endsWith(".idx"))
          .map((name) => `${packs}/${name.slice(0, -".idx".length)}`),
      read: fs.packFile,
    });
    return new ObjectReader(git, sizes, { fs, gitdir: common, cache: {} });
  }

  get version(): string {
    return this.#git.version();
  }

  /** Returns how to read an object. Rejects if it is too large. */
  async #of(oid: string): Promise<ReadOptions> {
    this.#cached += await this.#sizes.check(oid);
    if (this.#cached > MAX_CACHED) {
      this.#options = { ...this.#options, cache: {} };
      this.#cached = 0;
    }
    return { ...this.#options, oid };
  }

  async commit(
    id: string,
  ): Promise<{ readonly tree: string; readonly authoredAt: number; readonly committedAt: number }> {
    const { commit } = await this.#git.readCommit(await this.#of(id));
    const { tree, author, committer } = commit;
    return { tree, authoredAt: author.timestamp * 1000, committedAt: committer.timestamp * 1000 };
  }

  /** Returns all files below a tree by their paths. Rejects with `TOO_LARGE` if the paths are too long. */
  async files(tree: string, signal: AbortSignal): Promise<Map<string, TreeFile>> {
    const files = new Map<string, TreeFile>();
    const budget = new PathBudget();
    const visit = async (oid: string, prefix: string): Promise<void> => {
      signal.throwIfAborted();
      const { tree } = await this.#git.readTree(await this.#of(oid));
      for (const { mode, path, oid: id, type } of tree) {
        budget.spend(prefix.length + path.length);
        if (type === "tree") await visit(id, `${prefix}${path}/`);
        else files.set(prefix + path, { mode: Number.parseInt(mode, 8), id });
      }
    };
    await visit(tree, "");
    return files;
  }

  async blob(id: string): Promise<Uint8Array> {
    const { blob } = await this.#git.readBlob(await this.#of(id));
    return new Uint8Array(blob);
  }

  /** Returns what a tag object names, or `undefined` for another object. */
  async peel(id: string): Promise<string | undefined> {
    try {
      return (await this.#git.readTag(await this.#of(id))).tag.object;
    } catch {
      return undefined;
    }
  }
}
