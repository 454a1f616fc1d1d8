import { REDACTED, isTokenLike } from "./token-shapes.ts";

/** Schemes of names: in them `:` and `@` are part of the name. */
export const NAME_SCHEME: RegExp =
  /^(?:urn|mailto|acct|sip|xmpp|pkg|npm|docker|oci|artifact|models?|doi|ark|hf|tag|data)$/i;
/** `name:version@sha256:…` names content. */
export const DIGEST: RegExp = /^(?:sha\d{1,4}|md5|blake\w{0,4}):/i;

/** In these nothing in front of the host is a mere user name, and browsers read them with any number of slashes. */
const STRICT = /\b(?:https?|wss?|ftps?):[\\/]{0,4}([^\\/?#]{1,300})$/i;
const WITH_SCHEME = /(?:[a-z][a-z0-9+.-]{0,30}:[\\/]{1,2}|^\/\/)([^\\/?#]{1,300})$/i;
/** A `/`, `?` or `#` in the password; `host:port/…` has no password. */
const WITH_SLASH = /:[\\/]{2}([^\\/?#:]{0,100}:(?!\d{0,5}(?:[/?#]|$)).{1,300})$/;
/** `user:password@host:path`. */
const SCP = /(?<![\w.:/\\%-])([\w.-]{1,64}):([^:/\\]{1,128})$/;
const SCP_HOST = /(?!\w{1,20}:\/\/)[\w.-]{1,253}[:/]/y;
const HOST_BEGINS = /[\w.[-]/;
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
  const withSlash = hasSlash && HOST_BEGINS.test(text[at + 1] ?? "") ? WITH_SLASH.exec(before)?.[1] : undefined;
  if (withSlash !== undefined) return withSlash.length;
  const [, name = "", password = ""] = SCP.exec(before) ?? [];
  SCP_HOST.lastIndex = at + 1;
  const isAddress = password !== "" && !NAME_SCHEME.test(name) && SCP_HOST.test(text);
  return isAddress && !DIGEST.test(text.slice(at + 1, at + 12)) ? password.length : 0;
}
