import { createOrMatch } from "../backend/create-or-match.ts";
import { callOptions } from "../backend/call-options.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { segmentOf } from "../care/verify-seal.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { sealKey } from "../journal/sealing.ts";
import { linkKey, MAX_LINK_BYTES } from "../seal/chain-link.ts";
import { decodeRunSeal, MAX_SEAL_BYTES } from "../seal/run-seal.ts";
import { fromSource } from "./refusal.ts";
import type { TransferContext } from "./transfer-context.ts";

/**
 * Copies the link of a sealed run in the chain of its experiment, unless the target has another link with its number: then
 * the experiment has a chain of its own there.
 */
export async function copyLink({ source, target, stored, signal }: TransferContext, id: string): Promise<void> {
  const call = callOptions(signal);
  const link = await fromSource(async () => {
    const key = sealKey(id);
    const seal = decodeRunSeal(await readBounded(source, key, MAX_SEAL_BYTES, call), id, key);
    const place = linkKey(segmentOf(seal.experiment), seal.link.n);
    try {
      return { key: place, bytes: await readBounded(source, place, MAX_LINK_BYTES, call) };
    } catch (error) {
      if (LedgerError.hasCode(error, "NOT_FOUND")) return undefined;
      throw error;
    }
  });
  if (link === undefined || (await target.stat(link.key, call)) !== undefined) return;
  if (await createOrMatch(target, link.key, link.bytes, signal, true)) stored(link.bytes.length);
}
