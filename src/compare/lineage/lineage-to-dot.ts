import { lineageLabel } from "./lineage-label.ts";
import { writeLineage } from "./check-lineage.ts";
import { type Lineage, lineageKey, type LineageNode } from "./lineage.ts";

const SHAPES: { readonly [kind in LineageNode["kind"]]: string } = {
  run: "ellipse",
  artifact: "box",
  dataset: "cylinder",
};

/**
 * Returns a lineage as a graph in the DOT language of Graphviz. Names cannot end their text.
 * Throws `INVALID_ARGUMENT` for anything that is not a lineage.
 */
export function lineageToDot(lineage: Lineage): string {
  return writeLineage(lineage, writeDot);
}

function writeDot({ nodes, edges }: Lineage): string {
  const ids = new Map(nodes.map((node, i) => [lineageKey(node), `n${i}`]));
  const lines = nodes.map(
    (node, i) => `  n${i} [shape=${SHAPES[node.kind]}, label="${node.kind}: ${escape(lineageLabel(node))}"];`,
  );
  for (const { from, to, kind } of edges) {
    const [cause, effect] = [ids.get(from), ids.get(to)];
    if (cause !== undefined && effect !== undefined) lines.push(`  ${cause} -> ${effect} [label="${escape(kind)}"];`);
  }
  return `${["digraph lineage {", "  rankdir=LR;", ...lines, "}"].join("\n")}\n`;
}

/** Graphviz reads entities of HTML in its texts, and shows some of them in SVG. */
const ENTITIES: { readonly [char: string]: string } = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };

function escape(text: string): string {
  return text.replaceAll(/[\\"]/g, (char) => `\\${char}`).replaceAll(/[&<>]/g, (char) => ENTITIES[char]!);
}
