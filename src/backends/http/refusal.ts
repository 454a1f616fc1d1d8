import type { LedgerError } from "../../errors/ledger-error.ts";
import { failure } from "./failure.ts";
import { Missing } from "./missing.ts";
import type { Settings } from "./options.ts";
import type { Request } from "./send.ts";

/** Returns what to throw for an answer without the object. */
export function refusal(
  { base }: Settings,
  request: Pick<Request, "operation" | "key">,
  { status }: Response,
): LedgerError | Missing {
  if (status === 404 || status === 410 || status === 403) return new Missing(status);
  if (status === 401) return failure(request, "CREDENTIALS", `${base.host} asks for a login (401)`, { status });
  // A browser shows a redirect that it did not follow as status 0.
  const what = status === 0 ? "with a redirect" : `${status}`;
  return failure(request, "UNEXPECTED_RESPONSE", `${base.host} answered ${what}`, { status });
}
