// Compiled by `npm run typecheck`, never run: the message for a wrong metric of a typed experiment names the metric, and
// those that the experiment has. The compiler prints the type that a metric must have: `Type 'number' is not assignable
// to type 'UnknownMetric<"wrongName", "loss" | "val/loss">'`.
import type { LoggedMetrics, UnknownMetric } from "../../src/run/metric-names.ts";

type Names = "loss" | "val/loss" | `layer/${string}`;
type Same<A, B> = [A, B] extends [B, A] ? true : false;
const isTrue = <T extends true>(value: T): T => value;

isTrue<Same<LoggedMetrics<{ loss: number }, Names>, { loss: number }>>(true);
isTrue<Same<LoggedMetrics<{ "layer/1": 2 }, Names>, { "layer/1": 2 }>>(true);
isTrue<Same<LoggedMetrics<{ wrong: number }, Names>, { readonly wrong: UnknownMetric<"wrong", Names> }>>(true);
// Of two metrics only the wrong one.
isTrue<
  Same<
    LoggedMetrics<{ loss: number; wrong: number }, Names>,
    { readonly loss: number | bigint | undefined; readonly wrong: UnknownMetric<"wrong", Names> }
  >
>(true);
// The whole name of a nested metric.
isTrue<
  Same<
    LoggedMetrics<{ val: { accuracy: number } }, Names>,
    { readonly val: { readonly accuracy: UnknownMetric<"val/accuracy", Names> } }
  >
>(true);
// A known metric that is not a number.
isTrue<Same<LoggedMetrics<{ loss: string }, Names>, { readonly loss: number | bigint | undefined }>>(true);
isTrue<Same<LoggedMetrics<Record<string, number>, Names>, { readonly [name: string]: UnknownMetric<string, Names> }>>(
  true,
);
// @ts-expect-error -- the types above are compared
isTrue<Same<LoggedMetrics<{ wrong: number }, Names>, { readonly wrong: UnknownMetric<"loss", Names> }>>(true);
