import type { Fault } from "./errors.ts";
import { CONFLICTS } from "./errors.ts";

/** Headers of every PUT of an object; with the condition that there is none yet. */
export function putHeaders(conditional: boolean): Record<string, string> {
  const headers: Record<string, string> = { "content-type": "application/octet-stream" };
  if (conditional) headers["if-none-match"] = "*";
  return headers;
}

/** The condition failed: there is an object. */
export function isTaken({ status, code }: Fault): boolean {
  return status === 412 || (status === 409 && !CONFLICTS.has(code));
}
