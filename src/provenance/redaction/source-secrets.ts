import { isProse } from "./pairs.ts";
import { scrub } from "./scrub.ts";
import { isSecretName } from "./secret-name.ts";
import { isDigestOrPath, isRandom, isTokenLike, scrubTokens } from "./token-shapes.ts";
import { scrubUserInfo } from "./uri.ts";

/** Files of settings, in which values need no quotes. In all other files, code has values that are not secrets. */
const SETTINGS =
  /(?:^|\/)(?:[^/.]+|\.[^/.]+|[^/]*\.(?:ya?ml|toml|ini|cfg|conf|config|properties|sh|bash|zsh|fish|bat|cmd|ps1|tf|tfvars))$/i;
/** Files without extension that are prose. */
const PROSE_FILE = /(?:^|\/)(?:licen[cs]e|readme|notice|authors|changelog|contributing|codeowners|copying)$/i;
/** They hold digests of everything. */
const LOCKFILE = /(?:^|\/)(?:[\w.-]+\.lock|pnpm-lock\.yaml|package-lock\.json|npm-shrinkwrap\.json)$/i;
/** The user of an address that code fills in, or that a text shows as an example. */
const FILLED_IN =
  /:\/\/(?:[^\s@/"'`]{0,100}(?:\$\{|\{|<|%s)[^\s@"'`]{0,200}|(?:u|user|username|me|you|name|login):(?:p|pw|pass|passwd|password|secret|\.{2,3}|…|\*{1,9}|x{1,9}))@/gi;
/** A name and a text in quotes. */
const ASSIGNED =
  /(?<![\w$.-])([A-Za-z_$][\w$.-]{1,63})\\?["'`]?\]?\s{0,3}(?::\s{0,2}\w{1,20}\s{0,2})?(?:[:=]{1,3}>?|,)\s{0,3}\\?(["'`])([^"'`\s\\]{6,512})\\?\2/g;
/** Names whose values are secrets in code, too. Other names may have constants: `CHECKSUM_KEY = "crc32"`. */
const SURE =
  /(?:(?:api|access|secret|private|auth|encryption|signing|master|license)[_-]?keys?|passw(?:or)?d|pwd|passphrase|secret|token|credentials?|jwt)s?$/i;
const BEARER = /\b(?:bearer|basic)\s{1,4}(?=[\w.~+/-]{0,64}\d)[\w.~+/=-]{16,512}/i;
/** `wandb.login(key="…")`. */
const LOGIN = /\blogin\(\s{0,9}(?:\w{1,20}\s{0,3}[:=]\s{0,3})?["'][\w-]{16,512}["']/;

/**
 * Returns whether the text of a source file seems to hold a secret: a token of a known shape, a private key, a password
 * in an address, or a text in quotes under the name of a secret, if the text looks made up by a machine or has digits.
 * Unlike `scrub`, it does not take `this.token = next()` for a secret: whole files depend on it. Files of settings are
 * judged as `scrub` judges texts. Takes time in proportion to the length.
 */
export function holdsSourceSecret(path: string, text: string): boolean {
  if (text.length === 0) return false;
  const plain = text.replace(FILLED_IN, "://");
  if (scrubTokens(text) !== text || scrubUserInfo(plain) !== plain) return true;
  if (LOCKFILE.test(path)) return false;
  if (SETTINGS.test(path) && !PROSE_FILE.test(path)) return scrub(plain) !== plain;
  if (BEARER.test(text) || LOGIN.test(text)) return true;
  for (const [, name = "", , value = ""] of text.matchAll(ASSIGNED)) if (isSecretValue(name, value)) return true;
  return false;
}

function isSecretValue(name: string, value: string): boolean {
  if (!isSecretName(name) || isProse(value) || /[${}<>()]|\.\.\./.test(value)) return false;
  if (SURE.test(name)) return isTokenLike(value) || (isRandom(value) && !isWords(value)) || isMixed(value);
  return isTokenLike(value) && !isDigestOrPath(value);
}

/** Returns whether a value is words and numbers with punctuation between them: `page-token-2`. */
function isWords(value: string): boolean {
  return /^(?:[a-z]+|\d{1,4})(?:[-_.:/](?:[a-z]+|\d{1,4}))+$/i.test(value);
}

/** Returns whether a value mixes letters and digits in one short word, as passwords do: `hunter2`. */
function isMixed(value: string): boolean {
  return /^[\w!#%&*+?@^~-]{6,32}$/.test(value) && /[a-z]/i.test(value) && /\d/.test(value) && !isWords(value);
}
