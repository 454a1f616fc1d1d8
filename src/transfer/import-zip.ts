import { DigestIndex } from "../artifacts/digest-index.ts";
import { type Manifest, parseManifest } from "../artifacts/manifest.ts";
import { removedMarkerKey } from "../artifacts/manifests.ts";
import { storeOnce } from "../artifacts/store-once.ts";
import { byteStream } from "../backend/body.ts";
import { callOptions } from "../backend/call-options.ts";
import { createOrMatch } from "../backend/create-or-match.ts";
import { crc32 } from "../bytes/crc32.ts";
import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { checkBytes } from "../care/check-object.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { sealKey } from "../journal/sealing.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import { blobsOf } from "../run-objects/version-objects.ts";
import { decodeRunSeal } from "../seal/run-seal.ts";
import { adoptSeal } from "./adopt-seal.ts";
import {
  type ArchiveContents,
  type ArchivedObject,
  CONTENTS_HEADER_BYTES,
  CONTENTS_SIZE_AT,
  contentsFile,
  damaged,
  decodeContents,
  isHeld,
  MAX_CONTENTS_BYTES,
} from "./archive-contents.ts";
import type { ArchiveReader } from "./archive-reader.ts";
import { archivedRun } from "./archived-run.ts";
import { keepImported } from "./keep-blobs.ts";
import { setAliases } from "./copy-aliases.ts";
import { hasVersion, type VersionPlace, versionPlace } from "./copy-version.ts";
import { enterListed } from "./enter-listed.ts";
import { orderObjects } from "./order-objects.ts";
import { isInTarget } from "./is-in-target.ts";
import type { ImportContext } from "./transfer-context.ts";
import { descriptor, directoryEntry, endOfArchive, localHeader, type ZipFile } from "./zip-records.ts";

/** Objects up to this size are kept in memory until they are verified. */
const WHOLE_BYTES = 1024 * 1024;

/**
 * Imports the archive of a run, and returns the id of the run. Nothing shows before all of the archive was read and
 * verified. `onConflict`: whether to reject or to do nothing if the ledger has a run with this id. An import that was
 * interrupted is completed.
 */
export async function importZip(
  context: ImportContext,
  reader: ArchiveReader,
  onConflict: "error" | "skip",
  onBytes: (read: number) => void,
): Promise<string> {
  const bytes = await readContents(reader);
  const contents = decodeContents(bytes);
  const { run, objects } = contents;
  if (await isInTarget(context, contents)) {
    if (onConflict === "skip") return run;
    throw new LedgerError("RUN_EXISTS", `the ledger has a run ${run} already`, { field: "source" });
  }
  const directory = new Directory();
  directory.add(contentsFile(bytes), contentsFile(bytes).crc!);
  const held = new Map<string, Uint8Array>();
  for (const object of objects) {
    const file = { name: object.key, size: object.size };
    await reader.expect(localHeader(file), `${object.key} is not the next file`);
    const content = new Content(reader, object);
    if (isHeld(object.key, run)) {
      const bytes = await content.whole();
      held.set(object.key, bytes);
      // Manifests come first, so nothing is stored yet if one is refused.
      await checkVersion(context, object, bytes);
    } else await store(context, object, content);
    await reader.expect(descriptor(file, content.crc), `${object.key} has another checksum`);
    directory.add(file, content.crc);
    onBytes(reader.at);
  }
  for (const part of directory.parts()) await reader.expect(part, "its directory does not list these files");
  if (!(await reader.isAtEnd())) throw damaged("something stands behind its end");
  await publish(context, contents, held);
  return run;
}

async function readContents(reader: ArchiveReader): Promise<Uint8Array> {
  const header = await reader.take(CONTENTS_HEADER_BYTES);
  const size = new DataView(header.buffer).getUint32(CONTENTS_SIZE_AT, true);
  if (size > MAX_CONTENTS_BYTES) throw damaged("it does not begin as the archive of a run does");
  const bytes = await reader.take(size);
  const expected = localHeader(contentsFile(bytes));
  if (expected.some((byte, i) => byte !== header[i])) throw damaged("it does not begin as the archive of a run does");
  return bytes;
}

/** Rejects as `hasVersion` does if an object is the manifest of a version. */
async function checkVersion(
  context: ImportContext,
  { key, size, hex }: ArchivedObject,
  bytes: Uint8Array,
): Promise<void> {
  const place = versionPlace(key);
  if (place === undefined) return;
  const { hex: content } = parseManifest(bytes, key, place.name, place.number);
  await hasVersion(context, { key, size, digest: formatDigest(hex), content });
}

/** Stores an object that makes nothing visible. */
async function store(context: ImportContext, object: ArchivedObject, content: Content): Promise<void> {
  const { target, newId, stored, signal } = context;
  const { key, size, hex } = object;
  const body = size <= WHOLE_BYTES ? await content.whole() : byteStream(content.verified(), size);
  const create = async (): Promise<void> => {
    await target.create(key, body, { ...callOptions(signal), durable: true });
    stored(size);
  };
  const isBlob = key.startsWith("blobs/");
  if (!isBlob && (await target.stat(key, callOptions(signal))) !== undefined) {
    const { problem } = await checkBytes(target, { key, size, digest: formatDigest(hex) }, signal);
    if (problem) throw clash(key);
    return await content.drain();
  }
  try {
    if (isBlob) await storeOnce(target, { key, size, newId, signal }, create);
    else await create();
  } catch (error) {
    if (!LedgerError.hasCode(error, "EXISTS") && !LedgerError.hasCode(error, "OUTCOME_UNKNOWN")) throw error;
    const { problem } = await checkBytes(target, { key, size, digest: formatDigest(hex) }, signal);
    if (problem?.kind === "missing") throw error;
    if (problem) throw clash(key);
  }
  await content.drain();
}

/** Makes the run and its versions visible. */
async function publish(
  context: ImportContext,
  { run, objects, origins, removed, aliases }: ArchiveContents,
  held: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  const { target, stored, signal } = context;
  const { experiment, isFork, origin, isFinal, listing } = archivedRun(run, objects, held);
  if (origin !== run && origins[0]?.run !== origin)
    throw damaged("it does not name the run that this one was forked from");
  const sizes = new Map(objects.map(({ key, size }) => [key, size]));
  const sealed = held.get(sealKey(run));
  const seal = sealed && decodeRunSeal(sealed, run, sealKey(run));
  const create = async (key: string, bytes: Uint8Array): Promise<void> => {
    if (!(await createOrMatch(target, key, bytes, signal, true))) throw clash(key);
    stored(bytes.length);
  };
  const manifests: [key: string, Manifest][] = [];
  for (const [key, bytes] of held) {
    const place = versionPlace(key);
    if (place === undefined) continue;
    const manifest = parseManifest(bytes, key, place.name, place.number);
    for (const blob of blobsOf(manifest))
      if (sizes.get(blob.key) !== blob.size) throw damaged(`it lacks ${blob.key}, which ${key} names`);
    manifests.push([key, manifest]);
    await breakIfDue();
  }
  const byKey = new Map([...objects, ...removed].map((each) => [each.key, each]));
  const isThere = async (key: string, content?: string): Promise<boolean> => {
    const { size, hex } = byKey.get(key)!;
    return (await hasVersion(context, { key, size, digest: formatDigest(hex), content })) !== false;
  };
  for (const [key, { name, hex }] of manifests) {
    if (await isThere(key, hex)) continue;
    await new DigestIndex(target).add(name, hex, versionPlace(key)!, signal);
    await create(key, held.get(key)!);
  }
  for (const { key } of removed) {
    const place = versionPlace(key)!;
    if (await isThere(key)) continue;
    await createOrMatch(target, removedMarkerKey(place.name, place), new Uint8Array(0), signal, true);
  }
  // Before the run: what is complete is not imported again.
  const made = new Set(manifests.flatMap(([key]) => tagsOf(versionPlace(key)!)));
  for (const { name, alias, version } of aliases)
    if (made.has(`${name}:${version}`)) await setAliases(target, name, [[alias, version]], signal);
  await enterListed(target, { id: run, experiment }, listing, isFinal, signal);
  const shown = objects.filter(({ key }) => key.startsWith("runs/"));
  const created: string[] = [];
  for (const group of orderObjects(shown, { id: run, isVisible: false, isFork, documented: new Set(), writers: [] }))
    for (const { key } of group) {
      const bytes = held.get(key);
      if (bytes === undefined) continue;
      if (seal && bytes === sealed) await adoptSeal(context, seal, false);
      await create(key, bytes);
      created.push(key);
    }
  const blobs = objects.filter(({ key }) => key.startsWith("blobs/"));
  await keepImported(context, run, blobs, created);
}

/** Returns what a version may be called: its tag has the id if another one shares the number. */
function tagsOf({ name, number, id }: VersionPlace): string[] {
  return id === "" ? [`${name}:v${number}`] : [`${name}:v${number}`, `${name}:v${number}.${id}`];
}

function clash(key: string): LedgerError {
  return new LedgerError("CONFLICT", `the ledger has other bytes as ${key}, so the archive cannot be imported`, {
    key,
  });
}

/** The content of a file in the archive, which is read once. */
class Content {
  crc = 0;
  readonly #reader: ArchiveReader;
  readonly #object: ArchivedObject;
  #isRead = false;
  #isVerified = false;

  constructor(reader: ArchiveReader, object: ArchivedObject) {
    this.#reader = reader;
    this.#object = object;
  }

  /** Yields the bytes, the last of them only if all are right. */
  async *verified(): AsyncGenerator<Uint8Array, void, undefined> {
    const { key, size, hex } = this.#object;
    this.#isRead = true;
    const hash = (await loadSha256()).createSha256();
    let left = size;
    for await (const chunk of this.#reader.read(size)) {
      left -= chunk.length;
      hash.update(chunk);
      this.crc = crc32(chunk, 0, chunk.length, this.crc);
      if (left === 0) {
        if (hash.digestHex() !== hex) throw damaged(`${key} has other bytes than its digest says`);
        this.#isVerified = true;
      }
      yield chunk;
      await breakIfDue();
    }
    if (size > 0) return;
    if (hash.digestHex() !== hex) throw damaged(`${key} has other bytes than its digest says`);
    this.#isVerified = true;
  }

  async whole(): Promise<Uint8Array> {
    const bytes = new Uint8Array(this.#object.size);
    let at = 0;
    for await (const chunk of this.verified()) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }

  /** Reads and verifies the content, unless that was done. */
  async drain(): Promise<void> {
    if (this.#isVerified) return;
    const { key } = this.#object;
    if (this.#isRead)
      throw new LedgerError("CONFLICT", `another program stored ${key} at the same moment`, { key, transient: true });
    const chunks = this.verified();
    while (!(await chunks.next()).done);
  }
}

/** The directory that an archive of the files must have. */
class Directory {
  readonly #entries: Uint8Array[] = [];
  #offset = 0;

  add(file: ZipFile, crc: number): void {
    this.#entries.push(directoryEntry(file, crc, this.#offset));
    this.#offset += localHeader(file).length + file.size + descriptor(file, crc).length;
  }

  *parts(): Generator<Uint8Array, void, undefined> {
    yield* this.#entries;
    const size = this.#entries.reduce((sum, { length }) => sum + length, 0);
    yield endOfArchive(this.#entries.length, size, this.#offset);
  }
}
