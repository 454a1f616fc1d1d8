import { equalBytes } from "../../backend/body.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { isUnknownHeader } from "./checksum.ts";
import { isTaken, putHeaders } from "./condition.ts";
import type { Subject } from "./errors.ts";
import { failure } from "./errors.ts";
import type { ConditionProbe } from "./probe.ts";
import { objectSize, readObject } from "./read.ts";
import type { Client, S3Request } from "./request.ts";
import { sha256Hex } from "./sign.ts";

const MAX_ANSWER_BYTES = 64 * 1024;

export interface Creation {
  readonly operation: string;
  readonly key: string;
  readonly signal: AbortSignal | undefined;
}

/**
 * Creates an object with one PUT. May send the request several times, always with the same key and bytes. If an attempt
 * got no clear response, an object with exactly these bytes is the one that the attempt stored.
 */
export async function putObject(
  client: Client,
  probe: ConditionProbe,
  creation: Creation,
  bytes: Uint8Array,
): Promise<void> {
  const { operation, key, signal } = creation;
  const subject = client.subject(creation);
  const mode = await probe.mode(creation);
  let conditional = mode !== "ignored" && mode !== "refused" && mode !== "none";
  if (mode !== "atomic" && mode !== "racy") await assertAbsent(client, creation);
  const request: S3Request = {
    operation,
    key,
    method: "PUT",
    object: client.settings.base + key,
    body: bytes,
    checksum: "body",
    sha256: await sha256Hex(bytes),
    maxBytes: MAX_ANSWER_BYTES,
    signal,
  };
  const attempts = client.attempts();
  let unclear = false;
  for (;;) {
    const { fault } = await client.once({ ...request, headers: putHeaders(conditional) });
    if (fault === undefined) return;
    if (conditional && isUnknownHeader(fault)) {
      probe.refuse(creation);
      conditional = false;
      await assertAbsent(client, creation);
      continue;
    }
    unclear ||= fault.unknown;
    let goOn = fault.again;
    if (isTaken(fault)) {
      if (!unclear) throw failure(subject, "EXISTS", "the key exists", { status: fault.status });
      const found = await compare(client, creation, bytes, false);
      if (found === "same") return;
      if (found === "other") throw failure(subject, "EXISTS", "the key exists", { status: fault.status });
      goOn = true; // The object is gone again, or cannot be read now.
    }
    if (goOn && (await attempts.again(fault.retryAfterMs, signal))) continue;
    if (!unclear) throw fault.error;
    const found = await compare(client, creation, bytes, true);
    if (found === "same") return;
    if (found === "other") throw failure(subject, "EXISTS", "the key exists");
    throw outcomeUnknown(subject, fault.error);
  }
}

/** Rejects with `EXISTS` if the object exists. That it does not exist now proves nothing about the next moment. */
export async function assertAbsent(client: Client, creation: Creation): Promise<void> {
  if ((await objectSize(client, creation)) === undefined) return;
  throw failure(client.subject(creation), "EXISTS", "the key exists");
}

/** Returns the error for a create without a clear response. */
export function outcomeUnknown(subject: Subject, cause: LedgerError): LedgerError {
  const why =
    "the store gave no clear answer, so the object may be stored or not; create it again with the same key and bytes";
  return failure(subject, "OUTCOME_UNKNOWN", why, { transient: true, cause });
}

async function compare(
  client: Client,
  creation: Creation,
  bytes: Uint8Array,
  once: boolean,
): Promise<"same" | "other" | "unclear"> {
  try {
    const stored = await readObject(client, { ...creation, once }, { offset: 0, length: bytes.byteLength + 1 });
    return equalBytes(stored, bytes) ? "same" : "other";
  } catch (error) {
    creation.signal?.throwIfAborted();
    if (LedgerError.is(error)) return "unclear";
    throw error;
  }
}
