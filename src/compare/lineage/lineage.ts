/** A run, an artifact version or a data set of a lineage. */
export type LineageNode =
  | {
      /** Marks a run. */
      readonly kind: "run";
      /** The id of the run. */
      readonly id: string;
      /** The name of the run. Its id if the run is not in the ledger. */
      readonly name: string;
      /** Set if the run is deleted. */
      readonly deleted?: true;
      /** Set if the run was purged: removed for good. */
      readonly purged?: true;
    }
  | {
      /** Marks a version of an artifact. */
      readonly kind: "artifact";
      /** The version: `model:v3`. */
      readonly ref: string;
      /** The digest of its content. */
      readonly digest: string;
      /** Set if the version was removed for good. */
      readonly removed?: true;
    }
  | {
      /** Marks a data set. */
      readonly kind: "dataset";
      /** The name of the data set. */
      readonly name: string;
      /** The digest of its content. */
      readonly digest: string;
    };

/** How one thing led to another. */
export interface LineageEdge {
  /** The cause, as {@link lineageKey} names it: the id of a run, `model:v3`, or `name@digest` of a data set. */
  readonly from: string;
  /** The effect. */
  readonly to: string;
  /**
   * `made`: a run made a version. `used`: a run used a version or a data set. `parent`: a run started another one.
   * `forked`: a run continues another one's history. `resumed`: a run went on after it was closed.
   */
  readonly kind: "made" | "used" | "parent" | "forked" | "resumed";
}

/** What led to something, and what came of it. */
export interface Lineage {
  /** The things, those of the question first, then by distance. */
  readonly nodes: readonly LineageNode[];
  /** How they led to each other, sorted by cause, effect and kind. */
  readonly edges: readonly LineageEdge[];
  /** Set if there is more than fits: 10,000 nodes and 100,000 edges. */
  readonly truncated?: true;
}

/** Returns the text that names a node in edges. `%` and `@` in the name of a data set are percent-encoded. */
export function lineageKey(node: LineageNode): string {
  if (node.kind === "run") return node.id;
  if (node.kind === "artifact") return node.ref;
  return `${node.name.replaceAll("%", "%25").replaceAll("@", "%40")}@${node.digest}`;
}
