import type { ReproductionCheck } from "runledger/compare";

/** Kinds of inputs that a reproduction must have in common with the original. */
const NEEDED = ["code", "data", "artifact", "params"];

/** Prints whether a run was reproduced. Returns `false` also if the metrics are the same but an input differs. */
export function printCheck({ reproduced, inputs, metrics, because }: ReproductionCheck): boolean {
  console.log("\nInputs:\n");
  for (const { kind, name, same } of inputs)
    if (same !== true || NEEDED.includes(kind))
      console.log(`  ${{ true: "same   ", false: "DIFFERS", unknown: "unknown" }[String(same)]}  ${kind}: ${name}`);
  console.log("\nMetrics, the last values:\n");
  for (const { name, original, again, within } of metrics)
    console.log(`  ${within ? "same   " : "DIFFERS"}  ${name}: ${original} and ${again}`);
  const differing = inputs.filter(({ kind, same }) => same === false && NEEDED.includes(kind));
  if (!reproduced) console.log(`\nNot reproduced. Why, the most telling reason first:\n\n  ${because.join("\n  ")}`);
  else if (differing.length > 0)
    console.log(`\nThe metrics are the same, but not the inputs: ${differing.map(({ name }) => name).join(", ")}`);
  else console.log("\nReproduced: all metrics are equal within 1e-6.");
  return reproduced && differing.length === 0;
}
