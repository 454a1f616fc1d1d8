import { type AttributeMember, type AttributeTable, runAttributes } from "../journal/run-attributes.ts";

type Filtered = {
  [M in AttributeMember]: AttributeTable[M] extends { readonly name: string }
    ? AttributeTable[M] extends { readonly unfiltered: true }
      ? never
      : AttributeTable[M] & { readonly member: M }
    : never;
}[AttributeMember];

/**
 * What a run has one of, by its canonical name. Times and `duration` are in ms, and `status` is in lower case. `artifact_uri` is MLflow's:
 * no run has one.
 */
export type AttributeName = Filtered["name"] | "duration" | "artifact_uri";

/** Every name of the attributes of a type. */
export type NameOf<T extends "text" | "time"> = NamesOf<Extract<Filtered, { readonly type: T }>>;
type NamesOf<A> = A extends { readonly name: infer N; readonly member: infer M }
  ? N | M | (A extends { readonly aliases: readonly (infer Alias)[] } ? Alias : never)
  : never;

/** An attribute as filters read and compare it. */
export interface FilterAttribute {
  readonly name: AttributeName;
  readonly type: "text" | "time" | "duration";
  /** The member of a record that holds it. */
  readonly member?: AttributeMember;
  readonly aliases?: readonly string[];
  readonly listed?: true;
}

export const filterAttributes: readonly FilterAttribute[] = [
  ...(runAttributes.filter(({ name, unfiltered }) => name && !unfiltered) as FilterAttribute[]),
  { name: "duration", type: "duration" },
  { name: "artifact_uri", type: "text" },
];

/** Attributes by all their names. */
export const attributesByName: ReadonlyMap<string, FilterAttribute> = new Map(
  filterAttributes.flatMap((attribute) => {
    const { name, member = name, aliases = [] } = attribute;
    return [name, member, ...aliases].map((each) => [each, attribute]);
  }),
);

export function attributeOf(name: AttributeName): FilterAttribute {
  return attributesByName.get(name)!;
}
