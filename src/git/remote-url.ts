import { scrub } from "../provenance/redaction/scrub.ts";
import { decodePercent } from "../provenance/redaction/secret-name.ts";
import { isTokenLike, REDACTED } from "../provenance/redaction/token-shapes.ts";

const NETWORK = /^(?:git\+)?(https?|ssh|git):\/\/([^/?#\\]*)([^?#]*)/i;
const SCP = /^(?:([^@:/\\]*)@)?([\w.-]{2,}):(?!:|\/\/)([^?#]*)/;
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;
/** Some mirrors have the address of the original in their paths. */
const INNER_SCHEME = /(?<![^/])(?:https?|ssh|git):\/{1,2}/gi;
const USER = /^[a-z_][a-z0-9_-]{0,31}$/;

/** A key in hexadecimal digits. */
const DIGITS = /^[\da-f]{20,}$/i;

/**
 * Returns the address of a remote without credentials, query and fragment, or `undefined` if it is not the address of
 * another computer, or cannot be taken apart with certainty. Keeps the user of SSH: it is a part of the address.
 */
export function cleanRemoteUrl(url: string): string | undefined {
  const [, scheme, authority = "", path = ""] = NETWORK.exec(url) ?? [];
  if (scheme !== undefined) {
    const at = authority.lastIndexOf("@");
    const host = authority.slice(at + 1);
    if (!HOST.test(host) || holdsUser(path)) return undefined;
    const user = scheme.toLowerCase() === "ssh" ? keptUser(authority.slice(0, Math.max(at, 0))) : "";
    return cleanPath(`${scheme.toLowerCase()}://${user}${host}`, path);
  }
  const [all, user = "", host = "", own = ""] = SCP.exec(url) ?? [];
  if (all === undefined || holdsUser(own)) return undefined;
  return cleanPath(`${keptUser(user)}${host}:`, own);
}

/** Returns whether a path may contain a user or a password: one with a `/` ends up there, or one in the wrong place. */
function holdsUser(path: string): boolean {
  return /[@:]/.test(decodePercent(path).replace(INNER_SCHEME, "/"));
}

/** Returns whether a part of a path is a key. The last part names the repository: that of a gist is a hash. */
function isSecretPart(part: string, isLast: boolean): boolean {
  return isTokenLike(part.replace(/\.git$/i, "")) || (!isLast && DIGITS.test(part));
}

function keptUser(user: string): string {
  return USER.test(user) && !isTokenLike(user) && !DIGITS.test(user) ? `${user}@` : "";
}

function cleanPath(start: string, given: string): string {
  const path = given
    .split("/")
    .map((part, i, parts) => (isSecretPart(decodePercent(part), i === parts.length - 1) ? REDACTED : part))
    .join("/");
  const whole = scrub(start + path);
  // Some secrets show only with the host before them, others only without it.
  return whole.startsWith(start) ? start + scrub(whole.slice(start.length)) : whole;
}
