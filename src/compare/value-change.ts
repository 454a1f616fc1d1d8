import type { ComparedSection } from "./compared-section.ts";

/** A value that changed between two runs. */
export interface ValueChange<T = unknown> {
  /** The path, its parts joined by dots: `optimizer.lr`. */
  readonly path: string;
  /** The parts of the path. A key with a dot in it stays one part. */
  readonly keys: readonly string[];
  /** Whether only the later run has it, only the earlier one, or both. */
  readonly kind: "added" | "removed" | "changed";
  /** The value of the earlier run. Absent if it has none. */
  readonly before?: T;
  /** The value of the later run. Absent if it has none. */
  readonly after?: T;
}

/** Returns the rows of a comparison of two runs as changes from the first to the second. */
export function valueChanges<T>({ differs }: ComparedSection<T>): ValueChange<T>[] {
  return differs.map(({ path, keys, values: [before, after], present: [was, is] }) => ({
    path,
    keys,
    kind: was && is ? "changed" : is ? "added" : "removed",
    ...(was && { before: before as T }),
    ...(is && { after: after as T }),
  }));
}
