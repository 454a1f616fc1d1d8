import { type Aliases, didYouMean } from "./did-you-mean.ts";
import { invalidChoice } from "../errors/ledger-error.ts";

/** What others call the statuses of a run. */
export const STATUS_ALIASES: Aliases = {
  success: "finished",
  succeeded: "finished",
  completed: "finished",
  complete: "finished",
  done: "finished",
  ok: "finished",
  failure: "failed",
  error: "failed",
  crashed: "failed",
  canceled: "killed",
  cancelled: "killed",
  aborted: "killed",
  interrupted: "killed",
  stopped: "killed",
};
const ALIASES: Aliases = {
  ...STATUS_ALIASES,
  min: "minimize",
  lower: "minimize",
  max: "maximize",
  higher: "maximize",
};

/** Throws `INVALID_ARGUMENT`, which says what was given and what was probably meant, unless it is one of the words. */
export function checkChoice<T extends string>(
  field: string,
  value: unknown,
  choices: readonly T[],
): asserts value is T {
  if (choices.includes(value as T)) return;
  const words = choices.map((choice) => JSON.stringify(choice));
  const last = words.pop() as string;
  const expected = words.length === 0 ? last : `${words.join(", ")} or ${last}`;
  throw invalidChoice(field, expected, value, didYouMean(value, choices, ALIASES));
}
