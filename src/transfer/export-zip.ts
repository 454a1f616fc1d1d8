import { removedMarkerKey } from "../artifacts/manifests.ts";
import { readRanges } from "../artifacts/read-ranges.ts";
import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { crc32 } from "../bytes/crc32.ts";
import { parseDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { RecordedVersion } from "../journal/event.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import { runObjects } from "../run-objects/run-objects.ts";
import {
  type ArchivedObject,
  contentsFile,
  encodeContents,
  isHeld,
  MAX_ARCHIVED,
  MAX_CONTENTS_BYTES,
  MAX_HELD_BYTES,
} from "./archive-contents.ts";
import type { ArchiveExtras } from "./archive-extras.ts";
import { aliasesOf } from "./copy-aliases.ts";
import { firstBytes } from "./copy-object.ts";
import { versionPlace } from "./copy-version.ts";
import { forkOrigins } from "./fork-origins.ts";
import { descriptor, directoryEntry, endOfArchive, localHeader, type ZipFile } from "./zip-records.ts";

/**
 * Returns the chunks of a zip archive with everything that belongs to a run. Finds out what that is before it resolves, and
 * reads the objects only when their chunks are asked for.
 */
export async function exportZip(
  backend: Backend,
  id: string,
  signal: AbortSignal | undefined,
): Promise<AsyncGenerator<Uint8Array, void, undefined>> {
  const found = new Map<string, ArchivedObject>();
  let held = 0;
  const made: RecordedVersion[] = [];
  const removed: ArchivedObject[] = [];
  const versions = async (version: RecordedVersion): Promise<boolean> => {
    const { key, size, digest } = version.manifest;
    const place = versionPlace(key);
    const marker = place && removedMarkerKey(place.name, place);
    if (marker === undefined || (await backend.stat(marker, callOptions(signal))) === undefined)
      return made.push(version) > 0;
    removed.push({ key, size, hex: parseDigest(digest) ?? "" });
    return false;
  };
  for await (const { key, size, digest, kind } of await runObjects(backend, id, { ...callOptions(signal), versions })) {
    if (kind === "unknown" || found.has(key)) continue;
    const hex = parseDigest(digest ?? "") ?? (await hexOf(backend, key, size, signal));
    found.set(key, { key, size, hex });
    if (isHeld(key, id)) held += size;
    if (found.size > MAX_ARCHIVED) throw tooLarge(id, `more than ${MAX_ARCHIVED} objects`);
  }
  if (held > MAX_HELD_BYTES) throw tooLarge(id, `more than ${MAX_HELD_BYTES} bytes of documents and manifests`);
  const objects = [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  const [origins, aliases] = [await forkOrigins(backend, id, signal), await aliasesOfVersions(backend, made, signal)];
  const contents = encodeContents({ run: id, objects, origins, removed, aliases });
  if (contents.length > MAX_CONTENTS_BYTES) throw tooLarge(id, "too long a list of objects");
  return chunksOf(backend, contents, objects, signal);
}

/** Returns the aliases of versions, in a fixed order. */
async function aliasesOfVersions(
  backend: Backend,
  versions: readonly RecordedVersion[],
  signal: AbortSignal | undefined,
): Promise<ArchiveExtras["aliases"]> {
  const found: ArchiveExtras["aliases"][number][] = [];
  const tags = new Set(versions.map(({ name, version }) => `${name}:${version}`));
  for (const name of new Set(versions.map((each) => each.name)))
    for (const [alias, version] of await aliasesOf(backend, name, signal))
      if (tags.has(`${name}:${version}`)) found.push({ name, alias, version });
  return found;
}

async function* chunksOf(
  backend: Backend,
  contents: Uint8Array,
  objects: readonly ArchivedObject[],
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { createSha256 } = await loadSha256();
  const directory: Uint8Array[] = [];
  let offset = 0;
  const file = async function* (zip: ZipFile, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const header = localHeader(zip);
    yield header;
    let crc = 0;
    for await (const chunk of content) {
      crc = crc32(chunk, 0, chunk.length, crc);
      yield chunk;
      await breakIfDue();
    }
    const end = descriptor(zip, crc);
    yield end;
    directory.push(directoryEntry(zip, crc, offset));
    offset += header.length + zip.size + end.length;
  };
  yield* file(contentsFile(contents), one(contents));
  for (const { key, size, hex } of objects) {
    const hash = createSha256();
    // The journal of a run that goes on may have grown since.
    const read = key.startsWith("runs/") ? firstBytes : readRanges;
    const content = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of read(backend, key, size, signal)) {
        hash.update(chunk);
        yield chunk;
      }
      if (hash.digestHex() !== hex)
        throw new LedgerError("CORRUPT", `${key} does not have the bytes that were recorded`, { key });
    };
    yield* file({ name: key, size }, content());
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  yield* directory;
  yield endOfArchive(directory.length, size, offset);
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  if (bytes.length > 0) yield bytes;
}

async function hexOf(backend: Backend, key: string, size: number, signal: AbortSignal | undefined): Promise<string> {
  const hash = (await loadSha256()).createSha256();
  for await (const chunk of firstBytes(backend, key, size, signal)) {
    hash.update(chunk);
    await breakIfDue();
  }
  return hash.digestHex();
}

function tooLarge(id: string, what: string): LedgerError {
  return new LedgerError("TOO_LARGE", `run ${id} is too large for an archive: it has ${what}. Use copyRuns instead`);
}
