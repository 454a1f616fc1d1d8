import { readRange } from "../artifacts/read-ranges.ts";
import { equalBytes } from "../backend/body.ts";
import { callOptions } from "../backend/call-options.ts";
import { type CopiedObject, copyObject, firstBytes } from "./copy-object.ts";
import { fromSource, refusal } from "./refusal.ts";
import type { TransferContext } from "./transfer-context.ts";

/** How many of the bytes that both have are compared. Only the writer that the key names ever writes them. */
const COMPARED_BYTES = 64 * 1024;

/**
 * Copies a segment of a journal of which the target has the first `has` bytes. If the target cannot append, the segment
 * is removed and created again: for a moment the run lacks it.
 */
export async function growSegment(context: TransferContext, object: CopiedObject, has: number): Promise<void> {
  const { source, target, stored, signal } = context;
  const { key, size } = object;
  const compared = Math.min(has, COMPARED_BYTES);
  const range = { offset: has - compared, length: compared };
  const [own, other] = await Promise.all([
    fromSource(() => readRange(source, key, range, signal)),
    target.read(key, { ...callOptions(signal), range }),
  ]);
  if (!equalBytes(own, other)) throw refusal(`the target has other bytes as ${key}`, key);
  if (!target.capabilities.append || target.append === undefined) {
    await target.remove(key, callOptions(signal));
    return await copyObject(context, object);
  }
  let at = has;
  const pieces = firstBytes(source, key, size, signal, has);
  for (;;) {
    const { done, value } = await fromSource(() => pieces.next());
    if (done) return;
    await target.append(key, value, { ...callOptions(signal), at, durable: true });
    at += value.length;
    stored(value.length);
  }
}
