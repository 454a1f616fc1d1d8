import { reading } from "../errors/ledger-error.ts";
import type { RecordedVersion } from "../journal/event.ts";
import { runAttributes } from "../journal/run-attributes.ts";
import type { RunRecord, RunStatus } from "../journal/run-record.ts";
import { checkRecords } from "./check-records.ts";
import { type ComparedMetric, compareMetric } from "./compared-metric.ts";
import { alignSection, type ComparedSection, entriesOf, leavesOf } from "./section.ts";

/** A run in the head of a comparison. */
export interface ComparedRun {
  /** The id of the run. */
  readonly id: string;
  /** The name of the run. */
  readonly name: string;
  /** The experiment that the run belongs to. */
  readonly experiment: string;
  /** The status of the run when its record was read. */
  readonly status: RunStatus;
  /** When the run began, in ms since the epoch. */
  readonly startTime: number;
  /** How long the run took, in ms. Absent while it goes on. */
  readonly duration?: number;
}

/** A data set in a comparison. */
export interface ComparedDataset {
  /** The name that the run logged it under. */
  readonly name: string;
  /** The digest of its content. */
  readonly digest: string;
  /** What the run used it for: `train`, `eval`, … */
  readonly context?: string | undefined;
  /** Bytes. */
  readonly size?: number | undefined;
}

const COMPARED = /* @__PURE__ */ runAttributes.filter(({ compared }) => compared);

function attributesOf(record: RunRecord): (readonly [keys: readonly string[], value: string])[] {
  return COMPARED.flatMap(({ member }) => {
    const value = record[member];
    return value === undefined ? [] : [[[member], value as string] as const];
  });
}

/** What may be in a record besides. */
interface Extras {
  readonly code?: unknown;
  readonly datasets?: readonly ComparedDataset[] | undefined;
}

/** Several runs side by side. Every list with one entry per run is in the order of `runs`. */
export interface RunComparison {
  /** The runs, in the order of the ids. */
  readonly runs: readonly ComparedRun[];
  /** Texts of the runs that are not in `runs`, such as `group` and `note`, by their names in records. */
  readonly attributes: ComparedSection<string>;
  /** Params by their paths: `optimizer.lr`. */
  readonly params: ComparedSection;
  /** Tags by their keys. */
  readonly tags: ComparedSection<string>;
  /** What the runs recorded of the machine and the runtime, by path. */
  readonly environment: ComparedSection;
  /** What the runs recorded of their code, by path. */
  readonly code: ComparedSection;
  /** Data sets by name and context. Two are the same if their digests are. */
  readonly datasets: ComparedSection<readonly ComparedDataset[]>;
  /** Artifact versions that the runs used, by name. Two are the same if their digests are. */
  readonly inputs: ComparedSection<readonly RecordedVersion[]>;
  /** Every metric that any of the runs has, by name. */
  readonly metrics: readonly ComparedMetric[];
}

/**
 * Returns what differs between runs and what is the same. Types count: 5 and `"5"` differ, and so do 0 and -0. NaN
 * equals NaN. Throws `INVALID_ARGUMENT` for anything but an array of records.
 */
export function compareRecords(given: readonly RunRecord[]): RunComparison {
  return reading("records", () => {
    const records = checkRecords(given);
    const all: readonly (RunRecord & Extras)[] = records;
    const nested = (name: "params" | "environment" | "code"): ComparedSection =>
      alignSection(all.map((record) => leavesOf(record[name])));
    const digests = (items: readonly { digest: string }[]): string =>
      items
        .map(({ digest }) => digest)
        .sort()
        .join(" ");
    const keys = new Set(records.flatMap(({ metrics }) => Object.keys(metrics)));
    return {
      runs: records.map(({ id, name, experiment, status, startTime, endTime }) => ({
        id,
        name,
        experiment,
        status,
        startTime,
        ...(endTime !== undefined && { duration: endTime - startTime }),
      })),
      attributes: alignSection(all.map(attributesOf)),
      params: nested("params"),
      tags: alignSection(all.map(({ tags }) => entriesOf(tags))),
      environment: nested("environment"),
      code: nested("code"),
      datasets: alignSection(
        all.map(({ datasets = [] }) =>
          datasets.map((item) => [item.context ? [item.name, item.context] : [item.name], [item]]),
        ),
        " / ",
        digests,
      ),
      inputs: alignSection(
        all.map(({ inputs = [] }) => inputs.map((item) => [[item.name], [item]])),
        ".",
        digests,
      ),
      metrics: [...keys].sort().map((key) => compareMetric(records, key)),
    };
  });
}
