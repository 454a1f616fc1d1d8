import type { Backend } from "../backend/backend.ts";
import { createOrMatch } from "../backend/create-or-match.ts";
import { LedgerError, concernsOneObject } from "../errors/ledger-error.ts";
import { encodeSegment } from "../backend/key.ts";
import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { callOptions } from "../backend/call-options.ts";
import { DigestIndex, placeText } from "./digest-index.ts";
import type { Manifest } from "./manifest.ts";
import { MAX_MANIFEST_BYTES, encodeManifest, encodeMetadata, parseManifest } from "./manifest.ts";
import type { NumberedEntry } from "./numbered-objects.ts";
import {
  listNewest,
  listNumber,
  listNumbered,
  listNumbers,
  nextNumber,
  numberedKey,
  parseNumberedKey,
  removedKey,
} from "./numbered-objects.ts";

/** The most attempts to get a number. An attempt fails only if another writer of the same name got a number. */
const MAX_ATTEMPTS = 1000;

/** A stored version: its manifest and its tag. */
export interface StoredVersion {
  /** `v3`, or `v3.<id>` if two versions have the number. */
  readonly tag: string;
  readonly key: string;
  readonly manifest: Manifest;
  /** The number of bytes of the manifest. */
  readonly size: number;
  /** `sha256:<hex>` of the manifest. */
  readonly digest: string;
}

/** Stores the manifests of all versions, as `numbered-objects.ts` describes, and finds them by number and by digest. */
export class ManifestStore {
  readonly #backend: Backend;
  readonly #newId: () => string;
  readonly #digests: DigestIndex;

  constructor(backend: Backend, newId: () => string) {
    this.#backend = backend;
    this.#newId = newId;
    this.#digests = new DigestIndex(backend);
  }

  /** Lists all versions of a name, oldest first, without reading them. */
  async list(name: string, signal?: AbortSignal): Promise<NumberedEntry[]> {
    return (await listNumbered(this.#backend, prefixOf(name), signal)).filter(({ isRemoved }) => !isRemoved);
  }

  /** Returns the newest version of a name, without reading it. */
  async newest(name: string, signal?: AbortSignal): Promise<NumberedEntry | undefined> {
    return (await listNewest(this.#backend, prefixOf(name), signal)).entries.at(-1);
  }

  /**
   * Lists the versions with this number, also removed ones, without reading them: more than one if two writers took the
   * same number on a store without exclusive creates.
   */
  withNumber(name: string, number: number, signal?: AbortSignal): Promise<NumberedEntry[]> {
    return listNumber(this.#backend, prefixOf(name), number, signal);
  }

  /** Lists the versions with the numbers from `lowest` to `highest`, also removed ones, without reading them. */
  withNumbers(name: string, highest: number, lowest: number, signal?: AbortSignal): Promise<NumberedEntry[]> {
    return listNumbers(this.#backend, prefixOf(name), highest, lowest, signal);
  }

  /**
   * Reads the version with this number if it has no id. Nearly all versions have none if creates are exclusive, so this
   * does without a listing. On other stores it returns `undefined` without a call.
   */
  async readNumber(name: string, number: number, signal?: AbortSignal): Promise<StoredVersion | undefined> {
    if (!this.#backend.capabilities.exclusiveCreate) return undefined;
    return await this.readAt(name, { tag: `v${number}`, key: numberedKey(prefixOf(name), number, "") }, signal);
  }

  /**
   * Yields the versions that may have this digest, newest first, without reading them: first those of the index, then
   * those that are not in it, because somebody stored their manifests without it. Each may have another digest.
   */
  async *withDigest(name: string, hex: string, signal?: AbortSignal): AsyncGenerator<NumberedEntry, void, undefined> {
    for await (const { number, id } of this.#digests.find(name, hex, signal)) {
      const entry = (await this.withNumber(name, number, signal)).find((found) => found.id === id);
      if (entry?.isRemoved === false) yield entry;
    }
    const entries = await this.list(name, signal);
    if (entries.length === 0) return;
    const known = await this.#digests.all(name, signal);
    yield* entries.filter((entry) => !known.has(placeText(entry))).toReversed();
  }

  /** Returns the newest removed version that the index says has this digest. */
  async removedWithDigest(name: string, hex: string, signal?: AbortSignal): Promise<NumberedEntry | undefined> {
    for await (const { number, id } of this.#digests.find(name, hex, signal)) {
      const entry = (await this.withNumber(name, number, signal)).find((found) => found.id === id);
      if (entry?.isRemoved) return entry;
    }
    return undefined;
  }

  /** Returns whether a name has, or had, any version. */
  async isKnown(name: string, signal?: AbortSignal): Promise<boolean> {
    return (await listNewest(this.#backend, prefixOf(name), signal)).highest !== undefined;
  }

  /** Reads a listed version. Rejects with `CORRUPT` or `FORMAT_TOO_NEW` if it cannot be understood. */
  async read(name: string, entry: NumberedEntry, signal?: AbortSignal): Promise<StoredVersion> {
    const { key } = entry;
    if (entry.size > MAX_MANIFEST_BYTES)
      throw new LedgerError("CORRUPT", `${key} has more than ${MAX_MANIFEST_BYTES} bytes`, { key });
    return { tag: tagOf(entry), key, ...(await readManifest(this.#backend, name, entry, signal)) };
  }

  /**
   * Reads the manifest at `key`. Returns `undefined` if it is missing, or is not that of the version `tag`. Rejects with
   * `ARTIFACT_NOT_FOUND` if the version was removed.
   */
  async readAt(
    name: string,
    { tag, key }: Pick<StoredVersion, "tag" | "key">,
    signal?: AbortSignal,
  ): Promise<StoredVersion | undefined> {
    const entry = parseManifestKey(name, key);
    if (entry === undefined || ![`v${entry.number}`, `v${entry.number}.${entry.id}`].includes(tag)) return undefined;
    const marker = removedKey(prefixOf(name), entry.number, entry.id);
    const [isRemoved, read] = await Promise.allSettled([
      this.#backend.stat(marker, callOptions(signal)),
      readManifest(this.#backend, name, { key, number: entry.number }, signal),
    ]);
    if (isRemoved.status === "rejected") throw isRemoved.reason;
    if (isRemoved.value !== undefined) throw versionRemoved(name, tag);
    if (read.status === "fulfilled") return { tag, key, ...read.value };
    if (LedgerError.hasCode(read.reason, "NOT_FOUND")) return undefined;
    throw read.reason;
  }

  /** Removes a version: from now on no reader finds it, and no other version gets its number. */
  async remove(
    name: string,
    { number, id }: Pick<NumberedEntry, "number" | "id">,
    signal?: AbortSignal,
  ): Promise<void> {
    await createOrMatch(this.#backend, removedKey(prefixOf(name), number, id), new Uint8Array(0), signal, true);
  }

  /** Returns whether the version with the manifest at `key` was removed. Takes one request. */
  async isRemoved(name: string, key: string, signal?: AbortSignal): Promise<boolean> {
    const place = parseManifestKey(name, key);
    if (place === undefined) return false;
    return (await this.#backend.stat(removedMarkerKey(name, place), callOptions(signal))) !== undefined;
  }

  /**
   * Adds a version, or returns the newest one if that has the same content, type and metadata, and the facts of a data
   * set if the new one has them. Never replaces a version. If creates are exclusive, only one of several writers gets a
   * number. Otherwise each manifest has a key of its own, and a writer that finds another manifest with its number
   * removes its own and tries again.
   */
  async publish(
    draft: Omit<Manifest, "number">,
    signal?: AbortSignal,
  ): Promise<{ readonly stored: StoredVersion; readonly isNew: boolean }> {
    const prefix = prefixOf(draft.name);
    let skip = 0;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const { entries, highest } = await listNewest(this.#backend, prefix, signal);
      const newest = entries.at(-1);
      const same = await this.#newestIfSame(draft, newest, signal);
      if (same !== undefined) return { stored: same, isNew: false };
      const number = nextNumber(highest === undefined ? undefined : { number: highest }, prefix) + skip;
      const manifest: Manifest = { ...draft, number };
      const bytes = encodeManifest(manifest);
      const exclusive = this.#backend.capabilities.exclusiveCreate;
      const id = exclusive ? "" : this.#newId();
      const key = numberedKey(prefix, number, id);
      const stored = { tag: `v${number}`, key, manifest, ...(await sumOf(bytes)) };
      const [indexed, created] = await Promise.allSettled([
        this.#digests.add(draft.name, draft.hex, { number, id }, signal),
        createOrMatch(this.#backend, key, bytes, signal),
      ]);
      if (created.status === "rejected") throw created.reason;
      if (!created.value) continue;
      if (indexed.status === "rejected") throw indexed.reason;
      if (exclusive) return { stored, isNew: true };
      // Of two writers of the same number, the one that lists last sees both, so at most one keeps the number.
      const rivals = await this.withNumber(draft.name, number, signal);
      if (rivals.every((entry) => entry.id === id)) return { stored, isNew: true };
      await this.#backend.remove(key, callOptions(signal));
      // Writers that saw each other try different numbers next.
      skip = rivals.findIndex((entry) => entry.id === id);
    }
    throw new LedgerError(
      "CONFLICT",
      `other writers took each version number of ${JSON.stringify(draft.name)} in ${MAX_ATTEMPTS} attempts`,
      {
        key: prefix,
        transient: true,
      },
    );
  }

  async #newestIfSame(
    draft: Omit<Manifest, "number">,
    newest: NumberedEntry | undefined,
    signal?: AbortSignal,
  ): Promise<StoredVersion | undefined> {
    if (newest === undefined) return undefined;
    let found: StoredVersion;
    try {
      found = await this.read(draft.name, newest, signal);
    } catch (error) {
      // A manifest that is damaged, unreadable or just removed must not prevent the next version.
      if (!concernsOneObject(error)) throw error;
      return undefined;
    }
    const { hex, single, type, description, metadata, dataset } = found.manifest;
    const lacksFacts = draft.dataset !== undefined && dataset === undefined;
    const same = hex === draft.hex && single === draft.single && type === draft.type && !lacksFacts;
    return same && description === draft.description && encodeMetadata(metadata) === encodeMetadata(draft.metadata)
      ? found
      : undefined;
  }
}

/** Reads a manifest of `name`. Rejects with `CORRUPT` or `FORMAT_TOO_NEW` if it cannot be understood. */
export async function readManifest(
  backend: Backend,
  name: string,
  { key, number }: Pick<NumberedEntry, "key" | "number">,
  signal: AbortSignal | undefined,
): Promise<Pick<StoredVersion, "manifest" | "size" | "digest">> {
  const range = { offset: 0, length: MAX_MANIFEST_BYTES + 1 };
  const bytes = await backend.read(key, { ...callOptions(signal), range });
  return { manifest: parseManifest(bytes, key, name, number), ...(await sumOf(bytes)) };
}

/** Returns the number and the id in the key of a manifest of `name`, or `undefined` for any other key. */
export function parseManifestKey(name: string, key: string): Pick<NumberedEntry, "number" | "id"> | undefined {
  return parseNumberedKey(prefixOf(name), key);
}

async function sumOf(bytes: Uint8Array): Promise<Pick<StoredVersion, "size" | "digest">> {
  const { sha256Hex } = await loadSha256();
  return { size: bytes.byteLength, digest: formatDigest(await sha256Hex(bytes)) };
}

/** Returns the key of the marker that says that the version with this manifest was removed. */
export function removedMarkerKey(name: string, { number, id }: Pick<NumberedEntry, "number" | "id">): string {
  return removedKey(prefixOf(name), number, id);
}

/** Returns the error for a version that somebody removed. */
export function versionRemoved(name: string, tag: string): LedgerError {
  return new LedgerError("ARTIFACT_NOT_FOUND", `${name}:${tag} was removed`, { field: "ref" });
}

/** Returns the tag of a version: `v3`, or `v3.<id>` if another version has the same number. */
export function tagOf(entry: NumberedEntry): string {
  return entry.shared && entry.id !== "" ? `v${entry.number}.${entry.id}` : `v${entry.number}`;
}

/** Returns those of the versions with one number that a tag may mean: the one with exactly this tag, or all. */
export function entriesOf(sameNumber: readonly NumberedEntry[], tag: string): NumberedEntry[] {
  const matching = sameNumber.filter(
    (entry) => tagOf(entry) === tag || `v${entry.number}` === tag || `v${entry.number}.${entry.id}` === tag,
  );
  const exact = matching.find((entry) => tagOf(entry) === tag);
  return exact === undefined ? matching : [exact];
}

function prefixOf(name: string): string {
  return `artifacts/${encodeSegment(name, "name")}/versions`;
}

/** Returns what follows a version in a list with the newest first. The version may have been removed. */
export function entriesBefore(newestFirst: readonly NumberedEntry[], tag: string): readonly NumberedEntry[] {
  const at = newestFirst.findIndex((entry) => tagOf(entry) === tag);
  if (at >= 0) return newestFirst.slice(at + 1);
  const number = Number.parseInt(tag.slice(1), 10);
  return newestFirst.filter((entry) => entry.number < number);
}
