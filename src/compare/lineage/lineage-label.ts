import { toWellFormed } from "../../bytes/well-formed.ts";
import type { LineageNode } from "./lineage.ts";

/** The longest name in a drawing, in code points. */
const MAX_CHARS = 200;
/** How much of a digest tells data sets of one name apart. */
const DIGEST_CHARS = 8;

/** Control characters, line separators, and signs that change the direction of writing. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Returns what a drawing says of a node: one line without control characters. Runs and data sets may share a name. */
export function lineageLabel(node: LineageNode): string {
  if (node.kind === "artifact") return oneLine(node.ref);
  const name = oneLine(node.name);
  if (node.kind === "run") return node.id === node.name ? name : `${name}, ${oneLine(node.id)}`;
  const from = node.digest.lastIndexOf(":") + 1;
  return `${name}@${oneLine(node.digest.slice(from, from + DIGEST_CHARS))}`;
}

function oneLine(text: string): string {
  const line = toWellFormed(text).replaceAll(UNSEEN, " ");
  const chars = [...line];
  return chars.length > MAX_CHARS ? `${chars.slice(0, MAX_CHARS).join("")}…` : line;
}
