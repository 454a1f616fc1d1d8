import { callOptions } from "../backend/call-options.ts";
import { ownValue } from "../bytes/dictionary.ts";
import { isCompacted } from "../journal/compacted.ts";
import { isFinal } from "../journal/inventory.ts";
import { parseSegmentKey } from "../journal/segment.ts";
import { mapBounded } from "../platform/bounded.ts";
import { fromSource } from "./refusal.ts";
import { newestDocument, type RunPlace } from "./run-place.ts";
import type { TransferContext } from "./transfer-context.ts";

/** How many journals are removed at a time. */
const REMOVALS_AT_ONCE = 4;

/**
 * Removes the journals that an earlier copy stored of a run that was still written, and that the source removed when the
 * run was closed. The target must have what the newest document names.
 */
export async function removeLeft({ target, signal }: TransferContext, from: RunPlace, to: RunPlace): Promise<void> {
  const left = [...to.sizes].filter(([key]) => parseSegmentKey(key) !== undefined && !from.sizes.has(key));
  if (left.length === 0) return;
  const document = await fromSource(() => newestDocument(from, callOptions(signal)));
  if (document === undefined || !isFinal(document)) return;
  const { ends } = document.compacted ?? {};
  const superseded = left.filter(([key, size]) => {
    const segment = parseSegmentKey(key);
    return ends && segment && isCompacted(ownValue(ends, segment.writer), segment.seq, size);
  });
  await mapBounded(superseded, REMOVALS_AT_ONCE, signal, ([key], stop) => target.remove(key, { signal: stop }));
}
