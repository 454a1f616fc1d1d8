import { invalidArgument, LedgerError } from "../errors/ledger-error.ts";
import { hasLoneSurrogate, toWellFormed } from "../bytes/well-formed.ts";

/** The greatest length of the name of an experiment, run, group or tag, in UTF-16 code units. */
export const MAX_NAME_LENGTH = 250;
/** The greatest length of a tag value or note, in UTF-16 code units. */
export const MAX_TEXT_LENGTH: number = 1024 * 1024;

/**
 * Returns a name that people chose. Throws `INVALID_ARGUMENT` if it is not a string, is empty, is too long or holds
 * control characters.
 */
export function checkName(value: unknown, field: string, longest: number = MAX_NAME_LENGTH): string {
  const name = asText(value, field, longest);
  if (hasLoneSurrogate(name))
    throw new LedgerError("INVALID_ARGUMENT", `${field} holds half of a surrogate pair`, { field, received: "string" });
  if (name.trim() === "")
    throw new LedgerError("INVALID_ARGUMENT", `${field} must not be empty`, { field, received: "string" });
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name))
    throw new LedgerError("INVALID_ARGUMENT", `${field} holds control characters`, { field, received: "string" });
  return name;
}

/**
 * Returns a text, with U+FFFD instead of halves of surrogate pairs, because programs cut texts anywhere. Throws
 * `INVALID_ARGUMENT` if it is not a string or is too long.
 */
export function checkText(value: unknown, field: string, longest: number = MAX_TEXT_LENGTH): string {
  return toWellFormed(asText(value, field, longest));
}

function asText(value: unknown, field: string, longest: number): string {
  if (typeof value !== "string") throw invalidArgument(field, "a string", value);
  if (value.length > longest) {
    throw new LedgerError("INVALID_ARGUMENT", `${field} has ${value.length} characters, more than ${longest}`, {
      field,
      received: "string",
    });
  }
  return value;
}
