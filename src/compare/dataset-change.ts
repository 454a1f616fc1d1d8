import type { DatasetColumn } from "../journal/recorded-dataset.ts";
import type { ComparedDataset } from "./compare-records.ts";
import type { ValueChange } from "./value-change.ts";

/** A data set that is not the same in two runs. */
export interface DatasetChange {
  /** The name under which the runs logged it. */
  readonly name: string;
  /** What the runs used it for: `train`, `eval`, … */
  readonly context?: string;
  /** Whether only the later run used it, only the earlier one, or both with other content. */
  readonly kind: "added" | "removed" | "changed";
  /** What the earlier run used: usually one. */
  readonly before: readonly ComparedDataset[];
  /** What the later run used. */
  readonly after: readonly ComparedDataset[];
  /** How many rows the later run has more. Absent if a run does not say. */
  readonly rows?: number;
  /** Columns of the later run alone. Absent if a run does not say. */
  readonly addedColumns?: readonly string[];
  /** Columns of the earlier run alone. */
  readonly removedColumns?: readonly string[];
  /** Columns with another type. */
  readonly retypedColumns?: readonly {
    /** The name of the column. */
    readonly name: string;
    /** Its type in the earlier run. */
    readonly before: string;
    /** Its type in the later run. */
    readonly after: string;
  }[];
}

/** Returns a change of data sets with what differs in their rows and columns. */
export function datasetChange(change: ValueChange<readonly ComparedDataset[]>): DatasetChange {
  const {
    keys: [name = "", context],
    kind,
    before = [],
    after = [],
  } = change;
  const [old, fresh] = [before.at(-1), after.at(-1)];
  const rows = (fresh?.rows ?? Number.NaN) - (old?.rows ?? Number.NaN);
  return {
    name,
    ...(context !== undefined && { context }),
    kind,
    before,
    after,
    ...(!Number.isNaN(rows) && { rows }),
    ...(old?.schema && fresh?.schema && columnChanges(old.schema, fresh.schema)),
  };
}

function columnChanges(
  before: readonly DatasetColumn[],
  after: readonly DatasetColumn[],
): Required<Pick<DatasetChange, "addedColumns" | "removedColumns" | "retypedColumns">> {
  const types = new Map(before.map(({ name, type }) => [name, type]));
  const names = new Set(after.map(({ name }) => name));
  return {
    addedColumns: after.flatMap(({ name }) => (types.has(name) ? [] : [name])),
    removedColumns: before.flatMap(({ name }) => (names.has(name) ? [] : [name])),
    retypedColumns: after.flatMap(({ name, type }) => {
      const old = types.get(name);
      return old === undefined || old === type ? [] : [{ name, before: old, after: type }];
    }),
  };
}
