import { REPETITION } from "./format-numbers.ts";
import type { Fields } from "./thrift.ts";

export interface ColumnSchema {
  readonly name: string;
  /** Place among the column chunks of each row group. */
  readonly index: number;
  readonly type: number;
  /** Pages begin with definition levels. */
  readonly optional: boolean;
}

/** The columns by their names, in order. Throws a RangeError if there are columns in columns, lists, or a name twice. */
export function readFlatSchema(elements: readonly Fields[]): Map<string, ColumnSchema> {
  const leaves = elements.slice(1);
  if (elements[0]?.integer(5) !== leaves.length) throw new RangeError("the schema is not flat");
  const found = new Map<string, ColumnSchema>();
  for (const [index, leaf] of leaves.entries()) {
    const name = leaf.text(4);
    const repetition = leaf.integer(3);
    if (leaf.has(5) || repetition < REPETITION.required || repetition > REPETITION.optional) {
      throw new RangeError("the schema is not flat");
    }
    if (found.has(name)) throw new RangeError("there are two columns of one name");
    found.set(name, { name, index, type: leaf.integer(1), optional: repetition === REPETITION.optional });
  }
  return found;
}
