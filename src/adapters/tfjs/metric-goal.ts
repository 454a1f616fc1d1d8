import { type AnyRun, insideOf } from "./run-inside.ts";

/** Whether a metric is to be small or great. */
type Goal = "minimize" | "maximize";

const GOALS: readonly (readonly [RegExp, Goal])[] = [
  [/(^|_|\b)loss$/i, "minimize"],
  [/(mse|mae|mape|meanSquaredError|meanAbsoluteError|meanAbsolutePercentageError|crossentropy)(_\d+)?$/i, "minimize"],
  [/(accuracy|precision|recall)(_\d+)?$/i, "maximize"],
];

/** The metrics of each run with goals that this adapter guessed. */
const guessed = new WeakMap<AnyRun, Set<string>>();

/** Returns the goal of a metric of TF.js: small losses, great accuracies. Returns `undefined` for other metrics. */
export function knownGoal(name: string): Goal | undefined {
  return GOALS.find(([pattern]) => pattern.test(name))?.[1];
}

/** Defines the goal of a metric, unless it has one. */
export async function guessGoal(run: AnyRun, name: string, goal: Goal): Promise<void> {
  if ((await insideOf(run).goalOf(name)) !== undefined) return;
  const names = guessed.get(run) ?? new Set();
  guessed.set(run, names.add(name));
  run.defineMetric(name, { goal });
}

/** Defines the goal of a metric, unless the program has defined one. */
export async function setGoal(run: AnyRun, name: string, goal: Goal): Promise<void> {
  const current = await insideOf(run).goalOf(name);
  if (current === goal || (current !== undefined && !guessed.get(run)?.has(name))) return;
  run.defineMetric(name, { goal });
}
