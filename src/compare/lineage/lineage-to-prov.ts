import { toWellFormed } from "../../bytes/well-formed.ts";
import { writeLineage } from "./check-lineage.ts";
import { type Lineage, lineageKey, type LineageNode } from "./lineage.ts";

/** The namespaces of the identifiers. */
const PREFIXES = {
  runledger: "urn:runledger:",
  run: "urn:runledger:run:",
  artifact: "urn:runledger:artifact:",
  dataset: "urn:runledger:dataset:",
};

type Statements = { [id: string]: { [attribute: string]: unknown } };

/**
 * Returns a lineage as PROV-JSON of the W3C: runs are activities, versions and data sets are entities, and the edges are
 * `wasGeneratedBy`, `used` and `wasInformedBy`. Names are percent-encoded in identifiers. Throws
 * `INVALID_ARGUMENT` for anything that is not a lineage.
 */
export function lineageToProv(lineage: Lineage): string {
  return writeLineage(lineage, writeProv);
}

function writeProv({ nodes, edges }: Lineage): string {
  const ids = new Map(nodes.map((node) => [lineageKey(node), identifierOf(node)]));
  const entity: Statements = {};
  const activity: Statements = {};
  for (const node of nodes) {
    const attributes = attributesOf(node);
    if (node.kind === "run") activity[identifierOf(node)] = attributes;
    else entity[identifierOf(node)] = attributes;
  }
  const wasGeneratedBy: Statements = {};
  const used: Statements = {};
  const wasInformedBy: Statements = {};
  for (const [i, { from, to, kind }] of edges.entries()) {
    const [cause, effect] = [ids.get(from), ids.get(to)];
    if (cause === undefined || effect === undefined) continue;
    const id = `_:e${i}`;
    if (kind === "made") wasGeneratedBy[id] = { "prov:entity": effect, "prov:activity": cause };
    else if (kind === "used") used[id] = { "prov:activity": effect, "prov:entity": cause };
    else if (kind === "resumed") activity[effect] = { ...activity[effect], "runledger:resumed": true };
    else wasInformedBy[id] = { "prov:informed": effect, "prov:informant": cause, "prov:type": `runledger:${kind}` };
  }
  const document = { prefix: PREFIXES, entity, activity, wasGeneratedBy, used, wasInformedBy };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function identifierOf(node: LineageNode): string {
  return `${node.kind}:${encode(lineageKey(node))}`;
}

function attributesOf(node: LineageNode): { [attribute: string]: unknown } {
  switch (node.kind) {
    case "run":
      return {
        "prov:label": node.name,
        "prov:type": "runledger:run",
        ...(node.deleted && { "runledger:deleted": true }),
        ...(node.purged && { "runledger:purged": true }),
      };
    case "artifact":
      return {
        "prov:label": node.ref,
        "prov:type": "runledger:artifact",
        "runledger:digest": node.digest,
        ...(node.removed && { "runledger:removed": true }),
      };
    default:
      return { "prov:label": node.name, "prov:type": "runledger:dataset", "runledger:digest": node.digest };
  }
}

/** Returns a text as the local part of a qualified name. */
function encode(text: string): string {
  const escaped = encodeURIComponent(toWellFormed(text));
  return escaped.replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
