import { statedLength } from "../../backend/requests/answer-body.ts";
import { failure } from "./failure.ts";
import type { Settings } from "./options.ts";
import { refusal } from "./refusal.ts";
import { send } from "./send.ts";

/** The size of a compressed object is of no use. */
const IDENTITY = { "accept-encoding": "identity" };

/** An object to measure. */
interface Measured {
  readonly operation: string;
  readonly key: string;
  readonly signal: AbortSignal | undefined;
}

/**
 * Returns the size of an object of a place without an index. Rejects with `Missing`, and with `UNEXPECTED_RESPONSE` if
 * the server does not state the size.
 */
export async function objectSize(settings: Settings, measured: Measured): Promise<number> {
  return await send(settings, { ...measured, method: "HEAD", headers: IDENTITY }, async (response) => {
    const { status, headers } = response;
    if (status !== 200) throw refusal(settings, measured, response);
    const size = /^(?:identity)?$/.test(headers.get("content-encoding") ?? "") ? statedLength(headers) : undefined;
    if (size !== undefined && !/^\s*text\/html\b/i.test(headers.get("content-type") ?? "")) return size;
    const why = `${settings.base.host} answered with a web page, or without the size of the object`;
    throw failure(measured, "UNEXPECTED_RESPONSE", why, { status });
  });
}
