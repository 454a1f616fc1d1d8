import { LedgerError } from "../errors/ledger-error.ts";

/** The most levels of nested arrays and objects that are written or read. */
export const MAX_JSON_DEPTH = 128;
/** Most UTF-16 code units of a text. */
export const MAX_JSON_CHARS: number = 16 * 1024 * 1024;
/** The most values (leaves, arrays and objects together) in one text. */
export const MAX_JSON_VALUES = 1_000_000;
/** The most bytes of UTF-8 of a text. */
export const MAX_JSON_BYTES: number = 3 * MAX_JSON_CHARS;

/** Limits of a JSON text. */
export interface JsonLimits {
  /** Most UTF-16 code units. */
  readonly chars: number;
  /** The most leaves, arrays and objects together. */
  readonly values: number;
}

/** The limits where a caller gives no others. */
export const JSON_LIMITS: JsonLimits = { chars: MAX_JSON_CHARS, values: MAX_JSON_VALUES };

/**
 * Parses a JSON text that may come from anybody. Throws `CORRUPT` for a text that is not JSON or exceeds the limits.
 * Counts the values before it parses, because a value can take 30 times the memory of its three characters.
 */
export function parseJson(text: string, limits: JsonLimits = JSON_LIMITS): unknown {
  if (text.length > limits.chars) throw corrupt(`is longer than ${limits.chars} characters`);
  // A value takes at least two characters, with the comma or the bracket next to it.
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

/**
 * Returns whether a JSON text has more than `most` values. The result for other texts does not matter, because parsing
 * fails.
 */
function hasMoreValues(text: string, most: number): boolean {
  let values = 1;
  /** True if only white space stands between an opening bracket and this position. */
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
