import type { CodeChange, Remote, Submodule, UntrackedFile } from "../journal/recorded-code.ts";
import type { GitFiles } from "./git-files.ts";

/** What an engine has to find out. */
export interface GitRequest {
  /** An absolute path with `/`. */
  readonly directory: string;
  readonly files: GitFiles;
  /** The home directory of the user, if `files` are those of the system. */
  readonly home?: string;
  /** Where programs keep their settings, if that is not `.config` in the home directory. */
  readonly configHome?: string;
  readonly wantsPatch: boolean;
  /** The most bytes of a patch that an engine returns. Files that do not fit are left out. */
  readonly maxPatchBytes: number;
  /** Aborted by the caller, or when the time is up. */
  readonly signal: AbortSignal;
}

/** What names the commit. */
export interface HeadFacts {
  readonly commit?: string;
  readonly branch?: string;
  readonly tag?: string;
  readonly authoredAt?: number;
  readonly committedAt?: number;
}

/** What an engine found out, before secrets are removed. */
export interface GitFacts extends HeadFacts {
  readonly engine: "git" | "isomorphic-git";
  readonly engineVersion?: string;
  /** The top of the working tree, with `/`. */
  readonly root: string;
  readonly objectFormat: "sha1" | "sha256";
  readonly remotes: readonly Remote[];
  readonly dirty: boolean | "unknown";
  readonly changes: readonly CodeChange[];
  readonly untracked: readonly UntrackedFile[];
  readonly submodules: readonly Submodule[];
  readonly patch?: Uint8Array;
  readonly incomplete: readonly string[];
}

/** Reads a repository. Returns `undefined` if the directory is in none. */
export type GitEngine = (request: GitRequest) => Promise<GitFacts | undefined>;
