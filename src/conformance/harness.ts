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
  /** Removes the place. Called once, after every handle was closed. */
  teardown(): Promise<void>;
}
