import { callOptions } from "../backend/call-options.ts";
import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import type { Backend } from "../backend/backend.ts";
import { byteStream } from "../backend/body.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { CompactedObject } from "../journal/compacted.ts";
import { runPrefix } from "../journal/run-created.ts";
import { readDigest } from "./read-digest.ts";

export interface StoreOptions {
  /** Gets the name of each object before it is created. */
  readonly made: Set<string>;
  readonly signal: AbortSignal | undefined;
}

/**
 * Stores an object that survives a power cut, and reads it back. Rejects with `IO` if the bytes are not those that were
 * written.
 */
export async function storeObject(
  backend: Backend,
  runId: string,
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  { made, signal }: StoreOptions,
): Promise<CompactedObject> {
  made.add(name);
  const key = `${runPrefix(runId)}/${name}`;
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
  await backend.create(key, byteStream(hashed()), { ...callOptions(signal), durable: true });
  const digest = formatDigest(written.digestHex());
  // Reads to the end: bytes after those that were written are wrong, too.
  const found = await readDigest(backend, key, Infinity, signal);
  if (found.digest !== digest) throw new LedgerError("IO", `${key} does not hold what was written to it`, { key });
  return { name, size, digest };
}
