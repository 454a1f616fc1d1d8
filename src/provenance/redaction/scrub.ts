import { toWellFormed } from "../../bytes/well-formed.ts";
import { scrubCommands } from "./commands.ts";
import { scrubPairs } from "./pairs.ts";
import { scrubPhrases } from "./phrases.ts";
import { REDACTED, scrubTokens } from "./token-shapes.ts";
import { scrubUserInfo } from "./user-info.ts";

const SCHEME_VALUE = /\b((?:bearer|basic|token|apikey)\s{1,4})(?=[\w.~+/-]{0,64}[\d=+~])[\w.~+/=-]{8,}/gi;

/**
 * The text without what looks like a secret: tokens, private keys, passwords in addresses and command lines, values of secret
 * names; and well formed. Takes time in proportion to the length.
 */
export function scrub(text: string): string {
  const scrubbed = scrubUserInfo(scrubTokens(toWellFormed(text))).replace(SCHEME_VALUE, `$1${REDACTED}`);
  return scrubPhrases(scrubPairs(scrubCommands(scrubbed)));
}
