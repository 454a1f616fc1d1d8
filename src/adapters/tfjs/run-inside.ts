import { type ArtifactRef, type ArtifactVersion, LedgerError, type OpenArtifact, type Run } from "../../index.ts";
import type { CallOptions } from "../../backend/index.ts";

/** An open run of any copy of the library. The class has private members, so that each copy has a type of its own. */
export type AnyRun = Omit<Run, "startChild">;

/** What this adapter needs from a run beside its public members. */
export interface RunInside {
  report(error: LedgerError): void;
  openArtifact(ref: ArtifactRef, options?: CallOptions): Promise<OpenArtifact>;
  artifactVersions(name: string, options?: CallOptions): Promise<ArtifactVersion[]>;
  forkOrigin(id: string, options?: CallOptions): Promise<{ readonly run: string; readonly step: number } | undefined>;
  goalOf(metric: string): Promise<"minimize" | "maximize" | undefined>;
  flushPoints(): Promise<void>;
  lastStepOf(metric: string, options?: CallOptions): Promise<number | undefined>;
  setAlias(name: string, version: string, alias: string): Promise<ArtifactVersion>;
}

const RUN_INSIDE: unique symbol = Symbol.for("runledger.RunInside");

/** Returns the inside of a run. Throws `INVALID_ARGUMENT` unless `run` is a run of this library, of any copy of it. */
export function insideOf(run: AnyRun): RunInside {
  let found = `is of type ${run === null ? "null" : typeof run}`;
  try {
    const { [RUN_INSIDE]: inside, then } = (run ?? {}) as { [RUN_INSIDE]?: RunInside; then?: unknown };
    if (inside !== undefined) return inside;
    if (typeof then === "function") found = "is a Promise: await ledger.startRun() first";
  } catch {
    found = "cannot be read: a getter or a proxy throws";
  }
  throw new LedgerError("INVALID_ARGUMENT", `run must be an open run, but ${found}`, { field: "run" });
}
