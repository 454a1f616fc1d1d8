/** A name with any of these words is the name of a secret. */
const ANYWHERE = new Set(
  [
    "secret secrets password passwords passwd pwd passphrase passcode credential credentials apikey bearer cookie",
    "jwt dsn authorization otp",
  ].flatMap((words) => words.split(" ")),
);
/** Words that name a secret only at the end of a name: `max-tokens` and `key-dim` are not secrets. */
const LAST = new Set("key token auth pass pat pw psk cred creds sig signature hmac".split(" "));
/** Words that alone mostly name something else in texts: "token: x", "key=x", "hmac: sha256". */
const EVERYDAY = new Set("key token auth pass pat sig signature hmac bearer cookie".split(" "));
/** Names of lists of secrets or of words: "keys: loss, accuracy". */
const PLURAL = new Set("keys tokens auths passes pats signatures".split(" "));
/** Words before "token" in names for the tokens of language models: `pad_token`, `loss_per_token`. */
const MODEL_TOKENS = new Set(
  "per pad eos bos unk sep cls mask next special num max min start end stop image video audio prev oov mean avg".split(
    " ",
  ),
);
/** Words before "key" in names for columns, members and random numbers: `sort_key`, `primary_key`, `rng_key`. */
const ORDINARY_KEYS = new Set(
  "sort primary foreign partition group order metric monitor index dict cache row column label feature rng prng".split(
    " ",
  ),
);
/** Words before "pass" in names for a pass through a model or over the data. */
const MODEL_PASSES = new Set("forward backward n num first second single".split(" "));
/** Last words of names that are about a secret, but do not name one. */
const ABOUT = new Set("file path stdin prompt length policy mode type".split(" "));
/** More secrets among the parameters of an address: `session=…` is a secret in a link, but not in a log. */
const OF_ADDRESSES = new Set("session sessionid jsessionid phpsessid sid code keyid".split(" "));
/** Names of parameters, without punctuation, that let whoever has the address read what is there. */
const GRANTS = new Set(
  "keypairid hdnea hdnts hdntl sas sign tempauth authkey rlkey resourcekey googleaccessid qak ak sk".split(" "),
);
/** Names of parameters that are grants too, if their value looks random. */
const PERHAPS_GRANTS = new Set("policy st gda secure verify ticket signed".split(" "));
/** Endings of names without separated words, such as `PGPASSWORD` and `accesstoken`. */
const ENDINGS: readonly string[] = [
  "token|secret|passw(?:or)?d|pwd|passphrase|signature|credentials?|apikeys?|accesskeys?|secretkeys?",
  "privatekeys?|(?:access|auth|refresh|session|api)tokens|accesskeyid|sessionid|authorization|authcode",
  "accesscode|userpass|dbpass|jwt|secretkeybase",
];
const ENDING: RegExp = new RegExp(`(?:${ENDINGS.join("|")})$`);

/** The most characters of a name that are checked, from its end. */
const MAX_LENGTH = 128;

/** Returns whether values of this name are probably secrets. */
export function isSecretName(name: string): boolean {
  const words = wordsOf(name);
  return !isOrdinary(words) && isSecret(words, words.join(""));
}

/**
 * Returns whether a name ends like the name of a secret, but names the token of a language model, a column or the like.
 * Only values that look random are secrets there.
 */
export function isOrdinaryName(name: string): boolean {
  return isOrdinary(wordsOf(name));
}

/** Returns {@link isSecretName} for a parameter of an address, whose name may be percent-encoded. */
export function isSecretParameter(name: string): boolean {
  const words = wordsOf(decodePercent(name));
  const [first] = words;
  if (words.length === 1 && first !== undefined && OF_ADDRESSES.has(first)) return true;
  const squashed = words.join("");
  return (
    words.some((word) => word !== "code" && OF_ADDRESSES.has(word)) || GRANTS.has(squashed) || isSecret(words, squashed)
  );
}

/** Returns whether a parameter of an address is a secret if its value looks random. */
export function isPerhapsSecretParameter(name: string): boolean {
  return PERHAPS_GRANTS.has(wordsOf(decodePercent(name)).join(""));
}

/**
 * Returns whether a name certainly names a secret. Everyday words alone do not: in texts, "token: x" and "key=x" mostly
 * name others.
 */
export function isPlainlySecretName(name: string): boolean {
  const words = wordsOf(name);
  const last = words.at(-1) ?? "";
  if ((words.length === 1 && EVERYDAY.has(last)) || isOrdinary(words)) return false;
  // Only the last word counts: `CredentialsError` names an error, not a credential.
  return isSecret([last], words.join(""));
}

/** Returns whether a list of this name may hold secrets, or things of the same name: `tokens`, `keys`. */
export function isPluralOfSecret(name: string): boolean {
  return PLURAL.has(wordsOf(name).at(-1) ?? "");
}

/** Decodes percent-encoded characters, also if they were encoded more than once. Leaves everything else as it is. */
export function decodePercent(text: string): string {
  let decoded = text;
  for (let round = 0; round < 3 && decoded.includes("%"); round++) {
    const next = decoded.replace(/%[0-7][0-9a-f]/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
    if (next === decoded) break;
    decoded = next;
  }
  return decoded;
}

function isOrdinary(words: readonly string[]): boolean {
  const before = words.at(-2) ?? "";
  const last = words.at(-1);
  const known =
    last === "token" ? MODEL_TOKENS : last === "key" ? ORDINARY_KEYS : last === "pass" ? MODEL_PASSES : null;
  return known !== null && known.has(before) && !words.some((word) => ANYWHERE.has(word));
}

function isSecret(words: readonly string[], squashed: string): boolean {
  const last = words.at(-1) ?? "";
  if (ABOUT.has(last)) return false;
  return words.some((word) => ANYWHERE.has(word)) || LAST.has(last) || LAST.has(squashed) || ENDING.test(squashed);
}

/** Returns the words of a name in lower case. Splits it at punctuation and at capitals in `camelCase`. */
function wordsOf(name: string): string[] {
  return (
    name
      .slice(-MAX_LENGTH)
      // Some programs read full-width letters as letters.
      .normalize("NFKC")
      .replace(/([a-z0-9])(?=[A-Z])/g, "$1 ")
      .split(/[^A-Za-z0-9]+/)
      .filter((word) => word !== "")
      .map((word) => word.toLowerCase().replace(/(?<=[a-z])\d{1,9}$/, ""))
  );
}
