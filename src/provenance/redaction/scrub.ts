import { toWellFormed } from "../../bytes/well-formed.ts";
import { scrubCommands } from "./commands.ts";
import { isProse, scrubPairs } from "./pairs.ts";
import { REDACTED, isDigestOrPath, isRandom, isTokenLike, scrubTokens } from "./token-shapes.ts";
import { scrubUserInfo } from "./uri.ts";
import { rewrite } from "./rewrite.ts";
import { isPlainlySecretName, isSecretName } from "./secret-name.ts";

const SCHEME_VALUE = /\b((?:bearer|basic|token|apikey)\s{1,4})(?=[\w.~+/-]{0,64}[\d=+~])[\w.~+/=-]{8,}/gi;

/** Escape sequences of terminals, for styles and the like. They are not visible, so they may split a secret. */
const STYLE: RegExp = new RegExp(
  `(?:${"\u001b"}\\[|${"\u009b"})[\\d:;<=>?]{0,64}[ -/]{0,4}[@-~]|${"\u001b"}[()][\\dA-Z]` +
    `|${"\u001b"}\\][^${"\u0007\u001b"}\n]{0,2048}(?:${"\u0007"}|${"\u001b"}\\\\)`,
  "g",
);

/**
 * Returns the text, well formed, without what looks like a secret: tokens, private keys, passwords in addresses and
 * command lines, and values of secret names. A line with a secret loses its styles of terminals. Takes time in
 * proportion to the length.
 */
export function scrub(text: string): string {
  const styled = toWellFormed(text);
  const plain = styled.replace(STYLE, "");
  const scrubbed = scrubPlain(plain);
  if (plain === styled) return scrubbed;
  // The address of a link is not visible either, and may hold a secret of its own.
  if (scrubbed === plain) return styled.includes("\u001b]") ? scrubPlain(styled) : styled;
  const [lines, before, after] = [styled, plain, scrubbed].map((each) => each.split("\n")) as [
    string[],
    string[],
    string[],
  ];
  // A secret of several lines, such as a private key, leaves no lines to pair.
  if (after.length !== before.length) return scrubbed;
  return after.map((line, i) => (line === before[i] ? lines[i] : line)).join("\n");
}

function scrubPlain(text: string): string {
  const scrubbed = scrubUserInfo(scrubTokens(text)).replace(SCHEME_VALUE, `$1${REDACTED}`);
  return scrubPhrases(scrubPairs(scrubCommands(scrubbed)));
}

/** "secret is …", "password …". Only what cannot be a word is a secret there. */
const SECRET_WORD = /(?:password|passphrase|passwd|secret|token|key|credentials?)s?["'`]?/;
const LINK = /\s{1,3}(?:(?:is|was|of|value|provided|given|used)\s{1,3}){0,2}["'`(]?/;
const SENTENCE: RegExp = new RegExp(
  String.raw`\b(${SECRET_WORD.source}${LINK.source})` + /([^\s"'`()<>,;=:]{16,512})/.source,
  "gi",
);
const ELEMENT = /(<([A-Za-z][\w:.-]{0,63})(?:\s[^<>]{0,200})?>)([^<>]{1,4096})(?=<\/)/g;
/** A line of a file `.netrc`. */
const NETRC = /\b(machine\s{1,4}\S{1,255}\s{1,4}login\s{1,4}\S{1,128}\s{1,4}password\s{1,4})(\S{1,512})/gi;
/** `:password "…"`. */
const SYMBOL = /(?<![\w:])(:([A-Za-z][\w-]{0,63})\s{1,3})("[^"\n]{1,512}"?)/g;
/** Passwords in SQL, and in lists of settings. */
const IN_QUOTES = /\b((?:identified\s{1,4}by|password|passphrase)["']?\s{1,4})(?:"[^"\n]{1,512}"|'[^'\n]{1,512}')/gi;
/** `["API_KEY","…"]`. */
const LISTED = /\\?(["'])([\w.-]{2,64})\\?\1\s{0,3},\s{0,3}(?=\\?["'])/g;
const QUOTED = /\\?(["'])([^"'\n]{1,512}?)\\?\1/y;

/** Returns the text without secrets that follow their names without `=` or `:`. */
function scrubPhrases(text: string): string {
  return scrubLists(text)
    .replace(ELEMENT, (all, tag: string, name: string, value: string) =>
      isPlainlySecretName(name) || (isSecretName(name) && isRandom(value) && !isDigestOrPath(value))
        ? tag + REDACTED
        : all,
    )
    .replace(NETRC, `$1${REDACTED}`)
    .replace(IN_QUOTES, (all, words: string) => {
      const value = all.slice(words.length + 1, -1);
      return value === REDACTED || isProse(value) ? all : words + REDACTED;
    })
    .replace(SYMBOL, (all, symbol: string, name: string) => (isSecretName(name) ? symbol + REDACTED : all))
    .replace(SENTENCE, (all, words: string, value: string) =>
      isTokenLike(value) && !(/^keys?\b/i.test(words) && isDigestOrPath(value)) ? words + REDACTED : all,
    );
}

function scrubLists(text: string): string {
  return rewrite(text, LISTED, ([, , name], at) => {
    if (!isSecretName(name as string)) return undefined;
    QUOTED.lastIndex = at;
    const [all, , value = ""] = QUOTED.exec(text) ?? [];
    if (all === undefined || !isRandom(value) || isDigestOrPath(value)) return undefined;
    return { from: at, to: at + all.length, by: REDACTED };
  });
}
