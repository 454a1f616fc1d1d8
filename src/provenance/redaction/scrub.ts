import { toWellFormed } from "../../backend/well-formed.ts";
import { decodePercent, isPlainlySecretName, isSecretName, isSecretParameter } from "./secret-name.ts";
import { REDACTED, scrubTokens } from "./token-shapes.ts";

/** What follows `://` up to an `@`: nearly always a password or a token. */
const USER_INFO = /(?<=\bhttps?:[\\/]{0,4}|:[\\/]{1,2})[^\s\\/?#@"'<>]{1,300}(?=@)/gi;
/** The same with a `/`, `?` or `#` in the password; `host:port/…` has no password. */
const USER_INFO_WITH_SLASH =
  /(?<=:[\\/]{2})[^\s\\/?#@:"'<>]{0,100}:(?!\d{0,5}(?:[/?#\s]|$))[^\s@"'<>]{1,300}(?=@[\w.[-])/g;
/** `user:password@host:path`. */
const SCP = /(?<![\w.@:/\\%-])[\w.-]{1,64}:[^\s:@/\\"'<>]{1,128}(?=@(?!\w{1,20}:\/\/)[\w.-]{1,253}[:/])/g;
const SCHEME_VALUE = /(?<=\b(?:bearer|basic|token|apikey)\s{1,4})(?=[\w.~+/-]{0,64}[\d=+~])[\w.~+/=-]{8,}/gi;
const COOKIE = /(?<=\bcookie\\?["']?\s{0,2}:\s{0,2})[^\r\n]+/gi;
/** A name with `=` or `:` behind it, perhaps in quotes. */
const NAME = /(?<![\w%])([A-Za-z_%][\w.%-]{0,127})(?:\\?["']?\s{0,3}(?:[:=]|%3[dD])\s{0,3})/g;
const VALUE = /(?:(?:bearer|basic|token|digest|apikey)\s{1,4})?(?:\\?"[^"\n]+"?|\\?'[^'\n]+'?|[^\s"'&;,)}\]]+)/iy;

/**
 * The text without what looks like a secret: tokens, private keys, passwords in addresses, values of secret names; and well
 * formed. Takes time in proportion to the length.
 */
export function scrub(text: string): string {
  const scrubbed = scrubTokens(toWellFormed(text))
    .replace(USER_INFO, REDACTED)
    .replace(USER_INFO_WITH_SLASH, REDACTED)
    .replace(SCP, REDACTED)
    .replace(COOKIE, REDACTED)
    .replace(SCHEME_VALUE, REDACTED);
  return scrubPairs(scrubbed);
}

/** Without the values of secret names. */
function scrubPairs(text: string): string {
  let scrubbed = "";
  let from = 0;
  NAME.lastIndex = 0;
  for (let found = NAME.exec(text); found !== null; found = NAME.exec(text)) {
    const at = NAME.lastIndex;
    const kind = kindOf(found);
    // A name that names no secret may be followed by one that does.
    if (kind === "none" || (kind === "perhaps" && !isRandom(valueAt(text.slice(at, at + 256), 0)))) continue;
    const value = valueAt(text, at);
    if (value === "" || /^["']?\[redacted\]?["']?$/.test(value)) continue;
    scrubbed += text.slice(from, at) + REDACTED;
    from = NAME.lastIndex = at + value.length;
  }
  return scrubbed + text.slice(from);
}

function valueAt(text: string, at: number): string {
  VALUE.lastIndex = at;
  return VALUE.exec(text)?.[0] ?? "";
}

/** Whether values of the name are secrets, or are if they look like one. */
function kindOf({ 0: all, 1: name = "", index, input }: RegExpExecArray): "secret" | "perhaps" | "none" {
  const before = input[index - 1];
  // A parameter of an address.
  if (!all.includes(":") && before !== undefined && "?&;#".includes(before))
    return isSecretParameter(name) ? "secret" : "none";
  const decoded = decodePercent(name);
  if (isPlainlySecretName(decoded)) return "secret";
  return isSecretName(decoded) ? "perhaps" : "none";
}

/** Whether a value is rather a token than a word. */
function isRandom(value: string): boolean {
  return value.length >= 12 && /\d/.test(value) && /[a-z]/i.test(value);
}
