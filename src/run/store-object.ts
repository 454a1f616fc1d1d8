import { callOptions } from "../backend/call-options.ts";
import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import type { Backend } from "../backend/backend.ts";
import { byteStream } from "../backend/body.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { CompactedObject } from "../journal/compacted.ts";
import { runPrefix } from "../journal/run-created.ts";

/** Bytes read back at once when what was written is verified. */
const READ_BYTES: number = 4 * 1024 * 1024;

export interface StoreOptions {
  /** Gets the name of each object before it is created. Until a run document names it, it belongs to nobody else. */
  readonly made: Set<string>;
  readonly signal: AbortSignal | undefined;
}

/** Stores an object, so that it survives a power cut, and reads it back: `IO` when it is not what was written. */
export async function storeObject(
  backend: Backend,
  runId: string,
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  { made, signal }: StoreOptions,
): Promise<CompactedObject> {
  made.add(name);
  const key = `${runPrefix(runId)}/${name}`;
  const call = callOptions(signal);
  const { createSha256 } = await loadSha256();
  const written = createSha256();
  let size = 0;
  const hashed = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      written.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  };
  await backend.create(key, byteStream(hashed()), { ...call, durable: true });
  const hex = written.digestHex();
  const found = createSha256();
  // To the end, wherever that is: what stands behind what was written is wrong too.
  for (let offset = 0; ; offset += READ_BYTES) {
    const bytes = await backend.read(key, { ...call, range: { offset, length: READ_BYTES } });
    found.update(bytes);
    if (bytes.length < READ_BYTES) break;
  }
  if (found.digestHex() !== hex) throw new LedgerError("IO", `${key} does not hold what was written to it`, { key });
  return { name, size, digest: formatDigest(hex) };
}
