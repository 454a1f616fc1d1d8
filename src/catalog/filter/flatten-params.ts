import type { Dictionary } from "../../journal/event.ts";
import type { ParamValue } from "./row.ts";

/**
 * The leaves of params by their paths: `optimizer.lr`, `layers.0`. Where two leaves have one path, since keys may contain dots,
 * the one nested less counts, then the first. An integer that no number holds exactly is its digits as text.
 */
export function flattenParams(params: Dictionary): Map<string, ParamValue> {
  const leaves = new Map<string, ParamValue>();
  let level: (readonly [prefix: string, value: object])[] = [["", params]];
  while (level.length > 0) {
    const next: typeof level = [];
    for (const [prefix, parent] of level) {
      for (const [key, value] of Object.entries(parent) as [string, unknown][]) {
        const path = prefix + key;
        if (typeof value === "object" && value !== null) next.push([`${path}.`, value]);
        else if (!leaves.has(path)) {
          const leaf = typeof value === "bigint" ? toNumber(value) : value;
          if (leaf !== undefined) leaves.set(path, leaf as ParamValue);
        }
      }
    }
    level = next;
  }
  return leaves;
}

function toNumber(value: bigint): number | string {
  const number = Number(value);
  return Number.isFinite(number) && BigInt(number) === value ? number : String(value);
}
