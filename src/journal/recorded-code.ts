/** How a tracked path differs from the commit. Renames are a deletion and an addition. */
export type CodeChangeStatus = "added" | "modified" | "deleted" | "type-changed" | "unmerged";

/** A tracked path that differs from the commit, in the index or in the working tree. */
export interface CodeChange {
  /** From the top of the working tree, with `/`. A name that is not UTF-8 is quoted, as git shows it. */
  readonly path: string;
  /** How it differs. */
  readonly status: CodeChangeStatus;
}

/** A file that git neither tracks nor ignores. */
export interface UntrackedFile {
  /** A path that ends with `/` is a repository of its own, which is not looked into. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
}

/** A repository inside of the repository. */
export interface Submodule {
  /** From the top of the working tree. */
  readonly path: string;
  /** The commit that is checked out. Missing if nothing is. */
  readonly commit?: string | undefined;
  /** Whether tracked files of the submodule differ from its commit. */
  readonly dirty: boolean | "unknown";
}

/** Where a repository fetches from. */
export interface Remote {
  /** Its name in the repository: `origin`. */
  readonly name: string;
  /** Without credentials, query and fragment. */
  readonly url: string;
}

/** The code that a run was made with. Plain data. */
export interface RecordedCode {
  /** What read the repository. `"unknown"`: the caller did not say, or nothing could be read. */
  readonly engine: "git" | "isomorphic-git" | "archive" | "unknown";
  /** The version of the engine. */
  readonly engineVersion?: string | undefined;
  /** The id of the commit. Missing before the first commit. */
  readonly commit?: string | undefined;
  /** Missing if no branch is checked out. */
  readonly branch?: string | undefined;
  /** The first tag, by name, of the commit. */
  readonly tag?: string | undefined;
  /** When the author wrote the commit, in ms since the epoch. */
  readonly authoredAt?: number | undefined;
  /** When the commit was made, in ms since the epoch. */
  readonly committedAt?: number | undefined;
  /** The remotes, by name. */
  readonly remotes: readonly Remote[];
  /** Whether tracked files differ from the commit, those of submodules included. Untracked files do not count. */
  readonly dirty: boolean | "unknown";
  /** The tracked paths that differ from the commit, by path. */
  readonly changes: readonly CodeChange[];
  /** The files that git neither tracks nor ignores, by path. */
  readonly untracked: readonly UntrackedFile[];
  /** The submodules, by path. */
  readonly submodules: readonly Submodule[];
  /** The script that the process was started with, from the top of the working tree. */
  readonly entry?: string | undefined;
  /**
   * The working directory of the process, from the top of the working tree: `.` is the top. Missing if it is outside, or
   * not known.
   */
  readonly directory?: string | undefined;
  /** The nearest lockfile and the digest of its content: `sha256:…`. */
  readonly lockfile?:
    | {
        /** From the top of the working tree. */
        readonly path: string;
        /** `sha256:<64 hex digits>` of its bytes. */
        readonly digest: string;
      }
    | undefined;
  /** The stored patch of the changes. `ledger.codePatch` reads it. Missing if there is none. */
  readonly patch?: RecordedPatch | undefined;
  /** The stored archive of the sources. `ledger.codeArchive` reads it. Missing if there is none. */
  readonly archive?: RecordedArchive | undefined;
  /** Says in words what could not be found out or was withheld: `"dirty: sparse checkout"`. */
  readonly incomplete: readonly string[];
}

/** The most parts of a stored archive. */
export const MAX_ARCHIVE_PARTS = 128;

/** A stored zip archive of sources. */
export interface RecordedArchive {
  /** `sha256:<64 hex digits>` of the bytes of the whole archive. */
  readonly digest: string;
  /** Bytes of the whole archive. */
  readonly size: number;
  /** The number of files in it. */
  readonly files: number;
  /** Whether the archive has all files that were to be in it. If not, `incomplete` says why. */
  readonly complete: boolean;
  /** The blobs that are the archive, one after another. Archives with equal files share blobs. */
  readonly parts: readonly {
    /** `sha256:<64 hex digits>` of its bytes. */
    readonly digest: string;
    /** Bytes. */
    readonly size: number;
  }[];
}

/** A stored patch. */
export interface RecordedPatch {
  /** `sha256:<64 hex digits>` of its bytes. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  /** Whether the patch has all changes that were to be in it. If not, `incomplete` says why. */
  readonly complete: boolean;
}
