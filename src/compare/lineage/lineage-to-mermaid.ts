import { lineageLabel } from "./lineage-label.ts";
import { writeLineage } from "./check-lineage.ts";
import { type Lineage, lineageKey, type LineageNode } from "./lineage.ts";

/** The shapes of nodes: a rounded box, a box and a cylinder. */
const SHAPES: { readonly [kind in LineageNode["kind"]]: readonly [open: string, close: string] } = {
  run: ["(", ")"],
  artifact: ["[", "]"],
  dataset: ["[(", ")]"],
};

/**
 * Returns a lineage as a flowchart of Mermaid. Names cannot end their label or begin
 * anything else. Throws `INVALID_ARGUMENT` for anything that is not a lineage.
 */
export function lineageToMermaid(lineage: Lineage): string {
  return writeLineage(lineage, writeMermaid);
}

function writeMermaid({ nodes, edges }: Lineage): string {
  const ids = new Map(nodes.map((node, i) => [lineageKey(node), `n${i}`]));
  const lines = nodes.map((node, i) => {
    const [open, close] = SHAPES[node.kind];
    return `  n${i}${open}"${node.kind}: ${escape(lineageLabel(node))}"${close}`;
  });
  for (const { from, to, kind } of edges) {
    const [cause, effect] = [ids.get(from), ids.get(to)];
    if (cause !== undefined && effect !== undefined) lines.push(`  ${cause} -->|${escape(kind)}| ${effect}`);
  }
  return `${["flowchart LR", ...lines].join("\n")}\n`;
}

/** Returns a text with everything but letters, digits and some signs as entities of Mermaid: `#35;`. */
function escape(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}\p{M} ._/:@+,-]/gu, (char) => `#${char.codePointAt(0)};`);
}
