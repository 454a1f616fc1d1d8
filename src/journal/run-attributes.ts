import type { RunRecord } from "./run-record.ts";

/** What the library does with a member of a run record that holds a text or a number. */
interface Descriptor {
  /** Times are in ms since the epoch. */
  readonly type: "text" | "time" | "number";
  /** Some records lack it. */
  readonly optional?: true;
  /** Its column in the catalogue and its name in filters, which take the name of the member, too. Without a name, only the record has it. */
  readonly name?: string;
  /** Its other names in filters. */
  readonly aliases?: readonly string[];
  /** Filters compare it with lists, too: `IN`, `NOT IN`. */
  readonly listed?: true;
  /** It has a column, but no filter reads it. */
  readonly unfiltered?: true;
  /** `startRun` sets it for good. */
  readonly fixed?: true;
  /** Comparisons have it among their `attributes`. */
  readonly compared?: true;
}

/**
 * The attributes of a run: every member of its record that holds a text or a number. From this table follow the check of a record that
 * was read, the columns of segments, in this order, the fields of filters, the columns that a search reads for its `fields`, and the
 * `attributes` of comparisons.
 */
export const RUN_ATTRIBUTES = {
  // Its column is `run_id`.
  id: { type: "text", name: "id", aliases: ["run_id"], listed: true },
  name: { type: "text", name: "name", aliases: ["run_name", "run name", "Run name", "Run Name"] },
  experiment: { type: "text", name: "experiment", listed: true },
  status: { type: "text", name: "status" },
  note: { type: "text", name: "note", optional: true, compared: true },
  parent: { type: "text", name: "parent", optional: true, listed: true, fixed: true, compared: true },
  group: { type: "text", name: "group", optional: true, listed: true, fixed: true, compared: true },
  jobType: { type: "text", name: "job_type", optional: true, listed: true, fixed: true, compared: true },
  startTime: { type: "time", name: "start_time", aliases: ["created", "Created"] },
  endTime: { type: "time", name: "end_time", optional: true },
  // The `view` of a query selects deleted runs.
  deletedAt: { type: "time", name: "deleted_at", optional: true, unfiltered: true },
  lastActivity: { type: "time" },
  dropped: { type: "number" },
} as const;

/** The type of the table. */
export type AttributeTable = typeof RUN_ATTRIBUTES;

/** A member of a run record that holds a text or a number. */
export type AttributeMember = {
  [M in keyof RunRecord]-?: NonNullable<RunRecord[M]> extends string | number ? M : never;
}[keyof RunRecord];

/** Does not compile if the table lacks a member of the record, describes it wrongly, or has anything else. */
const TABLE: Every<Descriptor> & Matching & Known = RUN_ATTRIBUTES;
type Every<D> = { readonly [M in AttributeMember]: D };
type Matching = {
  readonly [M in AttributeMember]: (NonNullable<RunRecord[M]> extends string
    ? { readonly type: "text" }
    : { readonly type: "time" } | { readonly type: "number"; readonly name?: never }) &
    (object extends Pick<RunRecord, M> ? { readonly optional: true } : { readonly optional?: never });
};
type Known = {
  readonly [M in keyof AttributeTable]: M extends AttributeMember
    ? { readonly [K in keyof AttributeTable[M]]: K extends keyof Descriptor ? AttributeTable[M][K] : never }
    : never;
};

export interface RunAttribute extends Descriptor {
  readonly member: AttributeMember;
}

/** The table as a list. */
export const runAttributes: readonly RunAttribute[] = /* @__PURE__ */ (Object.keys(TABLE) as AttributeMember[]).map(
  (member) => ({ member, ...TABLE[member] }),
);

/** An attribute that `startRun` sets for good. */
export type FixedAttribute = {
  [M in AttributeMember]: AttributeTable[M] extends { readonly fixed: true } ? M : never;
}[AttributeMember];
export type FixedAttributes = { readonly [M in FixedAttribute]?: string | undefined };

export const fixedAttributes: readonly FixedAttribute[] = /* @__PURE__ */ runAttributes.flatMap(({ member, fixed }) =>
  fixed ? [member as FixedAttribute] : [],
);

/** Returns the attributes that `startRun` sets for good, without those that are undefined. */
export function pickFixed(source: FixedAttributes): { readonly [M in FixedAttribute]?: string } {
  const picked: { [M in FixedAttribute]?: string } = {};
  for (const member of fixedAttributes) {
    const value = source[member];
    if (value !== undefined) picked[member] = value;
  }
  return picked;
}
