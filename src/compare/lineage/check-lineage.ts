import { invalidArgument, reading } from "../../errors/ledger-error.ts";
import type { Lineage, LineageNode } from "./lineage.ts";

/** The members of each kind of node that are texts. */
const TEXTS: { readonly [kind in LineageNode["kind"]]: readonly string[] } = {
  run: ["id", "name"],
  artifact: ["ref", "digest"],
  dataset: ["name", "digest"],
};

/** Returns the text that `write` makes of a lineage. Throws `INVALID_ARGUMENT` for anything that is not a lineage. */
export function writeLineage(lineage: Lineage, write: (lineage: Lineage) => string): string {
  return reading("lineage", () => {
    const { nodes, edges } = (lineage ?? {}) as { readonly nodes?: unknown; readonly edges?: unknown };
    if (!Array.isArray(nodes) || !Array.isArray(edges))
      throw invalidArgument("lineage", "a result of ledger.lineage", lineage);
    for (const [i, node] of nodes.entries())
      if (!isNode(node)) throw invalidArgument(`lineage.nodes[${i}]`, "a run, an artifact or a data set", node);
    for (const [i, edge] of edges.entries())
      if (!hasTexts(edge, ["from", "to", "kind"])) throw invalidArgument(`lineage.edges[${i}]`, "an edge", edge);
    return write(lineage);
  });
}

function isNode(node: unknown): boolean {
  const { kind } = (node ?? {}) as { readonly kind?: unknown };
  return typeof kind === "string" && Object.hasOwn(TEXTS, kind) && hasTexts(node, TEXTS[kind as keyof typeof TEXTS]);
}

function hasTexts(value: unknown, names: readonly string[]): boolean {
  return names.every((name) => typeof (value as { readonly [name: string]: unknown } | null)?.[name] === "string");
}
