import type { CallOptions } from "../backend/backend.ts";
import { isFinal } from "../journal/inventory.ts";
import { lifecycleKey } from "../journal/lifecycle.ts";
import { runCreatedKey, runPrefix } from "../journal/run-created.ts";
import { fromSource, refusal } from "./refusal.ts";
import { isSame, isSameHead, newestDocument, type RunPlace, writersOf } from "./run-place.ts";

/**
 * Returns whether the target has all that the source has, and more. Rejects with a refusal if each of them has something
 * that the other one lacks.
 */
export async function isAhead(from: RunPlace, to: RunPlace, call: CallOptions): Promise<boolean> {
  const { id } = from;
  if (to.sizes.size === 0) return false;
  if ((await isSame(from, to, runCreatedKey(id), call)) === false)
    throw refusal(`the target has another run with the id ${id}`, runCreatedKey(id));
  const marker = to.listing.lifecycle;
  if (
    marker > 0 &&
    marker < from.listing.lifecycle &&
    (await isSame(from, to, lifecycleKey(id, marker), call)) === false
  )
    throw refusal(`run ${id} was deleted or restored in both ledgers since it was copied`, lifecycleKey(id, marker));
  const [own, other] = await Promise.all([fromSource(() => newestDocument(from, call)), newestDocument(to, call)]);
  const known = writersOf(from, own);
  const wentOn =
    to.listing.newestDocument > from.listing.newestDocument ||
    [...writersOf(to, other)].some((writer) => !known.has(writer));
  const sameHead = from.listing.newestDocument > 0 ? await isSameHead(from, to, call) : undefined;
  if (!wentOn) {
    if (sameHead === false) throw refusal(`run ${id} was closed in both ledgers since it was copied`);
    return false;
  }
  if (sameHead === true && own !== undefined && isFinal(own)) return true;
  throw refusal(`run ${id} went on in the target, so what the source has of it cannot be added`, runPrefix(id));
}
