/** Any of these words makes a name that of a secret. */
const ANYWHERE = new Set(
  "secret secrets password passwords passwd pwd passphrase passcode credential credentials apikey bearer cookie jwt dsn authorization otp".split(
    " ",
  ),
);
/** These only as the last word: `max-tokens` and `key-dim` are no secrets. */
const LAST = new Set("key token auth pass pat pw psk cred creds sig signature hmac".split(" "));
/** In text, these alone are mostly about something else: "token: x", "key=x", "hmac: sha256". */
const EVERYDAY = new Set("key token auth pass pat sig signature hmac bearer cookie".split(" "));
/** Lists of secrets or of words: "keys: loss, accuracy". */
const PLURAL = new Set("keys tokens auths passes pats signatures".split(" "));
/** What these end is about a secret, and holds none. */
const ABOUT = new Set("file path stdin prompt length policy mode type".split(" "));
/** Of parameters of an address also these: `session=…` is a secret in a link, and none in a log. */
const OF_ADDRESSES = new Set("session sessionid jsessionid phpsessid sid code keyid".split(" "));
/** Names without visible words, such as `PGPASSWORD` and `accesstoken`. */
const ENDING =
  /(?:token|secret|passw(?:or)?d|pwd|passphrase|signature|credentials?|apikeys?|accesskeys?|secretkeys?|privatekeys?|(?:access|auth|refresh|session|api)tokens|accesskeyid|sessionid|authorization|authcode|accesscode|userpass|dbpass|jwt)$/;

/** Only the end of a name is looked at. */
const MAX_LENGTH = 128;

/** Whether values of this name are secrets, as far as a name tells. */
export function isSecretName(name: string): boolean {
  const words = wordsOf(name);
  return isSecret(words, words.join(""));
}

/** As {@link isSecretName}, of a parameter in an address, in which names may be percent-encoded. */
export function isSecretParameter(name: string): boolean {
  const words = wordsOf(decodePercent(name));
  const [first] = words;
  if (words.length === 1 && first !== undefined && OF_ADDRESSES.has(first)) return true;
  return words.some((word) => word !== "code" && OF_ADDRESSES.has(word)) || isSecret(words, words.join(""));
}

/** Whether the name says so in more than one everyday word: in texts, "token: x" and "key=x" are mostly about something else. */
export function isPlainlySecretName(name: string): boolean {
  const words = wordsOf(name);
  const last = words.at(-1) ?? "";
  if (words.length === 1 && EVERYDAY.has(last)) return false;
  // Not in front: `CredentialsError` names an error, not a credential.
  return isSecret([last], words.join(""));
}

/** Whether a list of this name may hold secrets, or things that are called the same: `tokens`, `keys`. */
export function isPluralOfSecret(name: string): boolean {
  return PLURAL.has(wordsOf(name).at(-1) ?? "");
}

/** Decodes what is percent-encoded, also if it was encoded more than once. What is not is left as it is. */
export function decodePercent(text: string): string {
  let decoded = text;
  for (let round = 0; round < 3 && decoded.includes("%"); round++) {
    const next = decoded.replace(/%[0-7][0-9a-f]/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
    if (next === decoded) break;
    decoded = next;
  }
  return decoded;
}

function isSecret(words: readonly string[], squashed: string): boolean {
  const last = words.at(-1) ?? "";
  if (ABOUT.has(last)) return false;
  return words.some((word) => ANYWHERE.has(word)) || LAST.has(last) || LAST.has(squashed) || ENDING.test(squashed);
}

/** Split at punctuation, and where `camelCase` shows a word. Lower case. */
function wordsOf(name: string): string[] {
  return (
    name
      .slice(-MAX_LENGTH)
      // Full-width letters are read as letters by some.
      .normalize("NFKC")
      .replace(/([a-z0-9])(?=[A-Z])/g, "$1 ")
      .split(/[^A-Za-z0-9]+/)
      .filter((word) => word !== "")
      .map((word) => word.toLowerCase().replace(/(?<=[a-z])\d{1,9}$/, ""))
  );
}
