import type { Backend } from "./backend.ts";
import { callOptions } from "./call-options.ts";
import { equalBytes } from "./body.ts";
import { LedgerError } from "../errors/ledger-error.ts";

/** The most attempts after a create was refused because of an object that does not exist. */
const MOST_ATTEMPTS = 20;

/**
 * Creates an object for which it does not matter who wrote it, so that finding equal bytes counts as success. Returns
 * false if the key holds other bytes. Repeats the call if its outcome is unknown. With `durable`, the object survives a
 * power cut, also if another process created it.
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

/**
 * Returns whether an object has exactly these bytes, or `undefined` if there is no object. Reads at most one byte more.
 */
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
    // A store, such as versitygw, may refuse a create because of another one that is not visible yet.
    if (LedgerError.hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}
