import { LedgerError } from "../../index.ts";
import type { ModelArtifacts } from "./model-artifacts.ts";

/**
 * Returns the bytes of the weights as TF.js or a user gives them: an `ArrayBuffer`, a view of one, a list of these, or a
 * stream. Returns `undefined` if there are none. Throws `INVALID_ARGUMENT` for anything else.
 */
export function weightChunks({
  weightData,
  getWeightStream,
}: ModelArtifacts): Uint8Array[] | AsyncIterable<Uint8Array> | undefined {
  if (weightData !== undefined && weightData !== null) return [weightData].flat().map(toBytes);
  if (typeof getWeightStream !== "function") return undefined;
  return streamChunks(getWeightStream as () => ReadableStream<unknown>);
}

function toBytes(value: unknown): Uint8Array {
  // TF.js takes the whole buffer behind a view. Here a view means what it shows.
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  const kind = Object.prototype.toString.call(value);
  if (kind === "[object ArrayBuffer]" || kind === "[object SharedArrayBuffer]")
    return new Uint8Array(value as ArrayBuffer);
  throw new LedgerError("INVALID_ARGUMENT", "weightData must be an ArrayBuffer or a list of them", {
    field: "weightData",
    received: value === null ? "null" : typeof value,
  });
}

async function* streamChunks(open: () => ReadableStream<unknown>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = open().getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield toBytes(value);
    }
  } finally {
    // After the end this does nothing. After a failure it lets the source go.
    await reader.cancel().catch(() => {});
  }
}
