import type { Dictionary, RecordedVersion } from "../../journal/event.ts";
import type { CodeChange, RecordedArchive, Remote, Submodule, UntrackedFile } from "../../journal/recorded-code.ts";
import type { RecordedDataset } from "../../journal/recorded-dataset.ts";
import type { RunStatus } from "../../journal/run-record.ts";
import type { Seed } from "./seeds.ts";

/** What it takes to run a recorded run again. Plain data. */
export interface Reproduction {
  /** The run. */
  readonly run: {
    /** Its id. */
    readonly id: string;
    /** Its name. */
    readonly name: string;
    /** Its experiment. */
    readonly experiment: string;
    /** Its status. */
    readonly status: RunStatus;
    /** When it began, in ms since the epoch. */
    readonly startTime: number;
  };
  /** The code. Absent if the run recorded none. */
  readonly code?: ReproducedCode;
  /** The command line, as seen from the working directory. Absent if the run recorded none. */
  readonly command?: readonly string[];
  /** The params, nested as they were given. */
  readonly params: Dictionary;
  /** The params that are seeds of random numbers, by their names. */
  readonly seeds: readonly Seed[];
  /** The data sets that the run used. */
  readonly datasets: readonly RecordedDataset[];
  /** The artifact versions that the run used, which the ledger has: `ledger.openArtifact` reads them. */
  readonly inputs: readonly RecordedVersion[];
  /** What the run recorded of the machine and the runtime: runtime, os, packageManager, lockfile, tfjs, … */
  readonly environment: Dictionary;
  /** What the record does not hold and a reproduction needs, in words. */
  readonly missing: readonly string[];
}

/** The code of a run, and how to get it. */
export interface ReproducedCode {
  /** The commit. Absent if there is none. */
  readonly commit?: string;
  /** The branch that was checked out. */
  readonly branch?: string;
  /** The repositories that may have the commit. */
  readonly remotes: readonly Remote[];
  /** Whether tracked files differed from the commit. */
  readonly dirty: boolean | "unknown";
  /** The changes to apply on top of the commit. Absent if none are stored. */
  readonly patch?: {
    /** `sha256:<64 hex digits>` of its bytes. */
    readonly digest: string;
    /** Bytes. */
    readonly size: number;
    /** Whether it has all changes. */
    readonly complete: boolean;
    /** The call that returns it. */
    readonly read: string;
  };
  /** The tracked paths that differed from the commit. */
  readonly changes: readonly CodeChange[];
  /** An archive of the sources. Absent if none is stored. */
  readonly archive?: Omit<RecordedArchive, "parts"> & {
    /** The call that returns it. */
    readonly read: string;
  };
  /** Untracked files whose contents are not stored. */
  readonly untracked: readonly UntrackedFile[];
  /** The submodules, and their commits. */
  readonly submodules: readonly Submodule[];
  /** The script that was started, from the top of the working tree. */
  readonly entry?: string;
  /** The working directory of the command, from the top of the working tree. Absent if outside, or not recorded. */
  readonly directory?: string;
  /** The lockfile and its digest. */
  readonly lockfile?: {
    /** From the top of the working tree. */
    readonly path: string;
    /** `sha256:<64 hex digits>` of its bytes. */
    readonly digest: string;
  };
}
