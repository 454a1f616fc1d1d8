import { concatBytes } from "../../backend/body.ts";
import { failure } from "./failure.ts";
import type { Settings } from "./options.ts";
import { refusal } from "./refusal.ts";
import { type Request, send } from "./send.ts";

/** What to do about a place that its index does not describe. */
export const PUBLISH_AGAIN =
  "the ledger was uploaded only in part, or changed since it was published. Publish it again, and upload the index last";

/** A whole object of the index. */
export interface Answer {
  readonly bytes: Uint8Array;
  readonly tag: string | undefined;
  /** Whether the server says that the object has not changed. Then there are no bytes. */
  readonly isUnchanged: boolean;
}

/** Returns a whole object of the index. Rejects with `Missing`, and with `IO` for one that is too long. */
export async function readBounded(
  settings: Settings,
  request: Request & { readonly maxBytes: number },
): Promise<Answer> {
  const { maxBytes } = request;
  return await send(settings, request, async (response, progress) => {
    const tag = response.headers.get("etag") ?? undefined;
    if (response.status === 304 && request.headers?.["if-none-match"] !== undefined)
      return { bytes: new Uint8Array(), tag, isUnchanged: true };
    if (response.status !== 200) throw refusal(settings, request, response);
    const chunks: Uint8Array[] = [];
    let total = 0;
    const reader = response.body?.getReader();
    while (reader) {
      const { done, value } = await reader.read();
      if (done) break;
      progress();
      chunks.push(value);
      total += value.byteLength;
      if (total <= maxBytes) continue;
      reader.cancel().catch(() => {});
      throw failure(request, "IO", `the index is damaged, or a page stands in its place: ${PUBLISH_AGAIN}`);
    }
    return { bytes: concatBytes(chunks, total), tag, isUnchanged: false };
  });
}
