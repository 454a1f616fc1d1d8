import type { RawResponse, S3Call } from "./messages.ts";
import { S3Error, errorResponse } from "./messages.ts";

/**
 * What can go wrong with a request:
 * - `reset`: the connection breaks before it is carried out; `lost-ack`: after that; `late`: before, yet it is carried out later;
 * - `hang`: no answer ever;
 * - `error-before`, `error-after`: 500, without or with effect; `bare-503-after`: 503 from something before the store, with effect;
 * - `slow-down`: 503 SlowDown with `Retry-After: 1`;
 * - `cut-body`: half of the answer's body;
 * - `html`: a web page with status 200.
 */
export type FaultName =
  | "reset"
  | "lost-ack"
  | "late"
  | "hang"
  | "error-before"
  | "error-after"
  | "bare-503-after"
  | "slow-down"
  | "cut-body"
  | "html";

export interface FaultRule {
  readonly fault: FaultName | (() => RawResponse);
  readonly when: (call: S3Call) => boolean;
  /** How often it still strikes. */
  times: number;
}

/** What reaches the client: an answer, the first bytes of one, or a broken connection. */
export type Delivery =
  | { readonly response: RawResponse; readonly cutAt?: number }
  | { readonly broken: "reset" | "hang" };

/** Carries out a request, or spoils it. `later` keeps what is to take effect after the next request has come. */
export async function deliver(
  fault: FaultRule["fault"] | undefined,
  carryOut: () => Promise<RawResponse>,
  later: (work: () => Promise<unknown>) => void,
): Promise<Delivery> {
  if (typeof fault === "function") return { response: fault() };
  switch (fault) {
    case undefined:
      return { response: await carryOut() };
    case "reset":
      return { broken: "reset" };
    case "lost-ack":
      await carryOut();
      return { broken: "reset" };
    case "late":
      later(carryOut);
      return { broken: "reset" };
    case "hang":
      return { broken: "hang" };
    case "error-before":
      return { response: errorResponse(new S3Error(500, "InternalError")) };
    case "error-after":
      await carryOut();
      return { response: errorResponse(new S3Error(500, "InternalError")) };
    case "bare-503-after":
      await carryOut();
      return { response: page(503) };
    case "slow-down":
      return { response: errorResponse(new S3Error(503, "SlowDown", {}, { "retry-after": "1" })) };
    case "cut-body": {
      const response = await carryOut();
      return { response, cutAt: response.body.length >> 1 };
    }
    case "html":
      return { response: page(200) };
  }
}

function page(status: number): RawResponse {
  const body = new TextEncoder().encode("<!DOCTYPE html><html><body>It works!</body></html>");
  return { status, headers: { "content-type": "text/html; charset=utf-8" }, body };
}
