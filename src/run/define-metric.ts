import { checkChoice } from "../arguments/choice.ts";
import { type OptionNames, readOptions } from "../arguments/options.ts";
import type { NewEvent } from "../journal/event.ts";
import type { MetricDefinition } from "../journal/run-record.ts";
import { checkName, checkText } from "./check-text.ts";

/** All names of {@link MetricDefinition}. */
const NAMES: OptionNames<MetricDefinition> = { goal: true, stepMetric: true, unit: true, description: true };

/** Returns the event that records a definition. Throws `INVALID_ARGUMENT`, which names the field. */
export function checkDefinition(name: string, definition: MetricDefinition | undefined): NewEvent {
  checkName(name, "name");
  const { goal, stepMetric, unit, description } = readOptions("defineMetric", definition, NAMES, "definition");
  if (goal !== undefined) checkChoice("goal", goal, ["minimize", "maximize"]);
  return {
    kind: "metric",
    name,
    ...(goal && { goal }),
    ...(stepMetric !== undefined && { stepMetric: checkName(stepMetric, "stepMetric") }),
    ...(unit !== undefined && { unit: checkText(unit, "unit", 100) }),
    ...(description !== undefined && { description: checkText(description, "description", 10_000) }),
  };
}
