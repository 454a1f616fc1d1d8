import { decodeCheckedJson, encodeCheckedJson, laterVersion } from "../bytes/checked-json.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { isDictionary } from "./record-checks.ts";
import { sealingKey } from "./sealing.ts";

/** The greatest length of the object that says that a run is being sealed, in bytes. */
export const MAX_SEALING_BYTES = 4096;

/** Returns the bytes of the object that says that a run is being sealed. `claim`: 32 random hex digits. */
export function encodeSealing(runId: string, claim: string): Uint8Array {
  return encodeCheckedJson({ v: 1, run: runId, claim }, "sealing");
}

/** Returns the claim of {@link encodeSealing}. Throws `CORRUPT` for anything else. */
export function decodeSealing(runId: string, bytes: Uint8Array): string {
  const key = sealingKey(runId);
  let sealing: unknown;
  let cause: unknown;
  try {
    sealing = decodeCheckedJson(bytes);
  } catch (error) {
    cause = error;
  }
  if (laterVersion(sealing) !== undefined)
    throw new LedgerError("FORMAT_TOO_NEW", `${key} is of a later version of this library`, { key });
  if (isDictionary(sealing)) {
    const { v, run, claim } = sealing;
    if (v === 1 && run === runId && typeof claim === "string" && /^[0-9a-f]{32}$/.test(claim)) return claim;
  }
  throw new LedgerError("CORRUPT", `${key} is damaged or belongs to another run`, { key, cause });
}
