import { rewrite } from "./rewrite.ts";
import { behindTexts, behindType, endsQuestion, isOrdinaryValue, isReference } from "./ordinary-values.ts";
import {
  decodePercent,
  isOrdinaryName,
  isPerhapsSecretParameter,
  isPlainlySecretName,
  isSecretName,
  isSecretParameter,
} from "./secret-name.ts";
import { REDACTED, isDate, isDigestOrPath, isRandom, isTokenLike } from "./token-shapes.ts";

/** Separators between a name and its value. */
const SEPARATOR = /(?<=[\w.%\s"'\]-])(?:=>|->|:=|={1,3}|:|%3d)\s{0,3}/gi;
const WORD: string = String.raw`(?:\\?"[^"\n]+"?|\\?'[^'\n]+'?|(?:\[redacted\]|[^\s"'&;,)}\]<>])+)`;
/** A list or an object of JSON with a text. */
const JSON_VALUE: string = String.raw`[[{]\s{0,3}\\?["'][^\]}\n]{1,1000}[\]}]?`;
const VALUE: RegExp = new RegExp(
  String.raw`${JSON_VALUE}|(?:(?:bearer|basic|token|digest|apikey)\s{1,4})?${WORD}`,
  "iy",
);
/** The value of an authorization header, with any scheme. */
const AUTHORIZATION: RegExp = new RegExp(
  String.raw`(?:digest|aws4[\w-]{1,32})\s[^\r\n]+|(?:[\w-]{1,32}[ \t]{1,4})?${WORD}`,
  "iy",
);
const REST_OF_LINE = /[^\r\n]+/y;
/** The first word of a name of two words: "api key: …". */
const FIRST_WORD = /(?:^|\W)(?:api|access|auth|secret|private|refresh|client|bearer)[ -]$/i;
/** Words between a name and the separator: "Incorrect API key provided: …". */
const PARTICIPLE = /^(?:provided|given|used|supplied|received|found|is|was)$/i;
/** Names of the member that holds a name: `name: API_KEY, value: …`. */
const NAMING = /^(?:name|header|variable)$/i;
/** The member `value` after `name: API_KEY` or `key="Password"`. */
const VALUE_MEMBER = /\\?["']?\s{0,3},?\s{0,3}\\?["']?value\\?["']?\s{0,3}[:=]\s{0,3}/iy;
const LONGEST_NAME = 128;
const MAX_REMEMBERED = 1000;

/** Words that follow a secret's name in a message, but are not the secret. */
const PROSE = new Set(
  [
    "a an and any are argument as at be but by can cannot contains did do does empty expected expects expired",
    "false field flag for from has have if in incorrect instead invalid is it length may missing must needs no",
    "none not null number object of on only option optional or parameter rejected required requires set should",
    "string takes that the to too true undefined unknown unset value was when which will with without wrong",
  ].flatMap((words) => words.split(" ")),
);

/** Values of `auth=` that name a way to authenticate, or its result. */
const WAYS: RegExp =
  /^["']?(?:basic|bearer|digest|ntlm|negotiate|kerberos|ldap|saml|sso|oauth\d?|oidc|iam|sigv4|aws4?|mtls|tls|cert|ssh|anonymous|native|enabled|disabled|yes|no|ok|failed|success|\d)["']?$/i;

/** Returns whether a value is a word of a sentence, or a placeholder: `<password>`, `$TOKEN`, `API_KEY`. */
export function isProse(value: string): boolean {
  if (PROSE.has(value.toLowerCase().replace(/[.,:!?]{1,3}$/, ""))) return true;
  return /^<[\w -]{1,40}>?$|^\$\{?[A-Z_]{1,40}\}?$|^\*{1,40}$/.test(value) || isNameOfSecret(value);
}

/** Returns whether a value is the name of a secret in capitals, as texts about a program write it. */
function isNameOfSecret(value: string): boolean {
  return /^[A-Z_]{1,40}$/.test(value) && isSecretName(value);
}

/** The kind of a name. For `naming` and `participle`, the name of the secret stands elsewhere. */
type Kind = "secret" | "perhaps" | "ordinary" | "key" | "naming" | "participle" | "none";

/** Returns the text without the values that follow a secret name and `=`, `:` or the like. */
export function scrubPairs(text: string): string {
  const kinds = new Map<string, Kind>();
  return rewrite(text, SEPARATOR, ({ 0: separator, index }, behind, done) => {
    const [begin, end] = nameBefore(text, index, done);
    if (end - begin < 2) return undefined;
    const name = text.slice(begin, end);
    let kind = kindAt(text, begin, name, separator, kinds);
    let at = behind;
    if (kind === "naming" || kind === "key") [kind, at] = memberBehind(text, at, kind, kinds);
    if (kind === "secret" && separator.startsWith(":")) at = behindType(text, at);
    const isAuth = kind === "perhaps" && separator === "=" && /(?:^|\.)auth$/i.test(name);
    // After a name that does not name a secret, another one may follow that does.
    if (kind !== "secret" && !isAuth && !(isUncertain(kind) && isSecretValue(text, at, kind))) return undefined;
    const value = valueAt(text, at, name, separator);
    if (value === "" || /^\\?["']?\[redacted\]\\?["'/.:]?$/.test(value)) return undefined;
    if (isAuth && WAYS.test(value)) return undefined;
    // In a list of settings (`Server=h;Password=SECRET;`), a value is never the name of another one.
    const isSetting =
      separator === "=" &&
      (text[at + value.length] === ";" || /;\s{0,2}$/.test(text.slice(Math.max(0, begin - 3), begin)));
    if (isOrdinaryValue(name, value) || endsQuestion(text, begin, at)) return undefined;
    if (isReference(text, at, name) && !(isSetting && !/\s/.test(text[at - 1] as string))) return undefined;
    if (isProse(value) && !(isSetting && isNameOfSecret(value))) return undefined;
    return { from: at, to: behindTexts(text, value, at + value.length), by: REDACTED };
  });
}

/** Returns whether a name may also name something else, so that only its value says whether it is a secret. */
function isUncertain(kind: Kind): kind is "perhaps" | "key" | "ordinary" {
  return kind === "perhaps" || kind === "key" || kind === "ordinary";
}

/** Returns whether the value of an everyday name looks like a secret. */
function isSecretValue(text: string, at: number, kind: "perhaps" | "key" | "ordinary"): boolean {
  const start = valueAt(text.slice(at, at + 64), 0);
  if (kind === "perhaps") return isRandom(start) && !isDate(start);
  return isTokenLike(start.replace(/^\\?["']/, "")) && !isDigestOrPath(valueAt(text.slice(at, at + 160), 0));
}

/** Returns where the name before a separator begins and ends. */
function nameBefore(text: string, separator: number, from: number): readonly [begin: number, end: number] {
  let end = separator;
  while (end > from && separator - end < 3 && /\s/.test(text[end - 1] as string)) end--;
  for (const around of ["]", `"'`, "\\"]) if (end > from && around.includes(text[end - 1] as string)) end--;
  let begin = end;
  while (begin > from && end - begin < LONGEST_NAME && isNameCharacter(text.charCodeAt(begin - 1))) begin--;
  return [begin, end];
}

/** Returns whether a character is a letter, a digit, `_`, `.`, `%` or `-`. */
function isNameCharacter(code: number): boolean {
  if (code >= 97) return code <= 122;
  if (code >= 65) return code <= 90 || code === 95;
  return (code >= 48 && code <= 57) || code === 46 || code === 45 || code === 37;
}

function kindAt(text: string, begin: number, name: string, separator: string, kinds: Map<string, Kind>): Kind {
  const before = text[begin - 1] ?? "";
  const isHeader = separator.startsWith(":");
  const isParameter = before !== "" && "?&;#".includes(before) && !isHeader;
  const kind = remember(kinds, `${isParameter ? "?" : ""}${name}`, () => {
    if (isParameter && isSecretParameter(name)) return "secret";
    if (isParameter) return isPerhapsSecretParameter(name) ? "perhaps" : "none";
    return kindOfName(decodePercent(name));
  });
  if (kind === "secret" || kind === "none" || kind === "ordinary" || isParameter) return kind;
  if (isHeader && /cookie$/i.test(name)) return "secret";
  if (before !== " " && before !== "-") return kind;
  const start = text.slice(Math.max(0, begin - 40), begin);
  if (kind === "participle") {
    const words = start.slice(start.lastIndexOf(" ", start.length - 2) + 1, -1);
    const first = start.slice(0, start.length - words.length - 1);
    return FIRST_WORD.test(first) ? remember(kinds, `api ${words}`, kindOfName) : remember(kinds, words, kindOfName);
  }
  return FIRST_WORD.test(start) ? "secret" : kind;
}

function remember(kinds: Map<string, Kind>, name: string, find: (name: string) => Kind): Kind {
  const known = kinds.get(name);
  if (known !== undefined) return known;
  const kind = find(name);
  if (kinds.size < MAX_REMEMBERED) kinds.set(name, kind);
  return kind;
}

function kindOfName(name: string): Kind {
  if (PARTICIPLE.test(name)) return "participle";
  if (NAMING.test(name)) return "naming";
  if (!isSecretName(name)) return isOrdinaryName(name) ? "ordinary" : "none";
  // `params.key` is a column, `api.key` is not.
  const [, first, last] = /(?:^|([^.]*)\.)([^.]*)$/.exec(name) as RegExpExecArray;
  const isAlone = first === undefined || !FIRST_WORD.test(`${first} `);
  if (isPlainlySecretName(isAlone ? (last as string) : name)) return "secret";
  return isAlone && /^\W{0,8}key$/i.test(last as string) ? "key" : "perhaps";
}

/** Returns the kind and the position of the member `value`, if one follows the member with a name. */
function memberBehind(
  text: string,
  at: number,
  kind: Kind,
  kinds: Map<string, Kind>,
): readonly [kind: Kind, at: number] {
  const name = valueAt(text.slice(at, at + 80), 0);
  const named = remember(kinds, name, kindOfName);
  if (named !== "secret" && named !== "perhaps") return [kind, at];
  VALUE_MEMBER.lastIndex = at + name.length;
  return VALUE_MEMBER.test(text) ? [named, VALUE_MEMBER.lastIndex] : [kind, at];
}

function valueAt(text: string, at: number, name = "", separator = ""): string {
  const isHeader = separator.startsWith(":");
  let pattern = VALUE;
  if (/authorization$/i.test(name)) pattern = AUTHORIZATION;
  else if (isHeader && /cookie$/i.test(name)) pattern = REST_OF_LINE;
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? "";
}
