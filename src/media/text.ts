import { toWellFormed } from "../bytes/well-formed.ts";
import { asText, type MediaContent } from "./content.ts";
import { tooLarge, wrongInput } from "./wrong-input.ts";

/** Longest text, in UTF-16 code units. */
export const MAX_TEXT_LENGTH: number = 16 * 1024 * 1024;

/** Keeps halves of surrogate pairs as U+FFFD. Throws `INVALID_ARGUMENT` for what is no text, `TOO_LARGE` beyond {@link MAX_TEXT_LENGTH}. */
export function textContent(text: unknown): MediaContent {
  if (typeof text !== "string") throw wrongInput("text", "a string", text);
  if (text.length > MAX_TEXT_LENGTH) throw tooLarge("text", `${text.length} characters`, `${MAX_TEXT_LENGTH}`);
  return asText("text", "text/plain;charset=utf-8", toWellFormed(text));
}
