import { LedgerError } from "../errors/ledger-error.ts";

/** Deepest nesting of arrays and objects that is written or read. */
export const MAX_JSON_DEPTH = 128;
/** Longest text, in UTF-16 code units. */
export const MAX_JSON_CHARS: number = 16 * 1024 * 1024;
/** Most values (leaves, arrays and objects together) in one text. */
export const MAX_JSON_VALUES = 1_000_000;
/** Longest text, in bytes of UTF-8. */
export const MAX_JSON_BYTES: number = 3 * MAX_JSON_CHARS;

/** How long a text may be, and how many values it may hold. */
export interface JsonLimits {
  /** UTF-16 code units. */
  readonly chars: number;
  /** Leaves, arrays and objects together. */
  readonly values: number;
}

const LIMITS: JsonLimits = { chars: MAX_JSON_CHARS, values: MAX_JSON_VALUES };

/**
 * `JSON.parse` of a text that anybody may have written. Throws `CORRUPT` for a text that is not JSON or beyond the limits. A value takes
 * 30 times the memory of its three characters, so this counts the values before it parses.
 */
export function parseJson(text: string, limits: JsonLimits = LIMITS): unknown {
  if (text.length > limits.chars) throw corrupt(`is longer than ${limits.chars} characters`);
  // A value takes two characters at least, with the comma or the bracket next to it.
  if (text.length > 2 * limits.values && hasMoreValues(text, limits.values))
    throw corrupt(`holds more than ${limits.values} values`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw corrupt("cannot be parsed", cause);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/** Right for JSON; for any other text it does not matter, since parsing fails. */
function hasMoreValues(text: string, most: number): boolean {
  let values = 1;
  /** Nothing stands between a bracket and this place. */
  let isEmpty = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code <= 0x20) continue;
    const closes = code === 0x5d || code === 0x7d;
    if (code === COMMA || (isEmpty && !closes)) if (++values > most) return true;
    isEmpty = code === 0x5b || code === 0x7b;
    if (code === QUOTE) at = endOfString(text, at + 1);
  }
  return false;
}

function endOfString(text: string, start: number): number {
  for (let at = start; ; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let before = at;
    while (before > start && text.charCodeAt(before - 1) === BACKSLASH) before--;
    if ((at - before) % 2 === 0) return at;
  }
}

function corrupt(what: string, cause?: unknown): LedgerError {
  return new LedgerError("CORRUPT", `stored JSON ${what}`, { cause });
}
