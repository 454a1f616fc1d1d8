import { isOrdinaryName, isSecretName } from "./secret-name.ts";
import { isTokenLike } from "./token-shapes.ts";

/** Names whose values may also be numbers or special tokens of a model: `image_token`, `expert_key`. */
const AMBIGUOUS = /(?:token|key)$/i;
const STRONG = /secret|private|passw|pwd/i;
/** A number that is too short for a secret, or has a fraction. */
const NUMBER = /^[+-]?(?:\d{1,5}|\d{0,9}\.\d{1,20}(?:e[+-]?\d{1,3})?|\d{1,5}e[+-]?\d{1,3}|nan|inf)$/i;
/** `[PAD]`, `<mask>`, `</s>`, `<|endoftext|>`. */
const SPECIAL_TOKEN = /^(?:\[[A-Z_]{1,20}\d{0,4}|<[\w|/ \u2581-]{1,40})[\]>]?$/;
/** A type before a value: `api_key: str = …`. */
const TYPE =
  /(?:Optional\[)?(?:str|string|bytes|int|float|number|any|SecretStr)\b\]?(?:\s?\|\s?\w{1,20})?(?:\s{0,3}=(?!=)\s{0,3}|(?=\s{0,3}(?:$|[\r\n,;)])))/y;

const IDENTIFIER = String.raw`[A-Za-z_$][\w$]{0,60}`;
const ATTRIBUTES = String.raw`${IDENTIFIER}(?:\??\.${IDENTIFIER}){0,8}`;
const TEXT = String.raw`\\?["'][^"'\\\n]{1,80}\\?["']`;
const ARGUMENT = String.raw`-?[\w$.*]{1,80}(?:\[[\w:, -]{0,20}\]|\([\w.,:= *-]{0,80}\))?`;
const CALL = String.raw`\((?:${TEXT}|${ARGUMENT}(?:\s?[,=:]\s?${ARGUMENT}){0,7})?\)`;
const SUBSCRIPT = String.raw`\[(?:${TEXT}|-?\w{1,40})\]`;
/** Nothing may follow that gives another value: `or "…"`, `?? "…"`. */
const END = String.raw`(?=[ \t]{0,8}(?:$|[\r\n,;)}\]]|#|//))`;
const REFERENCE: RegExp = new RegExp(
  String.raw`(?:await\s)?(${ATTRIBUTES})((?:${CALL}|${SUBSCRIPT}|\??\.${IDENTIFIER}){0,6})!?${END}`,
  "y",
);
const ENVIRONMENT = /^(?:process|import\.meta)\.env\.\w+$/;
/** Objects whose members hold settings: `args.password`. */
const SETTINGS =
  /^(?:self|this|args?|\w{0,40}(?:config|settings?|options|params|secrets|creds|credentials)|cfg|conf|opts|env|flags|ctx|context)\./i;
/** Functions that take the name of a secret or a question, not a secret. */
const READER = /(?:^|\.)(?:(?:get|require|read|load|fetch)\w{0,40}|input|prompt|env)\($/i;

const QUOTED = String.raw`(?:\\?"[^"\n]*"?|\\?'[^'\n]*'?)`;
/** Texts in a call, and texts that are taken if there is no other value: `get("NAME", "…")`, `a.b or "…"`. */
const IN_CALL: RegExp = new RegExp(String.raw`(?:[)\]]?\s{0,3}(?:,|or|\|\||\?\?)?\s{0,3}${QUOTED}){1,4}`, "y");
const OTHERWISE: RegExp = new RegExp(String.raw`[)\]]?\s{1,3}(?:or|\|\||\?\?)\s{1,3}${QUOTED}`, "y");

/** Returns where a value ends that may go on with texts: `str("…")`, `f"…"`, `a.b or "…"`. */
export function behindTexts(text: string, value: string, end: number): number {
  const isOpen = /[([]$/.test(value) || (/^[a-z]{1,2}$/i.test(value) && /["']/.test(text[end] ?? ""));
  const pattern = isOpen ? IN_CALL : OTHERWISE;
  pattern.lastIndex = end;
  return pattern.test(text) ? pattern.lastIndex : end;
}

/** Returns whether the text at an index ends a question in quotes: `input("Password: ")`. */
export function endsQuestion(text: string, begin: number, at: number): boolean {
  if (!/^["'][),]/.test(text.slice(at, at + 2)) || !/\w\s?:\s$/.test(text.slice(Math.max(0, at - 4), at))) return false;
  const quote = text[at] as string;
  const line = text.slice(Math.max(0, begin - 100), begin);
  return line.slice(line.lastIndexOf("\n") + 1).split(quote).length % 2 === 0;
}

/** Returns whether a value of a secret name cannot be a secret: a short number or a special token of a model. */
export function isOrdinaryValue(name: string, value: string): boolean {
  if (!AMBIGUOUS.test(name) || STRONG.test(name)) return false;
  const bare = value.replace(/^\\?["']|\\?["']$/g, "");
  return NUMBER.test(value) || SPECIAL_TOKEN.test(bare);
}

/** Returns where the value begins behind a type: `api_key: str = …`. Without a type, that is `at`. */
export function behindType(text: string, at: number): number {
  TYPE.lastIndex = at;
  return TYPE.test(text) ? TYPE.lastIndex : at;
}

/**
 * Returns whether code at an index only says where a secret comes from: `os.environ["API_KEY"]`, `process.env.API_KEY`,
 * `getpass.getpass()`, `args.password`.
 */
export function isReference(text: string, at: number, name: string): boolean {
  REFERENCE.lastIndex = at;
  const [all, start = "", rest = ""] = REFERENCE.exec(text.slice(0, at + 600)) ?? [];
  if (all === undefined) return false;
  // `Client(api_key=api_key)`
  if (rest === "" && name.endsWith(start)) return /[a-z](?:_|[A-Z])/.test(start);
  // `Summer(2024)` may be a password.
  if (!start.includes(".") && /[([]-?\d/.test(rest)) return false;
  const texts = [...`${start}${rest}`.matchAll(/([\w$.]{0,80}[([])\\?["']([^"'\\\n]{1,80})/g)];
  if (texts.length > 0)
    return texts.every(
      ([, before = "", word = ""]) =>
        (/^[A-Z_]+$/.test(word) || !isTokenLike(word)) &&
        (before.endsWith("[") ? /^[A-Za-z_][\w.-]*$/.test(word) : READER.test(before)),
    );
  if (rest !== "" && /[([]/.test(rest)) return true;
  const last = start.slice(start.lastIndexOf(".") + 1);
  if (last === start) return false;
  return (
    ENVIRONMENT.test(start) ||
    ((isSecretName(last) || isOrdinaryName(last)) && (SETTINGS.test(start) || /[a-z](?:_|[A-Z])/.test(last)))
  );
}
