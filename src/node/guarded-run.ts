/**
 * The members of a `Run` that `guardProcess` uses. An interface, because TypeScript takes the class `Run` of a CommonJS file and that of an ES
 * module for two classes.
 */
export interface GuardedRun {
  readonly id: string;
  readonly status: string;
  finish(status: "finished" | "failed" | "killed"): Promise<void>;
  fail(error: unknown): Promise<void>;
}
