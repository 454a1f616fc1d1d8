import type { Backend } from "../backend/backend.ts";

/** Fresh places to try a backend in. One per backend, or per way of setting one up. */
export interface ConformanceHarness {
  /** For test names: `fs`, `fs (disk)`, `s3 (fake)`, … */
  readonly name: string;
  /** Where it runs, for those who choose: `node`, `browser`, `bun`, `deno`. Everywhere when left out. */
  readonly runsIn?: readonly string[] | undefined;
  /** Longest that a case may take, in ms. A case that takes longer fails, and its name is told. Default 60,000. */
  readonly limitMs?: number | undefined;
  /** Makes an empty place. Called once for each case; places may be in use at the same time. */
  setup(): Promise<ConformancePlace>;
}

/** One place: a directory, a bucket's prefix, an instance. */
export interface ConformancePlace {
  /** A new handle on this same place, as another process would get one. */
  open(): Promise<Backend>;
  /**
   * Opens this same place in another process, which ends when the process does that called this. Without it, `durable` and
   * `exclusiveCreate` are tried within one process only, and the cases that need another are skipped.
   */
  otherProcess?(): Promise<OtherProcess>;
  /** Removes the place. Called once, after every handle was closed and every other process killed. */
  teardown(): Promise<void>;
}

/** A process with one handle on the place. */
export interface OtherProcess {
  /**
   * Calls `create` there, of all the keys at once. For each key in order: `undefined` where the call resolved, else the `code` of its
   * `LedgerError`.
   */
  create(keys: readonly string[], bytes: Uint8Array): Promise<readonly (string | undefined)[]>;
  /** Kills it, as SIGKILL does: the handle is not closed, and what the process had put off is never done. Resolves once it has ended. */
  kill(): Promise<void>;
}
