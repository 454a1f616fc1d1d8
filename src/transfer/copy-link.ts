import { createOrMatch } from "../backend/create-or-match.ts";
import { callOptions } from "../backend/call-options.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { segmentOf } from "../care/verify-seal.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { sealKey } from "../journal/sealing.ts";
import { linkKey, MAX_LINK_BYTES } from "../seal/chain-link.ts";
import { decodeRunSeal, MAX_SEAL_BYTES } from "../seal/run-seal.ts";
import { fromSource } from "./refusal.ts";
import type { TransferContext } from "./transfer-context.ts";

/**
 * Copies the link of a sealed run in the chain of its experiment, unless the target has another link with its number: then
 * the experiment has a chain of its own there. Returns whether it stored the link.
 */
export async function copyLink({ source, target, stored, signal }: TransferContext, id: string): Promise<boolean> {
  const call = callOptions(signal);
  const link = await fromSource(async () => {
    const key = sealKey(id);
    const seal = decodeRunSeal(await readBounded(source, key, MAX_SEAL_BYTES, call), id, key);
    const place = linkKey(segmentOf(seal.experiment), seal.link.n);
    try {
      const bytes = await readBounded(source, place, MAX_LINK_BYTES, call);
      const digest = formatDigest(await (await loadSha256()).sha256Hex(bytes));
      // Otherwise the link is that of another run, because the seal came from another ledger.
      return digest === seal.link.digest ? { key: place, bytes } : undefined;
    } catch (error) {
      if (LedgerError.hasCode(error, "NOT_FOUND")) return undefined;
      throw error;
    }
  });
  if (link === undefined || (await target.stat(link.key, call)) !== undefined) return false;
  if (!(await createOrMatch(target, link.key, link.bytes, signal, true))) return false;
  stored(link.bytes.length);
  return true;
}
