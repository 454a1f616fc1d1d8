import { ownValue } from "../bytes/dictionary.ts";
import type { Dictionary } from "./event.ts";
import type { MetricDefinition } from "./run-record.ts";

/**
 * Returns whether a metric name fits a pattern: `*` stands for any characters but `/`, and `**` for any. Takes time in
 * proportion to the product of their lengths.
 */
export function matchesGlob(pattern: string, name: string): boolean {
  // reached[i]: the pattern up to `p` can stand for the first i characters of the name.
  let reached = new Uint8Array(name.length + 1);
  reached[0] = 1;
  for (let p = 0; p < pattern.length; p++) {
    const next = new Uint8Array(name.length + 1);
    if (pattern[p] === "*") {
      const crosses = pattern[p + 1] === "*";
      if (crosses) p++;
      for (let n = 0; n <= name.length; n++) {
        const goesOn = n > 0 && next[n - 1] === 1 && (crosses || name[n - 1] !== "/");
        next[n] = reached[n] === 1 || goesOn ? 1 : 0;
      }
    } else for (let n = 0; n < name.length; n++) if (reached[n] === 1 && name[n] === pattern[p]) next[n + 1] = 1;
    reached = next;
  }
  return reached[name.length] === 1;
}

/**
 * Returns the definition of a metric. Its own definition comes before those of globs, and later globs before earlier
 * ones.
 */
export function definitionOf(name: string, definitions: Dictionary<MetricDefinition>): MetricDefinition | undefined {
  let found: MetricDefinition | undefined;
  for (const pattern of Object.keys(definitions)) {
    if (pattern !== name && pattern.includes("*") && matchesGlob(pattern, name))
      found = { ...found, ...definitions[pattern] };
  }
  const own = ownValue(definitions, name);
  return own ? { ...found, ...own } : found;
}
