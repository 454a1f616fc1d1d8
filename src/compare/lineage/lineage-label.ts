import { toWellFormed } from "../../bytes/well-formed.ts";
import type { LineageNode } from "./lineage.ts";

/** The longest text of a node in a drawing, in code points. */
const MAX_CHARS = 200;

/** Control characters, line separators, and signs that change the direction of writing. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Returns what a drawing says of a node: one line without control characters. */
export function lineageLabel(node: LineageNode): string {
  const text = node.kind === "artifact" ? node.ref : node.name;
  const line = toWellFormed(text).replaceAll(UNSEEN, " ");
  const chars = [...line];
  return chars.length > MAX_CHARS ? `${chars.slice(0, MAX_CHARS).join("")}…` : line;
}
