import { scrubPairs } from "./pairs.ts";
import { decodePercent, isSecretParameter } from "./secret-name.ts";
import { REDACTED, isTokenLike, scrubTokens } from "./token-shapes.ts";

/** Browsers read the addresses of these with any number of slashes: `https:/u:p@h` is one. */
const LOOSE_SCHEME = /\b(https?|wss?|ftps?):\/*(?!\/)/gi;
/** In these nothing in front of the host is a mere user name. */
const STRICT_SCHEME = /(?:^|\+)(?:https?|wss?|ftps?):$/i;
const HOST_BEGINS = /(?:[a-z][a-z0-9+.-]{0,30}:)?\/\/+/gi;
/** `host:port/…` is no user with a password. */
const PASSWORD = /^[^/?#@[:]*:(?!\d*(?:[/?#]|$))/;
/**
 * Whether an address holds a password, a token or a signature: in front of its host, as a parameter, or in its path. Takes time
 * in proportion to its length. The address is never fetched, and decoded only to look at it.
 */
export function holdsSecret(uri: string): boolean {
  const decoded = decodePercent(uri);
  return [uri, ...(decoded === uri ? [] : [decoded])].some(
    (text) =>
      holdsUserInfo(text) ||
      // Browsers read `\` as `/`, other programs do not.
      (text.includes("\\") && holdsUserInfo(text.replaceAll("\\", "/"))) ||
      holdsSecretParameter(text) ||
      holdsSecretPair(text) ||
      scrubTokens(text) !== text,
  );
}

/** Anything after `?`, `&`, `;` or `#` may be a parameter, and so may the first part of what is no path. */
function holdsSecretParameter(text: string): boolean {
  return text.split(/[?&;#]/).some((part, i) => {
    const at = part.indexOf("=");
    // An empty value is no secret.
    if (at === -1 || part.length === at + 1) return false;
    const name = part.slice(0, at);
    return !(i === 0 && name.includes("/")) && isSecretParameter(name);
  });
}

/**
 * `"password": …` in a parameter, `host=h password=…` of a database, and texts in `data:`. Not in a path, which may hold
 * partitions: `user_key=5/`.
 */
function holdsSecretPair(text: string): boolean {
  const query = text.search(/[?#]/);
  const settings = /\s/.test(text) ? text.split(/\s+/).filter((word) => !/^[^=]*\//.test(word)) : [];
  const pairs = /^data:/i.test(text) ? text : `${settings.join(" ")}\n${query === -1 ? "" : text.slice(query + 1)}`;
  return scrubPairs(pairs) !== pairs;
}

function holdsUserInfo(text: string): boolean {
  if (!text.includes("@")) return false;
  if (isUserAndPassword(text)) return true;
  const address = text.replace(LOOSE_SCHEME, "$1://");
  // There may be several, one inside another.
  const begins = [...address.matchAll(HOST_BEGINS)];
  return begins.some((begin, i) => {
    const rest = address.slice(begin.index + begin[0].length, begins[i + 1]?.index);
    if (!rest.includes("@")) return false;
    // Databases name several hosts, with commas between.
    if ([rest, ...rest.split(",")].some((part) => part.includes("@") && PASSWORD.test(part))) return true;
    const end = rest.search(/[/?#]/);
    const authority = end === -1 ? rest : rest.slice(0, end);
    const at = authority.lastIndexOf("@");
    // `h\@u:p@x`.
    if (authority.includes("@") && PASSWORD.test(authority.slice(authority.indexOf("@") + 1, at))) return true;
    return at > 0 && (STRICT_SCHEME.test(begin[0].replace(/\/+$/, "")) || isTokenLike(authority.slice(0, at)));
  });
}

/** `user:password@host:path`, and the addresses of databases that have `user/password@host`. */
function isUserAndPassword(text: string): boolean {
  if (/^jdbc:/i.test(text)) return /^[^@]*[^:@]@/.test(text);
  const [, first, before, after] = /^([^/\s@:]+):([^/\s@]*)@(.*)$/s.exec(text) ?? [];
  if (first === undefined || before === "" || NAME_SCHEME.test(first)) return false;
  return !DIGEST.test(after as string);
}

/** Schemes of names: in them `:` and `@` are part of the name. */
const NAME_SCHEME: RegExp = /^(?:urn|mailto|acct|sip|xmpp|pkg|npm|docker|oci|artifact|models?|doi|ark|hf|tag|data)$/i;
/** `name:version@sha256:…` names content. */
const DIGEST: RegExp = /^(?:sha\d{1,4}|md5|blake\w{0,4}):/i;

/** In these nothing in front of the host is a mere user name, and browsers read them with any number of slashes. */
const STRICT = /\b(?:https?|wss?|ftps?):[\\/]{0,4}([^\\/?#]{1,300})$/i;
const WITH_SCHEME = /(?:[a-z][a-z0-9+.-]{0,30}:[\\/]{1,2}|^\/\/)([^\\/?#]{1,300})$/i;
/** A `/`, `?` or `#` in the password; `host:port/…` has no password. */
const WITH_SLASH = /:[\\/]{2}([^\\/?#:]{0,100}:(?!\d{0,5}(?:[/?#]|$)).{1,300})$/;
/** `user:password@host:path`. */
const SCP = /(?<![\w.:/\\%-])([\w.-]{1,64}):([^:/\\]{1,128})$/;
const SCP_HOST = /(?!\w{1,20}:\/\/)[\w.-]{1,253}[:/]/y;
const HOST_START = /[\w.[-]/;
/** Nothing in front of an `@` is longer. */
const LONGEST = 450;

/** The text without passwords and tokens in front of the `@` of addresses. A mere user name, as in `ssh://git@host`, stays. */
export function scrubUserInfo(text: string): string {
  let scrubbed = "";
  let from = 0;
  let previous = -1;
  for (let at = text.indexOf("@"); at !== -1; previous = at, at = text.indexOf("@", at + 1)) {
    // From one `@` to the next, so that no part is looked at twice.
    const least = Math.max(previous + 1, at - LONGEST);
    let begin = at;
    while (begin > least && !isAround(text.charCodeAt(begin - 1))) begin--;
    if (at - begin < 3) continue;
    const before = text.slice(begin, at);
    const length = lengthOfSecret(before, text, at);
    if (length === 0 || before.endsWith(REDACTED)) continue;
    scrubbed += text.slice(from, at - length) + REDACTED;
    from = at;
  }
  return scrubbed + text.slice(from);
}

/** White space, quotes, angle brackets. */
function isAround(code: number): boolean {
  return code <= 32 || code === 34 || code === 39 || code === 60 || code === 62;
}

/** Of characters in front of the `@`. */
function lengthOfSecret(before: string, text: string, at: number): number {
  const hasSlash = /[\\/]/.test(before);
  if (!hasSlash && !before.includes(":")) return 0;
  const strict = STRICT.exec(before)?.[1];
  if (strict !== undefined) return strict.length;
  const user = hasSlash ? WITH_SCHEME.exec(before)?.[1] : undefined;
  if (user !== undefined && (user.includes(":") || isTokenLike(user))) return user.length;
  const withSlash = hasSlash && HOST_START.test(text[at + 1] ?? "") ? WITH_SLASH.exec(before)?.[1] : undefined;
  if (withSlash !== undefined) return withSlash.length;
  const [, name = "", password = ""] = SCP.exec(before) ?? [];
  SCP_HOST.lastIndex = at + 1;
  const isAddress = password !== "" && !NAME_SCHEME.test(name) && SCP_HOST.test(text);
  return isAddress && !DIGEST.test(text.slice(at + 1, at + 12)) ? password.length : 0;
}
