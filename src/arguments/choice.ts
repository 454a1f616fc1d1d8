import { type Aliases, didYouMean } from "./did-you-mean.ts";
import { invalidChoice } from "../errors/ledger-error.ts";

/** Names of run statuses in other libraries, and their names here. */
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

/**
 * Throws `INVALID_ARGUMENT` unless the value is one of the choices. The message has the value and the choice that was
 * probably meant.
 */
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
