import type { Backend, CallOptions } from "../backend/backend.ts";
import type { Clock } from "../platform/clock.ts";
import { LedgerError, concernsOneObject, invalidArgument, reading } from "../errors/ledger-error.ts";
import { decodeJson } from "../bytes/json.ts";
import { mapBounded } from "../platform/bounded.ts";
import { AliasStore } from "./aliases.ts";
import type { StoredBlob } from "./blobs.ts";
import { BlobStore } from "./blobs.ts";
import { listingDigest } from "./directory-listing.ts";
import type { Manifest } from "./manifest.ts";
import { encodeMetadata } from "./manifest.ts";
import type { StoredVersion } from "./manifests.ts";
import { ManifestStore } from "./manifests.ts";
import { parseRef, toAlias, toArtifactName, toArtifactType, versionRef } from "./name.ts";
import { OpenArtifact } from "./open.ts";
import { Resolver } from "./resolve.ts";
import type { ArtifactSource } from "./source.ts";
import { normalizeSource } from "./source.ts";
import { type ArtifactRef, type ArtifactVersion, toVersion } from "./version.ts";
import { Progress, storeSource } from "./store-source.ts";

/** Manifests read at a time. */
const PARALLEL = 4;

/** How far a call has come. `total` is known for everything but streams. Both in bytes. */
export interface ArtifactProgress {
  /** Bytes that are stored so far, or were there already. */
  readonly bytes: number;
  /** Bytes in all. Absent for a stream. */
  readonly total?: number;
}

/** Options of `logArtifact`. */
export interface LogArtifactOptions {
  /** What kind of thing it is: `model`, `dataset`, … At most 200 characters. */
  readonly type?: string | undefined;
  /** Names that point at this version from now on: `best`, `production`. */
  readonly aliases?: readonly string[] | undefined;
  /** A plain object of JSON data. NaN, infinities and bigints are kept. */
  readonly metadata?: object | undefined;
  /** Aborting it rejects the call. Contents that are stored by then stay. */
  readonly signal?: AbortSignal | undefined;
  /** Called as bytes are stored, or are found to be there already. `bytes` never goes back. */
  readonly onProgress?: ((progress: ArtifactProgress) => void) | undefined;
}

export interface ArtifactStoreOptions {
  readonly backend: Backend;
  readonly clock: Clock;
  /** Random lower-case base32, a new one each call. */
  readonly ids: (kind: "blob" | "artifact") => string;
  /** Gets trouble that rejects no call: objects that are damaged, and files that a source left out. */
  readonly onTrouble?: ((error: LedgerError) => void) | undefined;
}

/** Artifacts of one ledger: contents by digest, versions by name. */
export class ArtifactStore {
  readonly #backend: Backend;
  readonly #clock: Clock;
  readonly #blobs: BlobStore;
  readonly #manifests: ManifestStore;
  readonly #aliases: AliasStore;
  readonly #resolver: Resolver;
  readonly #onTrouble: (error: LedgerError) => void;

  constructor({ backend, clock, ids, onTrouble = () => {} }: ArtifactStoreOptions) {
    this.#backend = backend;
    this.#clock = clock;
    this.#onTrouble = onTrouble;
    this.#blobs = new BlobStore(backend, () => ids("blob"));
    this.#manifests = new ManifestStore(backend, () => ids("artifact"));
    this.#aliases = new AliasStore(backend, () => ids("artifact"), onTrouble);
    this.#resolver = new Resolver(backend, this.#manifests, this.#aliases);
  }

  /**
   * Stores a source as a version of `name`: first the contents that are not there yet, then the manifest, then the aliases. The newest
   * version is given back, and none is written, when it has the same digest, type and metadata.
   *
   * Arguments are read before this returns its promise: small bytes and metadata may be changed right after. Larger bytes
   * (over 8 MiB) may not be changed until it settles: `CONFLICT` when they were. Rejects with `INVALID_ARGUMENT` for bad
   * arguments, `TOO_LARGE`, `CORRUPT`, as the backend does, or with the signal's reason.
   */
  async log(
    name: string,
    source: ArtifactSource,
    options: LogArtifactOptions & { readonly runId?: string | undefined } = {},
  ): Promise<ArtifactVersion> {
    const { type, aliases = [], metadata = {}, runId, signal, onProgress } = options;
    const artifact = toArtifactName(name);
    const names = reading("aliases", () => {
      if (!Array.isArray(aliases)) throw invalidArgument("aliases", "an array of strings", aliases);
      return [...new Set(Array.from(aliases as string[], (alias, i) => toAlias(alias, `aliases[${i}]`)))];
    });
    if (type !== undefined) toArtifactType(type);
    if (onProgress !== undefined && typeof onProgress !== "function")
      throw invalidArgument("onProgress", "a function", onProgress);
    const ownMetadata = snapshot(metadata);
    const normal = reading("source", () => normalizeSource(source));
    const content = await storeSource(this.#blobs, normal, new Progress(onProgress), this.#onTrouble, signal);
    const draft: Omit<Manifest, "number"> = {
      name: artifact,
      ...content,
      ...(type === undefined ? {} : { type }),
      metadata: ownMetadata,
      createdAt: this.#clock.now(),
      ...(runId === undefined ? {} : { runId }),
    };
    const stored = await this.#manifests.publish(draft, signal);
    for (const alias of names) await this.#aliases.set(artifact, alias, stored.tag, signal);
    return this.#present(stored, signal);
  }

  /** Stores bytes that belong to no version, and that nobody changes until this settles, under their digest. As {@link log} rejects. */
  async putBlob(bytes: Uint8Array, options: CallOptions = {}): Promise<StoredBlob> {
    return await this.#blobs.put({ kind: "bytes", bytes }, options);
  }

  /** The version a reference names. `ARTIFACT_NOT_FOUND` says what there is instead. */
  async resolve(ref: ArtifactRef, options: CallOptions = {}): Promise<ArtifactVersion> {
    return this.#present(await this.#resolver.find(parseRef(ref), options.signal), options.signal);
  }

  /** As {@link resolve}, to read the files. `CORRUPT` when the list of files does not have the digest of the version. */
  async open(ref: ArtifactRef, options: CallOptions = {}): Promise<OpenArtifact> {
    const stored = await this.#resolver.find(parseRef(ref), options.signal);
    const { single, files, hex } = stored.manifest;
    if (!single && (await listingDigest(files)) !== hex) {
      throw new LedgerError("CORRUPT", `${stored.key} lists other files than its digest says`, { key: stored.key });
    }
    return new OpenArtifact(this.#backend, await this.#present(stored, options.signal), single, files);
  }

  /** All versions of a name, oldest first; none is no error. One whose manifest cannot be read is reported and left out. */
  async versions(name: string, options: CallOptions = {}): Promise<ArtifactVersion[]> {
    const artifact = toArtifactName(name);
    const entries = await this.#manifests.list(artifact, options.signal);
    if (entries.length === 0) return [];
    const aliases = await this.#aliases.all(artifact, options.signal);
    const versions = await mapBounded(entries, PARALLEL, options.signal, async (entry, stop) => {
      try {
        return toVersion(await this.#manifests.read(artifact, entry, stop), aliases);
      } catch (error) {
        if (!concernsOneObject(error)) throw error;
        this.#onTrouble(error);
        return undefined;
      }
    });
    return versions.filter((version) => version !== undefined);
  }

  /** Lets an alias mean a version (`"v3"`, `3`, another alias, `latest`) from now on. Gives the version, its aliases up to date. */
  async setAlias(
    name: string,
    version: string | number | ArtifactVersion,
    alias: string,
    options: CallOptions = {},
  ): Promise<ArtifactVersion> {
    const artifact = toArtifactName(name);
    const ownAlias = toAlias(alias);
    const stored = await this.#resolver.find(versionRef(artifact, version), options.signal);
    await this.#aliases.set(artifact, ownAlias, stored.tag, options.signal);
    return this.#present(stored, options.signal);
  }

  async #present(stored: StoredVersion, signal: AbortSignal | undefined): Promise<ArtifactVersion> {
    return toVersion(stored, await this.#aliases.all(stored.manifest.name, signal));
  }
}

/** A copy of the caller's metadata, made at once. Rejects what cannot be stored. */
function snapshot(metadata: unknown): Record<string, unknown> {
  return decodeJson(encodeMetadata(metadata)) as Record<string, unknown>;
}
