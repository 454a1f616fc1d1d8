import { scrubPairs } from "./pairs.ts";
import { decodePercent, isSecretParameter } from "./secret-name.ts";
import { isTokenLike, scrubTokens } from "./token-shapes.ts";
import { DIGEST, NAME_SCHEME } from "./user-info.ts";

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
