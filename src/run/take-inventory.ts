import { ownValue } from "../bytes/dictionary.ts";
import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import type { Backend } from "../backend/backend.ts";
import { mapBounded } from "../platform/bounded.ts";
import { type Compacted, type Coverage, isCompacted, type StoredObject } from "../journal/compacted.ts";
import { staysBelow } from "../bytes/sparse-numbers.ts";
import { isKept, segmentName } from "../journal/inventory.ts";
import { BEGINNING_NAME, encodeRunCreated, type RunCreated, runPrefix } from "../journal/run-created.ts";
import { MAX_DOCUMENT_BYTES, parseRunDocumentKey } from "../journal/run-document.ts";
import type { RunState } from "../journal/run-state.ts";
import { MAX_SEGMENT_BYTES } from "../journal/segment-reader.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import { readDigest } from "./read-digest.ts";

/** How many objects are read at once for their digests. */
const READS_AT_ONCE = 8;
const EMPTY_DIGEST = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** The run whose inventory is taken. */
export interface InventoryInput {
  readonly backend: Backend;
  readonly created: RunCreated;
  /** The run as it was read. */
  readonly state: RunState;
  /** The writer that closes the run, if it recorded something. */
  readonly writer: JournalWriter | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Returns the beginning of a run, its documents so far that stay, and its fences, each with its digest. Takes digests from the
 * document before, and the digest of the beginning from the session that began the run. Reads the other objects.
 */
export async function keptObjects(input: InventoryInput): Promise<StoredObject[]> {
  const { backend, created, state, writer, signal } = input;
  const { listing, document } = state;
  const next = listing.newestDocument + 1;
  const stays = (name: string): boolean => {
    const number = parseRunDocumentKey(`${runPrefix(created.id)}/${name}`);
    // Where two processes may create one object, nothing is removed.
    const isRemoved = number !== undefined && backend.capabilities.exclusiveCreate && !staysBelow(next, number);
    return isKept(name) && !isRemoved;
  };
  const known = new Map((document?.objects ?? []).flatMap((each) => (stays(each.name) ? [[each.name, each]] : [])));
  // Another session may encode the beginning that it read to other bytes.
  if (writer?.id === created.writer.id) known.set(BEGINNING_NAME, await beginningOf(created));
  const kept = listing.kept.filter(({ name }) => stays(name));
  for (const { name, size } of kept) {
    if (size === 0 && !known.has(name)) known.set(name, { name, size, digest: EMPTY_DIGEST });
  }
  // No writer makes longer objects.
  const missing = kept.filter(({ name, size }) => !known.has(name) && size <= MAX_DOCUMENT_BYTES);
  const read = await mapBounded(missing, READS_AT_ONCE, signal, async ({ name }, stop) => {
    return { name, ...(await readDigest(backend, `${runPrefix(created.id)}/${name}`, MAX_DOCUMENT_BYTES, stop)) };
  });
  return [...known.values(), ...read];
}

async function beginningOf(created: RunCreated): Promise<StoredObject> {
  const { sha256Hex } = await loadSha256();
  const bytes = encodeRunCreated(created);
  return { name: BEGINNING_NAME, size: bytes.length, digest: formatDigest(await sha256Hex(bytes)) };
}

/**
 * Returns the segments of journals that stay, as far as the document covers them. While another writer continues, they
 * have no digest: the run is not closed yet, and reading all journals again would cost more than the rest of this
 * close.
 */
export async function journalObjects(
  { backend, created, state, writer, signal }: InventoryInput,
  covers: readonly Coverage[],
  compacted: Compacted | undefined,
  goesOn: boolean,
): Promise<StoredObject[]> {
  const before = new Map((state.document?.objects ?? []).map((each) => [each.name, each]));
  const reading = writer ? writer.withRetained() : backend;
  const staying = covers.flatMap(({ writer: id, segments }) =>
    segments
      .filter(({ seq, bytes }) => !isCompacted(compacted && ownValue(compacted.ends, id), seq, bytes))
      .map((segment) => ({ writer: id, ...segment })),
  );
  const listed = new Set([...state.listing.writers.values()].flatMap((segments) => segments.map(segmentName)));
  return await mapBounded(staying, READS_AT_ONCE, signal, async (segment, stop) => {
    const { bytes: size, digest } = segment;
    const name = segmentName(segment);
    const known = before.get(name);
    if (known?.size === size && known.digest !== undefined) return known;
    if (digest !== undefined) return { name, size, digest };
    const isThere = segment.writer === writer?.id || listed.has(name);
    if (goesOn || size > MAX_SEGMENT_BYTES || !isThere) return { name, size };
    const found = await readDigest(reading, `${runPrefix(created.id)}/${name}`, size, stop);
    // A segment that was cut has no digest.
    return found.size === size ? { name, size, digest: found.digest } : { name, size };
  });
}
