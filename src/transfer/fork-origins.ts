import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { createOrMatch } from "../backend/create-or-match.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { MAX_CHECKED_JSON_BYTES } from "../bytes/checked-json.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { concernsOneObject, LedgerError } from "../errors/ledger-error.ts";
import { purgedKey, wasPurged } from "../journal/purged.ts";
import { decodeRunCreated } from "../journal/read-run-beginning.ts";
import { runCreatedKey } from "../journal/run-created.ts";
import { fromSource, refusal } from "./refusal.ts";
import type { ImportContext, TransferContext } from "./transfer-context.ts";

/** A run from which another one inherits points. */
export interface ForkOrigin {
  readonly run: string;
  /** The SHA-256 of its beginning. Absent if the run is gone. */
  readonly hex?: string | undefined;
}

/** The most runs that one run may inherit points from. Histories follow no more either. */
export const MAX_ORIGINS = 100;

/** Returns the runs from which a run inherits points, the nearest first. A chain that is broken or circular ends early. */
export async function forkOrigins(
  backend: Backend,
  id: string,
  signal: AbortSignal | undefined,
): Promise<readonly ForkOrigin[]> {
  const origins: ForkOrigin[] = [];
  const seen = new Set<string>();
  for (let run: string | undefined = id; run !== undefined && !seen.has(run) && origins.length < MAX_ORIGINS;) {
    seen.add(run);
    const bytes = await beginningOf(backend, run, signal);
    if (run !== id) origins.push(bytes === undefined ? { run } : { run, hex: await hexOf(bytes) });
    try {
      run = bytes && decodeRunCreated(bytes, run).forkOf?.run;
    } catch (error) {
      if (!concernsOneObject(error)) throw error;
      break;
    }
  }
  return origins;
}

/**
 * Rejects with a refusal unless the target has each of these runs. A fork names its origin by the id alone, so with
 * another run under that id, the fork would have the points of that one.
 */
export async function checkOrigins(
  { target, signal }: Pick<ImportContext, "target" | "signal">,
  id: string,
  origins: readonly ForkOrigin[],
): Promise<void> {
  for (const { run, hex } of origins) {
    const refused = (why: string): LedgerError =>
      refusal(`run ${id} inherits points from run ${run}, ${why}`, runCreatedKey(run));
    const isPurged = await wasPurged(target, run, callOptions(signal));
    // Nobody gets the id of a purged run again.
    if (isPurged && hex === undefined) continue;
    if (isPurged) throw refused("which was purged in the target");
    const bytes = await beginningOf(target, run, signal);
    if (bytes === undefined) throw refused("which the target does not have");
    if (hex !== (await hexOf(bytes))) throw refused("and the target has another run with that id");
  }
}

/** Copies what says that origins were purged in the source, so that no other run gets their ids in the target. */
export async function copyPurges(
  { source, target, stored, signal }: TransferContext,
  origins: readonly ForkOrigin[],
): Promise<void> {
  const call = callOptions(signal);
  for (const { run, hex } of origins) {
    const key = purgedKey(run);
    if (hex !== undefined || (await fromSource(() => source.stat(key, call))) === undefined) continue;
    if ((await beginningOf(target, run, signal)) !== undefined || (await wasPurged(target, run, call))) continue;
    const bytes = await fromSource(() => readBounded(source, key, MAX_CHECKED_JSON_BYTES, call));
    if (await createOrMatch(target, key, bytes, signal, true)) stored(bytes.length);
  }
}

async function beginningOf(
  backend: Backend,
  run: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  try {
    return await readBounded(backend, runCreatedKey(run), MAX_CHECKED_JSON_BYTES, callOptions(signal));
  } catch (error) {
    if (LedgerError.hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

async function hexOf(bytes: Uint8Array): Promise<string> {
  return await (await loadSha256()).sha256Hex(bytes);
}
