import { checkChoice } from "../../arguments/choice.ts";
import { invalidArgument, LedgerError } from "../../errors/ledger-error.ts";
import { BUCKETS, COARSE_BUCKETS } from "../overview/bucket-columns.ts";
import type { Level } from "../overview/extremes.ts";

/** How to choose among the points of a series. */
export type SampleMethod = "minmax" | "lttb";

/** Throws `INVALID_ARGUMENT` unless `samples` is an integer of at least 2 and `method` a known one. */
export function checkSampling(samples: number, method: SampleMethod): void {
  if (typeof samples !== "number") throw invalidArgument("samples", "an integer of at least 2", samples);
  if (!Number.isSafeInteger(samples) || samples < 2) {
    const message = `samples must be an integer of at least 2, but is ${samples}`;
    throw new LedgerError("INVALID_ARGUMENT", message, { field: "samples", received: "number" });
  }
  checkChoice("method", method, ["minmax", "lttb"]);
}

/**
 * The level of detail that a sample of a series of `n` points is made from, `undefined` where it takes the points
 * themselves. (A series of no more than 500 points is whole in either level.)
 */
export function levelFor(n: number, samples: number, method: SampleMethod): Level | undefined {
  if (n <= BUCKETS) return COARSE_BUCKETS;
  if (n <= samples) return undefined;
  if (method === "lttb") return samples <= BUCKETS ? BUCKETS : undefined;
  return samples <= BUCKETS ? COARSE_BUCKETS : samples <= 2 * BUCKETS ? BUCKETS : undefined;
}
