import { blobKey } from "../artifacts/blobs.ts";
import { readRange, readRanges } from "../artifacts/read-ranges.ts";
import { checked, SourceReader } from "../artifacts/source-reader.ts";
import { storeOnce } from "../artifacts/store-once.ts";
import type { Backend, Body } from "../backend/backend.ts";
import { byteStream } from "../backend/body.ts";
import { callOptions } from "../backend/call-options.ts";
import { formatDigest, parseDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { checkBytes } from "../care/check-object.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { abortable } from "../platform/abort.ts";
import { fromSource, refusal, refusalOf } from "./refusal.ts";
import type { TransferContext } from "./transfer-context.ts";

/** An object to copy. */
export interface CopiedObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** `sha256:<hex>`. Absent for a journal that its writer may add to. */
  readonly digest?: string | undefined;
}

/** Objects up to this size are read whole, so that a backend can send them again. */
const WHOLE_BYTES = 1024 * 1024;
const PIECE_BYTES = 4 * 1024 * 1024;
/** The SHA-256 of no bytes. */
const OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/** The most attempts to create an object while it is unknown whether the last one succeeded. */
const MOST_ATTEMPTS = 3;

/**
 * Copies a blob unless the target has it, by its size or, with `verify`, by its bytes. Returns whether it stored the blob.
 * Rejects with a refusal if the target lacks it and the blob of the source is missing or damaged.
 */
export async function copyBlob(context: TransferContext, object: CopiedObject): Promise<boolean> {
  const { target, newId, there, relied, copying, verify, signal } = context;
  const hex = parseDigest(object.digest ?? "");
  if (hex === undefined || object.key !== blobKey(hex)) throw refusal(`${object.key} is not the blob of its digest`);
  const { key, size } = object;
  relied.set(hex, { hex, size });
  // Runs that are copied at the same moment often share blobs.
  for (let other = copying.get(key); other !== undefined; other = copying.get(key)) await abortable(other, signal);
  if (there.sizeOf(hex) === size) return false;
  const work = storeOnce(target, { key, size, newId, signal }, () => createVerified(context, object)).then(
    async (outcome) => outcome !== "there" || (verify && (await repairObject(context, object))),
  );
  const settled = work.then(
    () => {},
    () => {},
  );
  copying.set(key, settled);
  try {
    const isStored = await work;
    there.add(hex, size);
    return isStored;
  } finally {
    copying.delete(key);
  }
}

/**
 * Copies an object of a run unless the target has it. Rejects with a refusal if the target has other bytes under its
 * key, or if the object of the source is missing or damaged.
 */
export async function copyObject(context: TransferContext, object: CopiedObject): Promise<void> {
  const { target, signal } = context;
  for (let attempt = 1; ; attempt++) {
    try {
      return await createVerified(context, object);
    } catch (error) {
      const exists = LedgerError.hasCode(error, "EXISTS");
      if (!exists && !LedgerError.hasCode(error, "OUTCOME_UNKNOWN")) throw error;
      const found = await checkBytes(target, object, signal);
      if (found.problem === undefined) return;
      if (found.problem.kind !== "missing") throw refusal(`the target has other bytes as ${object.key}`, object.key);
      if (attempt === MOST_ATTEMPTS) throw error;
    }
  }
}

/**
 * Compares an object of the target with its digest. Replaces it if the bytes are others and the source has those of the
 * digest. Returns whether it did. Rejects with a refusal if the source is damaged, too.
 */
export async function repairObject(context: TransferContext, object: CopiedObject): Promise<boolean> {
  const { source, target, signal } = context;
  if ((await checkBytes(target, object, signal)).problem === undefined) return false;
  const { problem } = await fromSource(() => checkBytes(source, object, signal));
  if (problem)
    throw refusal(`${object.key} is damaged in the target, and in the source: ${problem.message}`, object.key);
  await target.remove(object.key, callOptions(signal));
  await copyObject(context, object);
  return true;
}

/** Creates an object with the bytes of the source, which are checked before the last of them is passed on. */
async function createVerified(context: TransferContext, { key, size, digest }: CopiedObject): Promise<void> {
  const { source, target, stored, signal } = context;
  const { createSha256 } = await loadSha256();
  const hex = digest === undefined ? undefined : parseDigest(digest);
  if (size === 0 && hex !== undefined && hex !== OF_NOTHING)
    throw refusal(`${key} is empty, but should have the digest ${formatDigest(hex)}`, key);
  const check = hex === undefined ? undefined : { hash: createSha256(), hex, key };
  // A journal may have grown since it was listed.
  const read = hex === undefined ? firstBytes : readRanges;
  const reader = new SourceReader(() => read(source, key, size, signal), signal);
  try {
    const verified = checked(reader, size, check);
    const body: Body = size <= WHOLE_BYTES ? await whole(verified, size) : byteStream(verified, size);
    await target.create(key, body, { ...callOptions(signal), durable: true });
    stored(size);
  } catch (error) {
    signal?.throwIfAborted();
    throw reader.failure === undefined ? error : refusalOf(reader.failure.error);
  } finally {
    reader.close();
  }
}

/** Yields the first bytes of an object that may be longer. */
export async function* firstBytes(
  backend: Backend,
  key: string,
  size: number,
  signal: AbortSignal | undefined,
  from = 0,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let offset = from; offset < size; offset += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, size - offset);
    const bytes = await readRange(backend, key, { offset, length }, signal);
    if (bytes.length !== length) throw refusal(`${key} became shorter while it was copied`, key);
    yield bytes;
  }
}

async function whole(chunks: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let at = 0;
  for await (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
