import {
  type AttributeMember,
  type AttributeTable,
  type CodeAttribute,
  type CodeAttributeTable,
  type ForkAttributeTable,
  runAttributes,
} from "../journal/run-attributes.ts";

/** A member of run records that filters can read. */
type FilteredMember = {
  [M in AttributeMember]: "unfiltered" extends keyof AttributeTable[M]
    ? never
    : "name" extends keyof AttributeTable[M]
      ? M
      : never;
}[AttributeMember];

/**
 * The canonical name of an attribute. Times and `duration` are in ms, and `status` is in lower case. `artifact_uri` is
 * MLflow's; no run has one.
 */
export type AttributeName =
  | AttributeTable[FilteredMember]["name"]
  | CodeAttributeTable[CodeAttribute]["name"]
  | ForkAttributeTable["run"]["name"]
  | "duration"
  | "artifact_uri";

/** Every name of each attribute of a type. */
export type NameOf<T extends "text" | "time"> =
  | (T extends "text" ? CodeAttribute | ForkAttributeTable["run"]["name"] | "forkOf" : never)
  | {
      [M in FilteredMember]: AttributeTable[M]["type"] extends T
        ? M | AttributeTable[M]["name"] | Extract<AttributeTable[M][keyof AttributeTable[M]], readonly string[]>[number]
        : never;
    }[FilteredMember];

/** An attribute that filters can read and compare. */
export interface FilterAttribute {
  readonly name: AttributeName;
  readonly type: "text" | "time" | "duration";
  /** The member of a record that holds it, or of the member `of` of the record. */
  readonly member?: AttributeMember | CodeAttribute | keyof ForkAttributeTable;
  readonly of?: "code" | "forkOf";
  readonly aliases?: readonly string[];
  readonly listed?: true;
}

/** The attributes that filters can read, in the order of their table. */
export const filterAttributes: readonly FilterAttribute[] = [
  ...(runAttributes.filter(({ name, unfiltered }) => name && !unfiltered) as FilterAttribute[]),
  { name: "duration", type: "duration" },
  { name: "artifact_uri", type: "text" },
];

/** The attributes that filters can read, by all their names. */
export const attributesByName: ReadonlyMap<string, FilterAttribute> = new Map(
  filterAttributes.flatMap((attribute) => {
    const { name, member = name, of, aliases = [] } = attribute;
    // `run` is a word for attributes in filters.
    return [name, ...(of === "forkOf" ? [] : [member]), ...aliases].map((each) => [each, attribute]);
  }),
);

/** Returns the attribute of a canonical name. */
export function attributeOf(name: AttributeName): FilterAttribute {
  return attributesByName.get(name)!;
}
