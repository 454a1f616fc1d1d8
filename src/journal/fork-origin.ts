import type { Dictionary } from "./event.ts";
import { isDictionary, isInteger } from "./record-checks.ts";
import { ID_PATTERN } from "./run-id.ts";

/** Where a run was forked from another one. */
export interface ForkOrigin {
  /** The id of the other run. */
  readonly run: string;
  /** The last step that both have in common. */
  readonly step: number;
}

/** Returns whether stored data says where a run was forked. */
export function isForkOrigin(value: unknown): value is ForkOrigin & Dictionary {
  return (
    isDictionary(value) && typeof value["run"] === "string" && ID_PATTERN.test(value["run"]) && isInteger(value["step"])
  );
}
