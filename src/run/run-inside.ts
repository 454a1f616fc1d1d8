import type { OpenArtifact } from "../artifacts/open.ts";
import type { ArtifactRef, ArtifactVersion } from "../artifacts/version.ts";
import type { CallOptions } from "../backend/backend.ts";
import type { LedgerError } from "../errors/ledger-error.ts";
import type { Dictionary } from "../journal/event.ts";
import type { ForkOrigin } from "../journal/fork-origin.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import type { RunCreated } from "../journal/run-created.ts";
import type { MetricDefinition } from "../journal/run-record.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { RunContext } from "./run-context.ts";

/**
 * What adapters need from a run beside its public members. The run may be of another copy of the library, so this
 * interface only grows.
 */
export interface RunInside {
  /** Passes trouble to `onError` of the ledger. */
  report(error: LedgerError): void;
  /** Does what `ledger.openArtifact` does. */
  openArtifact(ref: ArtifactRef, options?: CallOptions): Promise<OpenArtifact>;
  /** Does what `ledger.artifactVersions` does. */
  artifactVersions(name: string, options?: CallOptions): Promise<ArtifactVersion[]>;
  /** Returns where a run was forked. Reads the beginning of another run than this one. */
  forkOrigin(id: string, options?: CallOptions): Promise<ForkOrigin | undefined>;
  /** Returns the goal of a metric, by its own definition or by one of a glob. */
  goalOf(metric: string): Promise<MetricDefinition["goal"]>;
  /** Resolves once the backend has acknowledged the points that were logged before the call. Waits for nothing else. */
  flushPoints(): Promise<void>;
  /** Flushes the points, and returns the greatest step of the metric that is stored. */
  lastStepOf(metric: string, options?: CallOptions): Promise<number | undefined>;
  /** Does what `ledger.setAlias` does. */
  setAlias(name: string, version: string, alias: string): Promise<ArtifactVersion>;
}

/** The key of the {@link RunInside} of a run. All copies of the library share it. */
export const RUN_INSIDE: unique symbol = Symbol.for("runledger.RunInside");

const beginnings = /* @__PURE__ */ onDemand(() => import("../journal/read-run-beginning.ts"));
const states = /* @__PURE__ */ onDemand(() => import("../journal/run-state.ts"));
const globs = /* @__PURE__ */ onDemand(() => import("../journal/metric-glob.ts"));

/** Returns the inside of a run. `definitions`: of its metrics, as they are at each moment. */
export function runInside(
  { artifacts, backend }: RunContext,
  created: RunCreated,
  writer: JournalWriter,
  definitions: Dictionary<MetricDefinition>,
): RunInside {
  return {
    report: (error) => writer.report(error),
    openArtifact: async (ref, options) => await (await artifacts()).open(ref, options),
    artifactVersions: async (name, options) => await (await artifacts()).versions(name, options),
    forkOrigin: async (id, options) =>
      (id === created.id ? created : await (await beginnings()).readRunBeginning(backend, id, options)).forkOf,
    goalOf: async (metric) => (await globs()).definitionOf(metric, definitions)?.goal,
    flushPoints: () => writer.flush(),
    lastStepOf: async (metric, options = {}) => {
      await writer.flush();
      const { record } = await (await states()).readRecord(backend, created.id, async () => created, options);
      return Object.hasOwn(record.metrics, metric) ? record.metrics[metric]?.last.step : undefined;
    },
    setAlias: async (name, version, alias) => await (await artifacts()).setAlias(name, version, alias),
  };
}
