/** How a tracked path differs from the commit. Renames are a deletion and an addition. */
export type CodeChangeStatus = "added" | "modified" | "deleted" | "type-changed" | "unmerged";

/** A tracked path that differs from the commit, in the index or in the working tree. */
export interface CodeChange {
  /** From the top of the working tree, with `/`. A name that is not UTF-8 is quoted, as git shows it. */
  readonly path: string;
  readonly status: CodeChangeStatus;
}

/** A file that git neither tracks nor ignores. */
export interface UntrackedFile {
  /** A path that ends with `/` is a repository of its own, which is not looked into. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
}

export interface Submodule {
  readonly path: string;
  /** The commit that is checked out. Missing if nothing is. */
  readonly commit?: string;
  /** Whether tracked files of the submodule differ from its commit. */
  readonly dirty: boolean | "unknown";
}

export interface Remote {
  readonly name: string;
  /** Without credentials, query and fragment. */
  readonly url: string;
}

/** The code that a run was made with. Plain data. */
export interface CodeSnapshot {
  /** What read the repository. */
  readonly engine: "git" | "isomorphic-git" | "archive";
  readonly engineVersion?: string;
  /** The id of the commit in hex. Missing before the first commit. */
  readonly commit?: string;
  /** Missing if no branch is checked out. */
  readonly branch?: string;
  /** The first tag, by name, of the commit. */
  readonly tag?: string;
  /** When the author wrote the commit, in ms since the epoch. */
  readonly authoredAt?: number;
  /** When the commit was made, in ms since the epoch. */
  readonly committedAt?: number;
  readonly remotes: readonly Remote[];
  /** Whether tracked files differ from the commit, those of submodules included. Untracked files do not count. */
  readonly dirty: boolean | "unknown";
  readonly changes: readonly CodeChange[];
  readonly untracked: readonly UntrackedFile[];
  readonly submodules: readonly Submodule[];
  /** The script that the process was started with, from the top of the working tree. */
  readonly entry?: string;
  /** The nearest lockfile and the digest of its content: `sha256:…`. */
  readonly lockfile?: { readonly path: string; readonly digest: string };
  /** The changes, as `git apply` takes them. Missing if there are none. */
  readonly patch?: Uint8Array;
  /** Says in words what could not be found out or was withheld: `"dirty: sparse checkout"`. */
  readonly incomplete: readonly string[];
}
