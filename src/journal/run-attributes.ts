import type { RecordedCode } from "./recorded-code.ts";
import type { RunRecord } from "./run-record.ts";

/** What the library does with an attribute: a member of run records that holds a text or a number. */
interface Descriptor {
  /** Times are in ms since the epoch. */
  readonly type: "text" | "time" | "number";
  /** Not every run has it. */
  readonly optional?: true;
  /**
   * The column of the catalogue that holds it, and its canonical name in filters. Filters also take the name of the
   * member. Only the record has an attribute without a name.
   */
  readonly name?: string;
  /** More names in filters. */
  readonly aliases?: readonly string[];
  /** Filters can compare it with lists: `IN`, `NOT IN`. */
  readonly listed?: true;
  /** It has a column, but filters do not know it. */
  readonly unfiltered?: true;
  /** An option of `startRun` sets it, and nothing changes it later. */
  readonly fixed?: true;
  /** It is among the `attributes` of comparisons. */
  readonly compared?: true;
  /** It is a member of this member of the record. Of a value that is no text, it is the text. */
  readonly of?: "code" | "forkOf";
}

/**
 * The attributes of a run. This table decides how a record is checked when it is read, which columns the segments of
 * the catalogue have and in which order, what filters know, which `fields` a search reads from columns, and what
 * comparisons compare.
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
  // The `view` of a query selects deleted runs instead.
  deletedAt: { type: "time", name: "deleted_at", optional: true, unfiltered: true },
  lastActivity: { type: "time" },
  dropped: { type: "number" },
} as const;

/** Attributes that are members of the `code` of a record. Searches can read them, too. */
const CODE_ATTRIBUTES = {
  commit: { type: "text", name: "commit", optional: true, listed: true, of: "code" },
  branch: { type: "text", name: "branch", optional: true, listed: true, of: "code" },
  // The texts "true", "false" and "unknown".
  dirty: { type: "text", name: "dirty", optional: true, of: "code" },
} as const;

/** Attributes that are members of the `forkOf` of a record. */
const FORK_ATTRIBUTES = {
  run: { type: "text", name: "fork_of", aliases: ["forkOf"], optional: true, listed: true, of: "forkOf" },
} as const;

/** The type of the table. */
export type AttributeTable = typeof RUN_ATTRIBUTES;
/** The type of the table of code. */
export type CodeAttributeTable = typeof CODE_ATTRIBUTES;
/** A member of the `code` of a record that searches can read. */
export type CodeAttribute = keyof CodeAttributeTable;

/** A member of a run record that holds a text or a number. */
export type AttributeMember = {
  [M in keyof RunRecord]-?: NonNullable<RunRecord[M]> extends string | number ? M : never;
}[keyof RunRecord];

/** Does not compile if the table lacks an attribute of a record, describes one wrongly, or has anything else. */
const TABLE: Complete & Matching & Known = RUN_ATTRIBUTES;
type Complete = { readonly [M in AttributeMember]: Descriptor };
/**
 * What is optional in a record is optional in the table. Plain numbers have no column: segments hold texts and times.
 */
type Matching = {
  readonly [M in AttributeMember]: (NonNullable<RunRecord[M]> extends string
    ? { readonly type: "text" }
    : { readonly type: "time" } | { readonly type: "number"; readonly name?: never }) &
    (object extends Pick<RunRecord, M> ? { readonly optional: true } : { readonly optional?: never });
};
/** The table has attributes and members of descriptors, and nothing else. */
type Known = {
  readonly [M in keyof AttributeTable]: M extends AttributeMember
    ? { readonly [K in keyof AttributeTable[M]]: K extends keyof Descriptor ? AttributeTable[M][K] : never }
    : never;
};

/** Does not compile if the table has anything that recorded code lacks. */
const CODE_TABLE: { readonly [M in CodeAttribute]: Descriptor & { readonly of: "code" } } & {
  readonly [M in Exclude<CodeAttribute, keyof RecordedCode>]: never;
} = CODE_ATTRIBUTES;

/** The type of the table of forks. */
export type ForkAttributeTable = typeof FORK_ATTRIBUTES;

/** An attribute with its descriptor. */
export interface RunAttribute extends Descriptor {
  readonly member: AttributeMember | CodeAttribute | keyof ForkAttributeTable;
}

/** All tables as a list. */
export const runAttributes: readonly RunAttribute[] = /* @__PURE__ */ listAttributes();

function listAttributes(): RunAttribute[] {
  return [
    ...(Object.keys(TABLE) as AttributeMember[]).map((member) => ({ member, ...TABLE[member] })),
    ...(Object.keys(CODE_ATTRIBUTES) as CodeAttribute[]).map((member) => ({ member, ...CODE_TABLE[member] })),
    { member: "run", ...FORK_ATTRIBUTES.run },
  ];
}

/** Returns the value of an attribute, or `undefined` if the run has none. */
export function attributeValue(
  record: Pick<RunRecord, AttributeMember | "code" | "forkOf">,
  attribute: { readonly member: RunAttribute["member"]; readonly of?: RunAttribute["of"] | undefined },
): string | number | undefined {
  if (attribute.of === undefined) return record[attribute.member as AttributeMember];
  if (attribute.of === "forkOf") return record.forkOf?.run;
  const value = record.code?.[attribute.member as CodeAttribute];
  return value === undefined ? undefined : String(value);
}

/** An attribute that an option of `startRun` sets for good. */
export type FixedAttribute = {
  [M in AttributeMember]: AttributeTable[M] extends { readonly fixed: true } ? M : never;
}[AttributeMember];
/** Values of the attributes that options of `startRun` set for good. */
export type FixedAttributes = { readonly [M in FixedAttribute]?: string | undefined };

/** The attributes that options of `startRun` set for good. */
export const fixedAttributes: readonly FixedAttribute[] = /* @__PURE__ */ runAttributes.flatMap(({ member, fixed }) =>
  fixed ? [member as FixedAttribute] : [],
);

/** Returns the values of the attributes that options of `startRun` set for good, without those that are undefined. */
export function pickFixed(source: FixedAttributes): { readonly [M in FixedAttribute]?: string } {
  const picked: { [M in FixedAttribute]?: string } = {};
  for (const member of fixedAttributes) {
    const value = source[member];
    if (value !== undefined) picked[member] = value;
  }
  return picked;
}
