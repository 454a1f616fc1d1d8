import { scrubPairs } from "./pairs.ts";
import { decodePercent, isPerhapsSecretParameter, isPlainlySecretName, isSecretParameter } from "./secret-name.ts";
import { REDACTED, isDate, isRandom, isTokenLike, scrubTokens } from "./token-shapes.ts";

/** Schemes that browsers read with any number of slashes: `https:/u:p@h` is an address. */
const LOOSE_SCHEME = /\b(https?|wss?|ftps?):\/*(?!\/)/gi;
/** Schemes in which anything before the host is a secret, not just a user name. */
const STRICT_SCHEME = /(?:^|\+)(?:https?|wss?|ftps?):$/i;
const HOST_BEGINS = /(?:[a-z][a-z0-9+.-]{0,30}:)?\/\/+/gi;
/** A user with a password. `host:port/…` is not one. */
const PASSWORD = /^[^/?#@[:]*:(?!\d*(?:[/?#]|$))/;
/**
 * Returns whether an address contains a password, a token or a signature: before its host, as a parameter, or in its
 * path. Takes time in proportion to its length. Never fetches the address.
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
      holdsSecretPart(text) ||
      scrubTokens(text) !== text,
  );
}

/** A part of a path such as `token=…` or `x-access-token:…`. Partitions are `user_key=5`. */
const PATH_PARAMETER = /^([\w.-]{1,64})[=:](?=[^/]*[A-Za-z])[^/]{6,}$/;

/** Returns whether a part of the path names a secret and has a value with letters. */
function holdsSecretPart(text: string): boolean {
  const [path = ""] = text.split(/[?#]/, 1);
  return path.split("/").some((part) => {
    const name = PATH_PARAMETER.exec(part)?.[1];
    return name !== undefined && (isPlainlySecretName(name) || /^token$/i.test(name));
  });
}

/**
 * Returns whether a parameter is a secret. Anything after `?`, `&`, `;` or `#` may be one, and the first part if it is
 * not a path.
 */
function holdsSecretParameter(text: string): boolean {
  return text.split(/[?&;#]/).some((part, i) => {
    const at = part.indexOf("=");
    // An empty value is not a secret.
    if (at === -1 || part.length === at + 1) return false;
    const name = part.slice(0, at);
    if (i === 0 && name.includes("/")) return false;
    const value = part.slice(at + 1);
    return isSecretParameter(name) || (isPerhapsSecretParameter(name) && isRandom(value) && !isDate(value));
  });
}

/**
 * Returns whether there is a secret such as `"password": …` in a parameter, `host=h password=…` for a database, or one
 * in `data:`. Ignores paths, which may contain partitions: `user_key=5/`.
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
  // An address may contain others.
  const begins = [...address.matchAll(HOST_BEGINS)];
  return begins.some((begin, i) => {
    const rest = address.slice(begin.index + begin[0].length, begins[i + 1]?.index);
    if (!rest.includes("@")) return false;
    // An address of a database may name several hosts, separated by commas.
    if ([rest, ...rest.split(",")].some((part) => part.includes("@") && PASSWORD.test(part))) return true;
    const end = rest.search(/[/?#]/);
    const authority = end === -1 ? rest : rest.slice(0, end);
    const at = authority.lastIndexOf("@");
    // `h\@u:p@x`.
    if (authority.includes("@") && PASSWORD.test(authority.slice(authority.indexOf("@") + 1, at))) return true;
    return at > 0 && (STRICT_SCHEME.test(begin[0].replace(/\/+$/, "")) || isTokenLike(authority.slice(0, at)));
  });
}

/** Returns whether the text is `user:password@host:path`, or the address of a database with `user/password@host`. */
function isUserAndPassword(text: string): boolean {
  if (/^jdbc:/i.test(text)) return /^[^@]*[^:@]@/.test(text);
  const [, first, before, after] = /^([^/\s@:]+):([^/\s@]*)@(.*)$/s.exec(text) ?? [];
  if (first === undefined || before === "" || NAME_SCHEME.test(first)) return false;
  return !DIGEST.test(after as string);
}

/** Schemes of names, in which `:` and `@` are part of the name. */
const NAME_SCHEME: RegExp = /^(?:urn|mailto|acct|sip|xmpp|pkg|npm|docker|oci|artifact|models?|doi|ark|hf|tag|data)$/i;
/** `name:version@sha256:…` names content. */
const DIGEST: RegExp = /^(?:sha\d{1,4}|md5|blake\w{0,4}):/i;

/** An address in which anything before the host is a secret. Browsers read these schemes with any number of slashes. */
const STRICT = /\b(?:https?|wss?|ftps?):[\\/]{0,4}([^\\/?#]{1,300})$/i;
const WITH_SCHEME = /(?:[a-z][a-z0-9+.-]{0,30}:[\\/]{1,2}|^\/\/)([^\\/?#]{1,300})$/i;
/** A password with a `/`, `?` or `#`. `host:port/…` has none. */
const WITH_SLASH = /:[\\/]{2}([^\\/?#:]{0,100}:(?!\d{0,5}(?:[/?#]|$)).{1,300})$/;
/** A password with a space. */
const SPACED = /[a-z]:\/\/([^\s/?#@:"'<>]{0,100}:(?!\d{0,5} )[^\s/?#@"'<>]{1,100} [^\s/?#@"'<>]{1,100})$/i;
/** `user:password@host:path`. */
const SCP = /(?<![\w.:/\\%-])([\w.-]{1,64}):([^:/\\]{1,128})$/;
const SCP_HOST = /(?!\w{1,20}:\/\/)[\w.-]{1,253}[:/]/y;
const HOST_START = /[\w.[-]/;
/** The most characters before an `@` that are checked. */
const LONGEST = 450;

/**
 * Returns the text without passwords and tokens before the `@` of addresses. Keeps a user name alone, as in
 * `ssh://git@host`.
 */
export function scrubUserInfo(text: string): string {
  let scrubbed = "";
  let from = 0;
  let previous = -1;
  for (let at = text.indexOf("@"); at !== -1; previous = at, at = text.indexOf("@", at + 1)) {
    // From one `@` to the next, so that no part is checked twice.
    const least = Math.max(previous + 1, at - LONGEST);
    let begin = at;
    while (begin > least && !isAround(text.charCodeAt(begin - 1))) begin--;
    if (at - begin < 3) continue;
    const before = text.slice(begin, at);
    const length = lengthOfSecret(before, text, at) || lengthOfSpaced(text.slice(least, at));
    if (length === 0 || before.endsWith(REDACTED)) continue;
    scrubbed += text.slice(from, at - length) + REDACTED;
    if (before.includes("//")) at = lastAtOfUser(text, at);
    from = at;
  }
  return scrubbed + text.slice(from);
}

/** Returns whether a character is white space, a quote or an angle bracket. */
function isAround(code: number): boolean {
  return code <= 32 || code === 34 || code === 39 || code === 60 || code === 62;
}

/** Returns the position of the last `@` before the host: a password may contain some. */
function lastAtOfUser(text: string, at: number): number {
  const end = Math.min(text.length, at + LONGEST);
  let last = at;
  for (let i = at + 1; i < end && !isAround(text.charCodeAt(i)) && !"/?#,;&\\".includes(text[i] as string); i++)
    if (text[i] === "@") last = i;
  return last;
}

/** Returns the length of the secret with one space in it at the end of a text, or 0. */
function lengthOfSpaced(text: string): number {
  return text.includes(" ") && text.includes("://") ? (SPACED.exec(text)?.[1]?.length ?? 0) : 0;
}

/** Returns the length of the secret directly before the `@`, or 0. */
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
