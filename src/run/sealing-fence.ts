import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { createOrMatch, holds } from "../backend/create-or-match.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { noNumberAfter } from "../errors/no-number-after.ts";
import { encodeFence, fenceKey, MAX_FENCE_NUMBER } from "../journal/fence.ts";
import { listRun } from "../journal/list-run.ts";
import { sealingKey } from "../journal/sealing.ts";
import { decodeSealing, encodeSealing, MAX_SEALING_BYTES } from "../journal/sealing-claim.ts";

/** Stands for the session in the fence of a seal. */
const WRITER = "seal";

/**
 * Says that a run is being sealed, then puts up a fence. Once this resolves, no session can begin, the backend
 * acknowledges nothing more of earlier sessions, and a listing shows everything that it acknowledged. Returns the
 * number of the fence. `claim`: 32 random hex digits. Creates of the backend must be exclusive.
 *
 * The order matters. A session that lists the run after the first step refuses to begin. One that listed the run before
 * saw fewer fences than the second step finds, so it looks for a fence that is up. All who seal a run put up the same
 * fence, so that none adds an object to what another has sealed.
 */
export async function putUpSealingFence(
  backend: Backend,
  runId: string,
  claim: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  const call = callOptions(signal);
  const key = sealingKey(runId);
  const isOwn = await createOrMatch(backend, key, encodeSealing(runId, claim), signal, true);
  const agreed = isOwn ? claim : decodeSealing(runId, await readBounded(backend, key, MAX_SEALING_BYTES, call));
  const bytesOf = (n: number): Uint8Array => encodeFence(runId, { n, id: agreed }, WRITER);
  const { fences } = await listRun(backend, runId, call);
  for (let n = fences; n > 0 && !isOwn; n--) if (await holds(backend, fenceKey(runId, n), bytesOf(n), signal)) return n;
  for (let n = fences + 1; n <= MAX_FENCE_NUMBER; n++)
    if (await createOrMatch(backend, fenceKey(runId, n), bytesOf(n), signal, true)) return n;
  throw noNumberAfter(fenceKey(runId, MAX_FENCE_NUMBER));
}
