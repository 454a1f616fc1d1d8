import type { ArtifactVersion } from "../artifacts/version.ts";
import { ownValue } from "../bytes/dictionary.ts";
import { concernsOneObject, LedgerError } from "../errors/ledger-error.ts";
import { definitionOf } from "../journal/metric-glob.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { mapBounded } from "../platform/bounded.ts";
import { breakIfDue, inSlices } from "../platform/event-loop.ts";
import { sortInPieces } from "../platform/sort-in-pieces.ts";

const RUNS_AT_ONCE = 16;

type Goal = "minimize" | "maximize";

/** What judges versions: their metadata and the runs that recorded them. */
export interface JudgedBy {
  readonly metric: string;
  /** How many of the best stay. */
  readonly k: number;
  /** Returns the ids of all runs that recorded the version as their own. */
  readonly makersOf: (version: ArtifactVersion) => readonly string[];
  readonly readRun: (id: string, signal: AbortSignal | undefined) => Promise<RunRecord>;
  readonly signal: AbortSignal | undefined;
}

/** What a run says about a metric. */
interface Judgement {
  readonly goal: Goal | undefined;
  readonly isDeleted: boolean;
  /** The extremes. Both are NaN if each value is. Absent if the run has no such metric. */
  readonly values: { readonly min: number; readonly max: number } | undefined;
}

/** A version with a value of its own, or a run with all its versions that have none. */
interface Candidate {
  readonly min: number;
  readonly max: number;
  readonly versions: ArtifactVersion[];
}

/** Finds the best versions of artifacts by a metric. */
export class BestVersions {
  readonly #by: JudgedBy;
  /** `undefined`: the run was purged or is damaged. */
  readonly #judgements = new Map<string, Judgement | undefined>();
  #hasSeen = false;
  #hasJudged = false;

  constructor(by: JudgedBy) {
    this.#by = by;
  }

  /** Returns the best of the versions of one artifact, and those that nothing judges. `versions`: oldest first. */
  async kept(versions: readonly ArtifactVersion[]): Promise<ReadonlySet<ArtifactVersion>> {
    const { metric, k } = this.#by;
    const makers = new Map<ArtifactVersion, readonly string[]>();
    for (const version of versions) {
      makers.set(version, this.#by.makersOf(version));
      await breakIfDue();
    }
    const ids = new Set([...makers.values()].flat());
    await this.#readRuns([...ids].filter((id) => !this.#judgements.has(id)));
    const kept = new Set<ArtifactVersion>();
    const candidates = new Map<ArtifactVersion | string, Candidate>();
    for (const [version, runs] of makers) {
      await breakIfDue();
      const own = numberAt(version.metadata, metric);
      if (own !== undefined) {
        candidates.set(version, { min: own, max: own, versions: [version] });
        continue;
      }
      const isUnknown = runs.some((id) => this.#judgements.get(id) === undefined);
      const judging = runs.flatMap((id) => {
        const values = this.#values(id);
        return values === undefined ? [] : [{ id, values }];
      });
      if (isUnknown || judging.length === 0) kept.add(version);
      for (const { id, values } of judging) {
        const known = candidates.get(id);
        if (known === undefined) candidates.set(id, { ...values, versions: [version] });
        else known.versions.push(version);
      }
    }
    this.#hasSeen ||= versions.length > 0;
    if (candidates.size === 0) return kept;
    this.#hasJudged = true;
    const goal = this.#goalOf([...ids]);
    const lowerIsBetter = ({ min, max }: Candidate): number => (goal === "minimize" ? min : -max);
    const ranked = await inSlices(
      sortInPieces([...candidates.values()], (a, b) => compare(lowerIsBetter(a), lowerIsBetter(b))),
    );
    for (const { versions: best } of ranked.slice(0, k)) for (const version of best) kept.add(version);
    return kept;
  }

  /** Throws `INVALID_ARGUMENT` if there were versions, and nothing judged any of them. */
  assertJudged(): void {
    if (!this.#hasSeen || this.#hasJudged) return;
    const metric = JSON.stringify(this.#by.metric);
    const message = `keepBest.metric: no run that recorded a version has a metric ${metric}, and no version has such a number in its metadata`;
    throw new LedgerError("INVALID_ARGUMENT", message, { field: "keepBest.metric", received: "string" });
  }

  /** Returns the values of a run that counts. A deleted run does not: what it says may be why it was deleted. */
  #values(id: string): Judgement["values"] {
    const judgement = this.#judgements.get(id);
    return judgement?.isDeleted ? undefined : judgement?.values;
  }

  async #readRuns(ids: readonly string[]): Promise<void> {
    const { metric, readRun, signal } = this.#by;
    const read = await mapBounded(ids, RUNS_AT_ONCE, signal, async (id, stop) => {
      try {
        return judgementOf(await readRun(id, stop), metric);
      } catch (error) {
        if (!concernsOneObject(error)) throw error;
        return undefined;
      }
    });
    for (const [i, id] of ids.entries()) this.#judgements.set(id, read[i]);
  }

  /** Returns the goal that the runs define. Deleted runs count only if no other says it. */
  #goalOf(ids: readonly string[]): Goal {
    const { metric } = this.#by;
    const refuse = (why: string): LedgerError =>
      new LedgerError("INVALID_ARGUMENT", `keepBest.metric: ${why}`, { field: "keepBest.metric", received: "string" });
    for (const isDeleted of [false, true]) {
      const runs = new Map<Goal, string>();
      for (const id of ids) {
        const judgement = this.#judgements.get(id);
        if (judgement?.goal !== undefined && judgement.isDeleted === isDeleted) runs.set(judgement.goal, id);
      }
      const [low, high] = [runs.get("minimize"), runs.get("maximize")];
      const name = JSON.stringify(metric);
      if (low !== undefined && high !== undefined)
        throw refuse(`for run ${low} a low ${name} is better, for run ${high} a high one`);
      if (low !== undefined) return "minimize";
      if (high !== undefined) return "maximize";
    }
    const name = JSON.stringify(metric);
    const advice = `call run.defineMetric(${name}, { goal: "minimize" })`;
    const runs = ids.length === 1 ? `run ${ids[0]} does not say` : "no run says";
    throw refuse(`${runs} whether a low or a high ${name} is better: ${advice}`);
  }
}

function judgementOf({ metrics, metricDefinitions, deletedAt }: RunRecord, metric: string): Judgement {
  const summary = ownValue(metrics, metric);
  return {
    goal: definitionOf(metric, metricDefinitions)?.goal,
    isDeleted: deletedAt !== undefined,
    values: summary && { min: summary.min?.value ?? Number.NaN, max: summary.max?.value ?? Number.NaN },
  };
}

/**
 * Returns the number that metadata has under the name of a metric: `metadata["val/loss"]`, or `metadata.val.loss`, as
 * `log` names nested values.
 */
function numberAt(metadata: unknown, metric: string): number | undefined {
  let at: unknown = metadata;
  let rest = metric;
  for (;;) {
    if (typeof at !== "object" || at === null || Array.isArray(at)) return undefined;
    const value = ownMember(at, rest);
    if (typeof value === "number") return value;
    const slash = rest.indexOf("/");
    if (slash === -1) return undefined;
    at = ownMember(at, rest.slice(0, slash));
    rest = rest.slice(slash + 1);
  }
}

function ownMember(object: object, name: string): unknown {
  return Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined;
}

/** Orders numbers, NaN last. */
function compare(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a < b ? -1 : a > b ? 1 : 0;
}
