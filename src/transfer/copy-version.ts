import { DigestIndex } from "../artifacts/digest-index.ts";
import { MAX_MANIFEST_BYTES, parseManifest } from "../artifacts/manifest.ts";
import { parseManifestKey, removedMarkerKey } from "../artifacts/manifests.ts";
import { listNumber, MAX_NUMBER, type NumberedEntry } from "../artifacts/numbered-objects.ts";
import type { Backend } from "../backend/backend.ts";
import { createOrMatch } from "../backend/create-or-match.ts";
import { decodeSegment, encodeSegment } from "../backend/key.ts";
import { readBounded } from "../backend/read-bounded.ts";
import { callOptions } from "../backend/call-options.ts";
import { formatDigest, parseDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { CopiedObject } from "./copy-object.ts";
import { fromSource, refusal } from "./refusal.ts";
import type { ImportContext, TransferContext } from "./transfer-context.ts";

/** The manifest of a version. */
export interface CopiedManifest extends CopiedObject {
  readonly digest: string;
  /** The SHA-256 of the version, if it was read. */
  readonly content?: string | undefined;
}

/** The name and number in the key of a manifest. */
export interface VersionPlace {
  readonly name: string;
  readonly number: number;
  readonly id: string;
}

/** Returns the name and the number in the key of a manifest, or `undefined` for any other key. */
export function versionPlace(key: string): VersionPlace | undefined {
  const [room, segment = "", versions] = key.split("/", 3);
  if (room !== "artifacts" || versions !== "versions") return undefined;
  try {
    const name = decodeSegment(segment);
    const parsed = encodeSegment(name, "name") === segment ? parseManifestKey(name, key) : undefined;
    return parsed && { name, ...parsed };
  } catch {
    return undefined;
  }
}

/** How many numbers of versions are left to those who log in the target. A hostile source could name the greatest. */
const FREE_NUMBERS = 1_000_000;

/**
 * Returns whether the target has a version, or had it once: what was removed there stays removed. Rejects with a refusal
 * if another version has, or had, its number there: records and aliases name versions by their number, so the two cannot be told
 * apart. Also rejects with one for a number that leaves too few to the target.
 */
export async function hasVersion(
  context: ImportContext & Partial<Pick<TransferContext, "source">>,
  manifest: CopiedManifest,
): Promise<false | "removed" | "there"> {
  const { source, target, there, signal } = context;
  const { key, size, digest } = manifest;
  const hex = parseDigest(digest) ?? "";
  const place = placeOf(key);
  if (place.number > MAX_NUMBER - FREE_NUMBERS)
    throw refusal(`${place.name}:v${place.number} has too great a number: hardly one would be left in the target`, key);
  if (there.sizeOf(hex) === size) return "there";
  const found = await listNumber(target, versionsOf(place), place.number, signal);
  const same = found.find((entry) => entry.id === place.id);
  if (same === undefined) {
    // On stores without exclusive creates, two versions may share a number. If they do so in the source, they may here.
    if (found.length === 0) return false;
    const own = source ? await fromSource(() => listNumber(source, versionsOf(place), place.number, signal)) : [];
    if (found.every((entry) => entry.id !== "" && own.some((each) => each.key === entry.key))) return false;
    throw clash(place, key);
  }
  if (same.isRemoved) {
    if (!(await wasSame(context, place, same, manifest))) throw clash(place, key);
    return "removed";
  }
  if (same.size !== size || (await digestOf(context, same)) !== digest) throw clash(place, key);
  there.add(hex, size);
  return "there";
}

/**
 * Copies the manifest of a version whose blobs the target has. Returns false if the target has the manifest. Rejects as
 * {@link hasVersion} does.
 */
export async function copyManifest(context: TransferContext, manifest: CopiedManifest): Promise<boolean> {
  const { source, target, there, stored, signal } = context;
  const { key, size, digest } = manifest;
  if (await hasVersion(context, manifest)) return false;
  const place = placeOf(key);
  if (await copyRemoval(context, manifest)) return true;
  const bytes = await fromSource(() => readBounded(source, key, MAX_MANIFEST_BYTES, callOptions(signal)));
  const { sha256Hex } = await loadSha256();
  const hex = await sha256Hex(bytes);
  if (bytes.length !== size || formatDigest(hex) !== digest)
    throw refusal(`${key} is not the manifest that the run recorded`, key);
  const { hex: content } = await fromSource(async () => parseManifest(bytes, key, place.name, place.number));
  // Before the manifest: an entry without a manifest means nothing, and what is complete is not looked at again.
  await new DigestIndex(target).add(place.name, content, place, signal);
  if (!(await createOrMatch(target, key, bytes, signal, true))) throw clash(place, key);
  stored(size);
  there.add(hex, size);
  return true;
}

/**
 * Returns whether the version that was removed in the target under this number is this one: its manifest is the same, or,
 * if a collection removed that, the index says that it had the same digest. Also returns true if nobody can read it.
 */
async function wasSame(
  context: ImportContext & Partial<Pick<TransferContext, "source">>,
  place: VersionPlace,
  found: NumberedEntry,
  { key, size, digest, content }: CopiedManifest,
): Promise<boolean> {
  const { source, target, signal } = context;
  if (found.key === key) {
    const own = await digestOf(context, found).catch(ifGone);
    if (own !== GONE) return found.size === size && own === digest;
  }
  const hex = content ?? (source && (await contentOf(source, place, key, signal)));
  if (hex === undefined) return true;
  for await (const { number, id } of new DigestIndex(target).find(place.name, hex, signal))
    if (number === place.number && id === place.id) return true;
  return false;
}

const GONE = Symbol("gone");

function ifGone(error: unknown): typeof GONE {
  if (LedgerError.hasCode(error, "NOT_FOUND")) return GONE;
  throw error;
}

/** Returns the digest of a version of the source, or `undefined` if it was removed there, too. */
async function contentOf(
  source: Backend,
  place: VersionPlace,
  key: string,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  return await fromSource(async () => {
    if ((await source.stat(removedMarkerKey(place.name, place), callOptions(signal))) !== undefined) return undefined;
    return parseManifest(
      await readBounded(source, key, MAX_MANIFEST_BYTES, callOptions(signal)),
      key,
      place.name,
      place.number,
    ).hex;
  });
}

/** Copies the marker that says that a version was removed. Returns false if the source has none. */
export async function copyRemoval(context: TransferContext, { key }: CopiedManifest): Promise<boolean> {
  const { source, target, signal } = context;
  const place = placeOf(key);
  const marker = removedMarkerKey(place.name, place);
  if ((await fromSource(() => source.stat(marker, callOptions(signal)))) === undefined) return false;
  await createOrMatch(target, marker, new Uint8Array(0), signal, true);
  return true;
}

function placeOf(key: string): VersionPlace {
  const place = versionPlace(key);
  if (place === undefined) throw refusal(`the run names ${key.slice(0, 200)} as the manifest of a version`);
  return place;
}

function versionsOf({ name }: VersionPlace): string {
  return `artifacts/${encodeSegment(name, "name")}/versions`;
}

async function digestOf(
  { target, signal }: Pick<TransferContext, "target" | "signal">,
  { key }: NumberedEntry,
): Promise<string | undefined> {
  try {
    const bytes = await readBounded(target, key, MAX_MANIFEST_BYTES, callOptions(signal));
    return formatDigest(await (await loadSha256()).sha256Hex(bytes));
  } catch (error) {
    if (LedgerError.hasCode(error, "CORRUPT")) return undefined;
    throw error;
  }
}

function clash({ name, number }: VersionPlace, key: string): LedgerError {
  const message =
    `the target has, or had, another version as ${name}:v${number}. Records name versions by their numbers, ` +
    "so both cannot be there: log the artifact there under another name";
  return refusal(message, key);
}
