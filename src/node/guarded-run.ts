/**
 * The members of a `Run` that `guardProcess` uses. An interface, because TypeScript takes the class `Run` of a CommonJS file and that of an ES
 * module for two classes.
 */
export interface GuardedRun {
  /** The id of the run. */
  readonly id: string;
  /** The status of the run. */
  readonly status: string;
  /** Closes the run. */
  finish(status: "finished" | "failed" | "killed"): Promise<void>;
  /** Closes the run as failed, with an error. */
  fail(error: unknown): Promise<void>;
}
