/**
 * Returns the code of a failed fetch, such as `ECONNREFUSED`, or an empty text. The cause itself must not be passed on,
 * because the message of a fetch may contain headers and URLs, and so keys.
 */
export function errorName(cause: unknown): string {
  let at = cause;
  let name = "";
  for (let depth = 0; depth < 4 && typeof at === "object" && at !== null; depth++) {
    const { code, errors, cause: next } = at as { code?: unknown; errors?: unknown; cause?: unknown };
    if (typeof code === "string" && /^[A-Za-z_][A-Za-z0-9_]{1,60}$/.test(code)) name = code;
    at = next ?? (Array.isArray(errors) ? errors[0] : undefined);
  }
  return name;
}
