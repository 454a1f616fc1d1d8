import { optionDefaults } from "./option-defaults.ts";
import { isProse } from "./pairs.ts";
import { scrub } from "./scrub.ts";
import { isPlainlySecretName, isSecretName } from "./secret-name.ts";
import { isDigestOrPath, isRandom, isTokenLike, scrubTokens } from "./token-shapes.ts";
import { scrubUserInfo } from "./uri.ts";

/** Files of settings, in which values need no quotes. In all other files, code has values that are not secrets. */
const SETTINGS =
  /(?:^|\/)(?:[^/.]+|\.[^/.]+|[^/]*\.(?:ya?ml|toml|ini|cfg|conf|config|properties|sh|bash|zsh|fish|bat|cmd|ps1|tf|tfvars|cnf|service|env))$/i;
/** Files without extension that are prose. */
const PROSE_FILE = /(?:^|\/)(?:licen[cs]e|readme|notice|authors|changelog|contributing|codeowners|copying)$/i;
/** They hold digests of everything. Other files with the extension `lock` may hold anything. */
const LOCKFILES: readonly string[] = [
  String.raw`(?:package-lock|npm-shrinkwrap|packages\.lock)\.json|(?:pnpm-lock|conda-lock|pixi)\.ya?ml`,
  String.raw`(?:yarn|bun|deno|cargo|poetry|uv|pdm|pipfile|pixi|composer|gemfile|flake|mix|rebar|pubspec|podfile)\.lock`,
  String.raw`(?:chart|paket|shard|conan|renv|module\.bazel|stack\.yaml|\.terraform)\.lock(?:\.hcl)?|go\.sum|gems\.locked`,
  String.raw`package\.resolved|(?:buildscript-)?gradle\.lockfile`,
];
const LOCKFILE: RegExp = new RegExp(`(?:^|/)(?:${LOCKFILES.join("|")})$`, "i");
/** The user of an address that code fills in, or that a text shows as an example. */
const FILLED_IN =
  /:\/\/(?:[^\s@/"'`]{0,100}(?:\$\{|\{|<|%s)[^\s@"'`]{0,200}|(?:u|user|username|me|you|name|login):(?:p|pw|pass|passwd|password|secret|\.{2,3}|…|\*{1,9}|x{1,9}))@/gi;
const NAME: string = String.raw`(?<![\w$.-])([A-Za-z_$][\w$.-]{1,63})\\?["'\`]?[\])]?`;
/** What a value is taken from before a text: `= process.env.PASSWORD || "…"`. */
const OTHERWISE: string = String.raw`=\s{0,3}[\w$.?!()[\]"'-]{1,120}(?:\s{0,3}(?:\|\||\?\?)|\s{1,3}or)`;
const SEPARATOR: string = String.raw`(?::\s{0,2}\w{1,20}\s{0,2})?(?:(?:\|\||\?\?)=?|\bor\b|${OTHERWISE}|[:=]{1,3}>?|,)`;
/** A name and a text in quotes. */
const ASSIGNED: RegExp = new RegExp(
  String.raw`${NAME}\s{0,3}${SEPARATOR}\s{0,3}\\?(["'\`])((?:(?!\2)[^\s\\]){6,512})\\?\2`,
  "g",
);
const ELEMENT = /<([A-Za-z][\w:.-]{0,63})(?:\s[^<>]{0,200})?>\s{0,9}([^<>\s]{1,512})\s{0,9}(?=<\/)/g;
/** In it, the texts of elements are settings. */
const XML = /\.xml$/i;
/** `IDENTIFIED BY '…'` of SQL. */
const IDENTIFIED =
  /\bidentified\s{1,4}(?:with\s{1,4}\S{1,40}\s{1,4})?by\s{1,4}(?:password\s{1,4})?(["'])((?:(?!\1)[^\n]){1,512})\1/gi;
/** Names whose values are secrets in code, too. Other names may have constants: `CHECKSUM_KEY = "crc32"`. */
const SURE =
  /(?:(?:api|access|secret|private|auth|encryption|signing|master|license)[_-]?keys?|pass|passw(?:or)?d|pwd|passphrase|secret|token|credentials?|jwt)s?$/i;
const BEARER = /\b(?:bearer|basic)\s{1,4}(?=[\w.~+/-]{0,64}\d)[\w.~+/=-]{16,512}/i;
/** An address that is signed, or has a token. */
const SIGNED =
  /\bhttps?:\/\/[^\s"'`<>]{1,300}?[?&#](?:x-(?:amz|goog)-(?:signature|security-token)|sig|signature|policy|access_?token|token|api_?key)=([^\s"'`<>&#]{16,2000})/gi;
/** `"Server=…;Password=…;"`. */
const CONNECTION = /["'`][^"'`\n]{0,200}?\b(?:password|pwd)\s{0,3}=\s{0,3}([^\s;"'`]{6,128});/gi;
/** `wandb.login(key="…")`. */
const LOGIN = /\blogin\(\s{0,9}(?:\w{1,20}\s{0,3}[:=]\s{0,3})?["'][\w-]{16,512}["']/;

/** Name and password of a user, as calls take them that only sign in: `.auth("u", "…")`, `auth=("u", "…")`. */
const SIGNED_IN =
  /(?:\b(?:(?:https?)?_?(?:basic|digest)_?auth|auth\s{0,3}=|log_?in|sign_?in)|\.\s{0,3}auth)\s{0,3}\(\s{0,9}(["'`])[^"'`\s]{1,64}\1\s{0,3},\s{0,9}(["'`])([^"'`\s]{6,128})\2\s{0,3}[,)]/gi;

/**
 * Returns whether the text of a source file seems to hold a secret: a token of a known shape, a private key, a password
 * in an address, a password of SQL, or a text in quotes or in an element under the name of a secret, if the text looks
 * made up by a machine or has digits. Unlike `scrub`, it does not take `this.token = next()` for a secret: whole files depend on it. Files of settings are
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
  for (const [, value = ""] of text.matchAll(SIGNED)) if (isRandom(value) && !isFilledIn(value)) return true;
  for (const [, value = ""] of text.matchAll(CONNECTION))
    if ((isRandom(value) || isMixed(value)) && !isFilledIn(value)) return true;
  if (holdsSignIn(text)) return true;
  for (const [name, value] of optionDefaults(text)) if (isSecretValue(name, value)) return true;
  for (const [, name = "", value = ""] of text.matchAll(ELEMENT))
    if (isSecretValue(name, value) || (XML.test(path) && isPlainlySecretName(name) && !isFilledIn(value))) return true;
  for (const [all, , value = ""] of text.matchAll(IDENTIFIED)) if (isSqlPassword(path, all, value)) return true;
  return false;
}

/** Returns whether a text has a call that signs in with a name and a password, both in quotes. */
export function holdsSignIn(text: string): boolean {
  for (const [, , , value = ""] of text.matchAll(SIGNED_IN))
    if ((isMixed(value) || (isRandom(value) && !isWords(value))) && !isFilledIn(value) && !isDigestOrPath(value))
      return true;
  return false;
}

function isSecretValue(name: string, value: string): boolean {
  if (value.length < 6 || /\s/.test(value) || !isSecretName(name) || isFilledIn(value)) return false;
  if (SURE.test(name)) return isTokenLike(value) || (isRandom(value) && !isWords(value)) || isMixed(value);
  return isTokenLike(value) && !isDigestOrPath(value);
}

/** Returns whether a value is no word of a sentence, as in "identified by 'name'", and no end of a text in code. */
function isSqlPassword(path: string, statement: string, value: string): boolean {
  if (isFilledIn(value) || /["'`]\s{0,3}[+&|.,]/.test(value)) return false;
  return statement.startsWith("IDENTIFIED") || /\.sql$/i.test(path) || /\d/.test(value);
}

/** Returns whether a value is a placeholder, or code fills it in. */
function isFilledIn(value: string): boolean {
  return isProse(value) || /[${}<>()]|\.\.\.|^(?:[?*x]{1,40}|%s|:\w{1,64}|…)$/i.test(value);
}

/** Returns whether a value is words and numbers with punctuation between them: `page-token-2`. */
function isWords(value: string): boolean {
  return /^(?:[a-z]+|\d{1,4})(?:[-_.:/](?:[a-z]+|\d{1,4}))+$/i.test(value);
}

/** Returns whether a value mixes letters and digits in one short word, as passwords do: `hunter2`. */
function isMixed(value: string): boolean {
  return /^[\w!#%&*+?@^~"'`-]{6,32}$/.test(value) && /[a-z]/i.test(value) && /\d/.test(value) && !isWords(value);
}
