import type { Backend, CallOptions } from "../backend/backend.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { sealedKey, sealKey, signaturesPrefix } from "../journal/sealing.ts";
import type { RunObject } from "./run-object.ts";

/** The greatest length of the objects of a seal, in bytes. */
const MAX_BYTES: number = 64 * 1024 * 1024;

/**
 * Yields the seal of a run, the list of what it covers, and its signatures, as far as they are there. No document lists
 * them, so their digests are those of what is stored. A store that cannot list shows no signatures.
 */
export async function* sealObjects(
  backend: Backend,
  id: string,
  call: CallOptions,
): AsyncGenerator<RunObject, void, undefined> {
  const { sha256Hex } = await loadSha256();
  const keys = [sealedKey(id), sealKey(id)];
  try {
    for await (const { key } of backend.list(signaturesPrefix(id), call)) keys.push(key);
  } catch (error) {
    if (!LedgerError.hasCode(error, "UNSUPPORTED")) throw error;
  }
  for (const key of keys) {
    let bytes: Uint8Array;
    try {
      bytes = await readBounded(backend, key, MAX_BYTES, call);
    } catch (error) {
      // The run is not sealed yet.
      if (LedgerError.hasCode(error, "NOT_FOUND")) continue;
      throw error;
    }
    yield { key, size: bytes.length, digest: formatDigest(await sha256Hex(bytes)), kind: "seal" };
  }
}
