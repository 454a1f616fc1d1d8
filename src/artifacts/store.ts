import { assertRemovable, type RemoveOptions } from "./assert-removable.ts";
import type { Backend, CallOptions } from "../backend/backend.ts";
import type { Clock } from "../platform/clock.ts";
import { LedgerError, concernsOneObject, invalidArgument, reading } from "../errors/ledger-error.ts";
import { decodeJson } from "../bytes/decode-json.ts";
import { callOptions } from "../backend/call-options.ts";
import { mapBounded } from "../platform/bounded.ts";
import { onDemand } from "../platform/on-demand.ts";
import { formatDigest } from "../bytes/digest.ts";
import { AliasStore } from "./aliases.ts";
import type { StoredBlob } from "./blobs.ts";
import { BlobStore } from "./blobs.ts";
import { KnownDigests } from "./known-digests.ts";
import { ContentDigests } from "./content-digests.ts";
import { listingDigest } from "./directory-listing.ts";
import type { Manifest } from "./manifest.ts";
import { encodeMetadata, isDescription, MAX_DESCRIPTION_CHARS } from "./manifest.ts";
import type { StoredVersion } from "./manifests.ts";
import {
  entriesBefore,
  ManifestStore,
  parseManifestKey,
  removedMarkerKey,
  tagOf,
  versionRemoved,
} from "./manifests.ts";
import { type ParsedRef, parseRef, toAlias, toArtifactName, toArtifactType, versionRef } from "./name.ts";
import type { OpenArtifact } from "./open.ts";
import type { Resolver } from "./resolve.ts";
import type { ArtifactSource } from "./source.ts";
import { normalizeSource } from "./source.ts";
import type { TableReader } from "./stored-table.ts";
import { type ArtifactRef, type ArtifactVersion, toVersion } from "./version.ts";
import { Progress, storeSource } from "./store-source.ts";

const resolving = /* @__PURE__ */ onDemand(() => import("./resolve.ts"));
const settling = /* @__PURE__ */ onDemand(() => import("./settle-removal.ts"));
const opening = /* @__PURE__ */ onDemand(() => import("./open.ts"));
// Needed only in ledgers in which somebody removes, or has removed, what nothing refers to.
const collecting = /* @__PURE__ */ onDemand(() => import("./collections.ts"));

/** The number of manifests read at a time. */
const PARALLEL = 16;

/** How far a call of `logArtifact` has come. */
export interface ArtifactProgress {
  /** The number of bytes that are stored so far, or were stored already. */
  readonly bytes: number;
  /** Bytes in all. Absent for a stream. */
  readonly total?: number;
}

/** Options of `logArtifact`. */
export interface LogArtifactOptions {
  /** The kind of thing that the artifact is: `model`, `dataset`, … At most 200 characters. */
  readonly type?: string | undefined;
  /** What the version is, for people. 1 to 10,000 characters. */
  readonly description?: string | undefined;
  /** Names that point at this version from now on: `best`, `production`. */
  readonly aliases?: readonly string[] | undefined;
  /** A plain object of JSON data. NaN, infinities and bigints are kept. */
  readonly metadata?: object | undefined;
  /** Aborting it rejects the call. Contents that are stored by then stay. */
  readonly signal?: AbortSignal | undefined;
  /** Called when bytes are stored, or are found to be stored already. `bytes` never decreases. */
  readonly onProgress?: ((progress: ArtifactProgress) => void) | undefined;
}

/** Options of {@link ArtifactStore.log}. */
export interface StoreOptions extends LogArtifactOptions {
  readonly runId?: string | undefined;
  /** What is known of the content as a data set. The manifest keeps it. */
  readonly dataset?: unknown;
}

/** Options of {@link ArtifactStore.newestFirst}. */
interface NewestFirst extends CallOptions {
  readonly before?: string | undefined;
  readonly most?: number | undefined;
}

export interface ArtifactStoreOptions {
  readonly backend: Backend;
  readonly clock: Clock;
  /** Returns a new random text in lower-case base32. */
  readonly ids: (kind: "blob" | "artifact") => string;
  /** Reads a stored table. */
  readonly readTable: TableReader;
  /** Called with trouble that does not reject a call: damaged objects, and files that a source left out. */
  readonly onTrouble?: ((error: LedgerError) => void) | undefined;
}

/** The artifacts of one ledger: contents by digest, versions by name. */
export class ArtifactStore {
  readonly #backend: Backend;
  readonly #clock: Clock;
  readonly #blobs: BlobStore;
  readonly #known: KnownDigests = new KnownDigests();
  /** The version that was logged last. Many programs log versions of one large directory. */
  #lastLogged: StoredVersion | undefined;
  /** How many collections had ended when this looked. */
  #ended: number | undefined;
  readonly #manifests: ManifestStore;
  readonly #aliases: AliasStore;
  readonly #onTrouble: (error: LedgerError) => void;
  readonly #readTable: TableReader;

  constructor({ backend, clock, ids, readTable, onTrouble = () => {} }: ArtifactStoreOptions) {
    this.#readTable = readTable;
    this.#backend = backend;
    this.#clock = clock;
    this.#onTrouble = onTrouble;
    this.#blobs = new BlobStore(backend, () => ids("blob"));
    this.#manifests = new ManifestStore(backend, () => ids("artifact"));
    this.#aliases = new AliasStore(backend);
  }

  /**
   * Stores a source as a version of `name`: first the contents that are not stored yet, then the manifest, then the
   * aliases. Returns the newest version, and writes no manifest, if that has the same digest, type, description and metadata.
   *
   * Reads the arguments before it returns its promise, so that small bytes and metadata may be changed at once. Bytes
   * over 8 MiB must not change until the promise settles, or it rejects with `CONFLICT`. Rejects with
   * `INVALID_ARGUMENT` for bad arguments, `TOO_LARGE`, `CORRUPT`, as the backend does, or with the signal's reason.
   */
  async log(name: string, source: ArtifactSource, options: StoreOptions = {}): Promise<ArtifactVersion> {
    const { type, description, aliases = [], metadata = {}, dataset, runId, signal, onProgress } = options;
    const artifact = toArtifactName(name);
    const names = reading("aliases", () => {
      if (!Array.isArray(aliases)) throw invalidArgument("aliases", "an array of strings", aliases);
      return [...new Set(Array.from(aliases as string[], (alias, i) => toAlias(alias, `aliases[${i}]`)))];
    });
    if (type !== undefined) toArtifactType(type);
    if (description !== undefined && !isDescription(description)) throw badDescription(description);
    if (onProgress !== undefined && typeof onProgress !== "function")
      throw invalidArgument("onProgress", "a function", onProgress);
    const ownMetadata = snapshot(metadata);
    const normal = reading("source", () => normalizeSource(source));
    const ended = this.#ended;
    const content = await storeSource(normal, {
      sink: this.#blobs,
      known: this.#known,
      newest: () => this.#newest(artifact, signal),
      progress: new Progress(onProgress),
      onTrouble: this.#onTrouble,
      signal,
    });
    const draft: Omit<Manifest, "number"> = {
      name: artifact,
      ...content,
      ...(type === undefined ? {} : { type }),
      ...(description === undefined ? {} : { description }),
      metadata: ownMetadata,
      ...(dataset !== undefined && { dataset }),
      createdAt: this.#clock.now(),
      ...(runId === undefined ? {} : { runId }),
    };
    for (;;) {
      const { stored, isNew } = await this.#publish(draft, ended, signal);
      this.#lastLogged = stored;
      // Somebody may remove the version at the same moment. Then the content gets another one.
      if ((isNew && names.length === 0) || (await this.#setAliases(stored, names, signal)))
        return this.#present(stored, signal);
    }
  }

  /** Returns the digest and the size of the version that a source would be. Stores nothing. Rejects as {@link log}. */
  async digest(source: ArtifactSource, options: CallOptions = {}): Promise<{ digest: string; size: number }> {
    const normal = reading("source", () => normalizeSource(source));
    const { hex, files } = await storeSource(normal, {
      sink: new ContentDigests(),
      known: this.#known,
      newest: async () => undefined,
      progress: new Progress(undefined),
      onTrouble: this.#onTrouble,
      signal: options.signal,
    });
    return { digest: formatDigest(hex), size: files.reduce((sum, { size }) => sum + size, 0) };
  }

  /**
   * Stores bytes that belong to no version under their digest. Nobody may change them until this settles. Rejects as
   * {@link log} does.
   */
  async putBlob(bytes: Uint8Array, options: CallOptions = {}): Promise<StoredBlob> {
    const blob = await this.#blobs.put({ kind: "bytes", bytes }, options);
    // The run is open. A collection that begins to remove from now on sees that, and stops.
    const keys = await listKeys(this.#backend, options.signal);
    if (keys.length === 0) return blob;
    const { beingCollected, judge } = await collecting();
    const { verdict } = await judge(this.#backend, keys, { blobs: [blob], before: undefined }, options.signal);
    if (verdict !== "kept") throw beingCollected("this value");
    return blob;
  }

  /**
   * Stores a manifest, and then looks whether a collection removes what it names. A version that lacks something is
   * withdrawn: it counts as removed. `ended`: how many collections had ended before the contents were looked for.
   */
  async #publish(
    draft: Omit<Manifest, "number">,
    ended: number | undefined,
    signal: AbortSignal | undefined,
  ): ReturnType<ManifestStore["publish"]> {
    for (;;) {
      const { stored, isNew } = await this.#manifests.publish(draft, signal);
      const keys = await listKeys(this.#backend, signal);
      if (keys.length === 0) {
        this.#ended = 0;
        return { stored, isNew };
      }
      const { beingCollected, judge } = await collecting();
      const { name } = draft;
      const place = parseManifestKey(name, stored.key) as { number: number; id: string };
      const blobs = stored.manifest.files.map((file) => file.place?.pack ?? file);
      const marker = isNew ? removedMarkerKey(name, place) : undefined;
      const relied = { blobs: [...new Set(blobs)], before: ended, marker };
      const judged = await judge(this.#backend, keys, relied, signal);
      this.#ended = judged.ended;
      if (judged.verdict === "kept") return { stored, isNew };
      // Somebody else had this number before. The version was removed, and then its manifest.
      if (judged.verdict === "taken") continue;
      if (isNew) await this.#manifests.remove(name, place, signal);
      throw beingCollected(`${name}:${stored.tag}`);
    }
  }

  /**
   * Returns the version that a reference names. Rejects with `ARTIFACT_NOT_FOUND`, which names what exists, if nothing
   * has that name.
   */
  async resolve(ref: ArtifactRef, options: CallOptions = {}): Promise<ArtifactVersion> {
    return (await this.resolveWithDataset(ref, options)).version;
  }

  /** Returns the version that a reference names, and what its manifest says of it as a data set. As {@link resolve}. */
  async resolveWithDataset(
    ref: ArtifactRef,
    options: CallOptions = {},
  ): Promise<{ version: ArtifactVersion; dataset: unknown }> {
    const stored = await this.#find(parseRef(ref), options.signal);
    return { version: await this.#present(stored, options.signal), dataset: stored.manifest.dataset };
  }

  /**
   * Opens the version that a reference names, to read its files. Rejects as {@link resolve} does, and with `CORRUPT` if
   * the files do not match the digest. Errors name `field`.
   */
  async open(ref: ArtifactRef, options: CallOptions = {}, field?: string): Promise<OpenArtifact> {
    const stored = await this.#find(parseRef(ref, field), options.signal);
    const { single, files, hex } = stored.manifest;
    if (!single && (await listingDigest(files)) !== hex) {
      throw new LedgerError("CORRUPT", `${stored.key} lists files that do not match its digest`, { key: stored.key });
    }
    const { OpenArtifact } = await opening();
    return new OpenArtifact(this.#backend, await this.#present(stored, options.signal), single, files, this.#readTable);
  }

  /**
   * Returns all versions of a name, oldest first, or none. Reports and leaves out a version whose manifest cannot be
   * read.
   */
  async versions(name: string, options: CallOptions = {}): Promise<ArtifactVersion[]> {
    const versions: ArtifactVersion[] = [];
    for await (const version of this.newestFirst(name, options)) versions.push(version);
    return versions.reverse();
  }

  /**
   * Yields the versions of a name, newest first, or none: those before the version with the tag `before`. Reads 16 at a
   * time, at first `most` if that is less. Reports and leaves out a version whose manifest cannot be read.
   */
  async *newestFirst(
    name: string,
    { before, most = Number.POSITIVE_INFINITY, signal }: NewestFirst = {},
  ): AsyncGenerator<ArtifactVersion, void, undefined> {
    const artifact = toArtifactName(name);
    const all = (await this.#manifests.list(artifact, signal)).reverse();
    const entries = before === undefined ? all : entriesBefore(all, before);
    if (entries.length === 0) return;
    const aliases = await this.#aliases.all(artifact, signal);
    let size = Math.min(PARALLEL, most);
    for (let at = 0; at < entries.length; at += size, size = PARALLEL) {
      const versions = await mapBounded(entries.slice(at, at + size), PARALLEL, signal, async (entry, stop) => {
        try {
          return toVersion(await this.#manifests.read(artifact, entry, stop), aliases);
        } catch (error) {
          if (!concernsOneObject(error)) throw error;
          this.#onTrouble(error);
          return undefined;
        }
      });
      yield* versions.filter((version) => version !== undefined);
    }
  }

  /**
   * Makes an alias mean a version (`"v3"`, `3`, another alias, `latest`). Returns the version with its current aliases.
   */
  async setAlias(
    name: string,
    version: string | number | ArtifactVersion,
    alias: string,
    options: CallOptions = {},
  ): Promise<ArtifactVersion> {
    const artifact = toArtifactName(name);
    const ownAlias = toAlias(alias);
    const stored = await this.#find(versionRef(artifact, version), options.signal);
    if (!(await this.#setAliases(stored, [ownAlias], options.signal))) throw versionRemoved(artifact, stored.tag);
    return this.#present(stored, options.signal);
  }

  /**
   * Removes one version. Its number is never used again, and what other versions share stays. Removing it again changes
   * nothing. Rejects as {@link resolve} does, and with `CONFLICT` if aliases mean the version, also if they were set at the same moment, or if `isSealed` says so of
   * the run that logged it first, unless `force`.
   */
  async remove(ref: ArtifactRef, options: RemoveOptions = {}): Promise<void> {
    const { signal } = options;
    const parsed = parseRef(ref);
    const { name } = parsed;
    const entry = await (await this.#resolver()).place(parsed, signal);
    const { number, id } = entry;
    const tags = [tagOf(entry), `v${number}.${id}`, ...(entry.shared && id !== "" ? [] : [`v${number}`])];
    const all = await this.#aliases.all(name, signal);
    const aliases = [...all].flatMap(([alias, tag]) => (tags.includes(tag) ? [alias] : []));
    const read = (): Promise<StoredVersion> => this.#manifests.read(name, entry, signal);
    if (!options.force) await assertRemovable({ name, entry, aliases, read }, options);
    for (const alias of aliases) await this.#aliases.remove(name, alias, tags, signal);
    await this.#manifests.remove(name, entry, signal);
    const { settleRemoval } = await settling();
    await settleRemoval(this.#backend, this.#aliases, { name, entry, tags }, { force: options.force === true, signal });
  }

  async #setAliases(
    stored: StoredVersion,
    names: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const { setAliases } = await settling();
    return await setAliases({ aliases: this.#aliases, manifests: this.#manifests }, stored, names, signal);
  }

  async #resolver(): Promise<Resolver> {
    const { Resolver } = await resolving();
    return new Resolver(this.#backend, this.#manifests, this.#aliases);
  }

  async #find(ref: ParsedRef, signal: AbortSignal | undefined): Promise<StoredVersion> {
    return await (await this.#resolver()).find(ref, signal);
  }

  /** Returns the manifest of the newest version, unless there is none or it cannot be read. */
  async #newest(name: string, signal: AbortSignal | undefined): Promise<Manifest | undefined> {
    try {
      const newest = await this.#manifests.newest(name, signal);
      // Where it says contents are is checked in any case, so another manifest of this key and size would do no harm.
      const last = this.#lastLogged;
      if (newest?.key === last?.key && newest?.size === last?.size) return last?.manifest;
      return newest && (await this.#manifests.read(name, newest, signal)).manifest;
    } catch (error) {
      if (concernsOneObject(error)) return undefined;
      throw error;
    }
  }

  /** A backend that cannot list, such as one that only reads over HTTP, knows no aliases. */
  async #aliasesOf(name: string, signal: AbortSignal | undefined): Promise<Map<string, string>> {
    try {
      return await this.#aliases.all(name, signal);
    } catch (error) {
      if (LedgerError.hasCode(error, "UNSUPPORTED")) return new Map();
      throw error;
    }
  }

  async #present(stored: StoredVersion, signal: AbortSignal | undefined): Promise<ArtifactVersion> {
    return toVersion(stored, await this.#aliasesOf(stored.manifest.name, signal));
  }
}

/** Lists the objects of collections. In nearly all ledgers there are none. */
async function listKeys(backend: Backend, signal: AbortSignal | undefined): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of backend.list("gc", callOptions(signal))) keys.push(key);
  return keys;
}

function badDescription(value: unknown): LedgerError {
  const expected = `a text of 1 to ${MAX_DESCRIPTION_CHARS} characters`;
  if (typeof value !== "string") return invalidArgument("description", expected, value);
  const found = value === "" ? "is empty: leave it out" : `has ${value.length}`;
  const details = { field: "description", received: "string" };
  return new LedgerError("INVALID_ARGUMENT", `description must be ${expected}, but ${found}`, details);
}

/** Returns a copy of the caller's metadata. Throws `INVALID_ARGUMENT` for data that cannot be stored. */
function snapshot(metadata: unknown): Record<string, unknown> {
  return decodeJson(encodeMetadata(metadata)) as Record<string, unknown>;
}
