import type { Fault } from "./errors.ts";
import { CONFLICTS } from "./errors.ts";

/** Returns the headers of a PUT of an object. `conditional` adds the condition that the key must not exist. */
export function putHeaders(conditional: boolean): Record<string, string> {
  const headers: Record<string, string> = { "content-type": "application/octet-stream" };
  if (conditional) headers["if-none-match"] = "*";
  return headers;
}

/** Returns whether a request failed because the object exists. */
export function isTaken({ status, code }: Fault): boolean {
  return status === 412 || (status === 409 && !CONFLICTS.has(code));
}
