import type { Backend } from "./backend.ts";
import { callOptions } from "./call-options.ts";
import { equalBytes } from "./body.ts";
import { LedgerError } from "../errors/ledger-error.ts";

/** How often a create is tried again that was refused for an object that is not there. */
const MOST_ATTEMPTS = 20;

/**
 * Creates an object whose bytes say all there is to say, so that finding equal bytes is as good as having written them. False when
 * the key holds other bytes. An outcome that is unknown is asked for again: same key, same bytes.
 * With `durable` the object survives a power cut, also if another process created it.
 */
export async function createOrMatch(
  backend: Backend,
  key: string,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
  durable = false,
): Promise<boolean> {
  for (let attempt = 0; ; attempt++) {
    try {
      await backend.create(key, bytes, { ...callOptions(signal), ...(durable && { durable }) });
      return true;
    } catch (error) {
      if (LedgerError.hasCode(error, "EXISTS")) {
        const found = await holds(backend, key, bytes, signal);
        if (found !== undefined) return found;
        if (attempt >= MOST_ATTEMPTS) throw error;
      } else if (!LedgerError.hasCode(error, "OUTCOME_UNKNOWN") || attempt >= 2) throw error;
    }
  }
}

/** Whether an object has these bytes; `undefined` if there is no object. Reads no more of it, however long it is. */
export async function holds(
  backend: Backend,
  key: string,
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<boolean | undefined> {
  const range = { offset: 0, length: bytes.byteLength + 1 };
  try {
    return equalBytes(await backend.read(key, { range, ...callOptions(signal) }), bytes);
  } catch (error) {
    // A store may refuse a create because of another one that nobody can see yet, as versitygw does.
    if (LedgerError.hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}
