import type { CodeChange, Remote, Submodule, UntrackedFile } from "../../journal/recorded-code.ts";
import type { Sameness } from "../sameness.ts";
import type { ArchiveDiff } from "./archive-diff.ts";
import type { PatchDiff } from "./patch-diff.ts";

/** One fact about the code of two runs. A side that recorded none is absent. */
export interface ComparedFact<T> {
  /** What the first run recorded. */
  readonly a?: T;
  /** What the second run recorded. */
  readonly b?: T;
  /** Whether both are the same. */
  readonly same: Sameness;
}

/** Lists of two runs, compared item by item. Items that are the same in both are left out. */
export interface ComparedItems<T> {
  /** Items of the first run alone. */
  readonly onlyA: readonly T[];
  /** Items of the second run alone. */
  readonly onlyB: readonly T[];
  /** Items that both runs have, and that differ. */
  readonly changed: readonly {
    /** The item of the first run. */
    readonly a: T;
    /** The item of the second run. */
    readonly b: T;
  }[];
}

/** What differs between the code of two runs, `a` and `b`. Plain data. */
export interface CodeDiff {
  /**
   * `false` if commit, changes, submodules, archive, script or lockfile differ as recorded: two commits may still have the
   * same files. `true` if all of them are recorded completely and are the same, or if both runs have the same complete
   * archive, script and lockfile, and no earlier session of a run ran other code. Else `"unknown"`, and `unknown` says
   * why.
   */
  readonly same: Sameness;
  /** What the records do not show, in words. Not empty if `same` is `"unknown"`. */
  readonly unknown: readonly string[];
  /** The commits. */
  readonly commit: ComparedFact<string>;
  /** The branches. They do not count for `same`. */
  readonly branch: ComparedFact<string>;
  /** Whether tracked files differ from the commit. */
  readonly dirty: ComparedFact<boolean | "unknown">;
  /** The scripts that the processes were started with. */
  readonly entry: ComparedFact<string>;
  /** The lockfiles: `package-lock.json sha256:…`. */
  readonly lockfile: ComparedFact<string>;
  /** The remotes, by name. They do not count for `same`. */
  readonly remotes: ComparedItems<Remote>;
  /** The tracked paths that differ from the commit, by path. */
  readonly changes: ComparedItems<CodeChange>;
  /** The patches of the changes, by file and hunk. */
  readonly patch: PatchDiff;
  /** The archives of the sources, by their digests. */
  readonly archive: ComparedFact<string>;
  /** The archives by file, if they differ. Absent if one of them is missing, damaged, or larger than 8 MiB. */
  readonly archiveFiles?: ArchiveDiff;
  /** The untracked files, by path. `changed` has those of another size. */
  readonly untracked: ComparedItems<UntrackedFile>;
  /** The submodules, by path. */
  readonly submodules: ComparedItems<Submodule>;
  /** What the runs say is incomplete in their records of the code. */
  readonly incomplete: {
    /** Of the first run. */
    readonly a: readonly string[];
    /** Of the second run. */
    readonly b: readonly string[];
  };
}
