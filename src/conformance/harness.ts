import type { Backend } from "../backend/backend.ts";

/** Makes fresh places to try a backend in. Write one for each backend, or for each way to set it up. */
export interface ConformanceHarness {
  /** The name for tests: `fs`, `fs (disk)`, `s3 (fake)`, … */
  readonly name: string;
  /**
   * The runtimes it works in, for programs that choose harnesses by runtime: `node`, `browser`, `bun`, `deno`. Default:
   * all.
   */
  readonly runsIn?: readonly string[] | undefined;
  /** How long a case may take, in ms. A case that takes longer fails. Default 60,000. */
  readonly limitMs?: number | undefined;
  /** Makes an empty place. It is called once for each case; several places may be in use at the same time. */
  setup(): Promise<ConformancePlace>;
}

/** One place: a directory, a prefix in a bucket, an instance. */
export interface ConformancePlace {
  /** Opens a new handle on this same place, as another process would. */
  open(): Promise<Backend>;
  /**
   * Opens this same place in another process, which must end when this process ends. Without it, `durable` and
   * `exclusiveCreate` are tried within one process only, and the cases that need another process are skipped.
   */
  otherProcess?(): Promise<OtherProcess>;
  /** Removes the place. It is called once, after every handle was closed and every other process was killed. */
  teardown(): Promise<void>;
}

/** Another process with one handle on the place. */
export interface OtherProcess {
  /**
   * Calls `create` there for all the keys at once. Returns for each key, in order, `undefined` if the call resolved,
   * else the `code` of its `LedgerError`.
   */
  create(keys: readonly string[], bytes: Uint8Array): Promise<readonly (string | undefined)[]>;
  /**
   * Kills the process as SIGKILL does: it closes no handle and finishes no deferred work. Resolves once the process has
   * ended.
   */
  kill(): Promise<void>;
}
