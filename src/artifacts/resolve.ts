import type { Backend } from "../backend/backend.ts";
import { LedgerError, concernsOneObject } from "../errors/ledger-error.ts";
import type { AliasStore } from "./aliases.ts";
import { artifactNames } from "./artifact-names.ts";
import type { ManifestStore, StoredVersion } from "./manifests.ts";
import { entriesOf, tagOf, versionRemoved } from "./manifests.ts";
import type { NumberedEntry } from "./numbered-objects.ts";
import { type ParsedRef, isVersionTag } from "./name.ts";

const SHOWN = 10;

/** Finds the version that a reference names. */
export class Resolver {
  readonly #backend: Backend;
  readonly #manifests: ManifestStore;
  readonly #aliases: AliasStore;

  constructor(backend: Backend, manifests: ManifestStore, aliases: AliasStore) {
    this.#backend = backend;
    this.#manifests = manifests;
    this.#aliases = aliases;
  }

  /**
   * Finds the version. Rejects with `ARTIFACT_NOT_FOUND`, which names what exists, if nothing has that name, version,
   * alias or digest. Rejects with `CONFLICT` if two versions got the same number on a store without exclusive creates.
   */
  async find(ref: ParsedRef, signal?: AbortSignal): Promise<StoredVersion> {
    const known = await this.#atKey(ref, signal);
    if (known !== undefined) return known;
    switch (ref.by) {
      case "latest": {
        const newest = await this.#manifests.newest(ref.name, signal);
        if (newest === undefined) throw await this.#missing(ref.name, "no version", signal);
        return this.#manifests.read(ref.name, newest, signal);
      }
      case "version":
        return this.#byVersion(ref.name, ref.version, ref.hex, signal);
      case "alias":
        return this.#byAlias(ref.name, ref.alias, signal);
      case "digest":
        return this.#byDigest(ref.name, ref.hex, signal);
    }
  }

  /**
   * Reads the manifest at the key that a reference names, without a listing. The object at that key may be something
   * else.
   */
  async #atKey(ref: ParsedRef, signal: AbortSignal | undefined): Promise<StoredVersion | undefined> {
    if (ref.by !== "version" || ref.key === undefined) return undefined;
    const { name, version, key, hex } = ref;
    const found = await this.#manifests.readAt(name, { tag: version, key }, signal);
    return found?.manifest.hex === hex ? found : undefined;
  }

  async #byVersion(name: string, tag: string, hex: string | undefined, signal?: AbortSignal): Promise<StoredVersion> {
    const number = numberOf(tag);
    const only =
      number === undefined || tag !== `v${number}` ? undefined : await this.#manifests.readNumber(name, number, signal);
    if (only !== undefined && (hex === undefined || only.manifest.hex === hex)) return only;
    const all = await this.#withTag(name, tag, signal);
    const candidates = all.filter(({ isRemoved }) => !isRemoved);
    if (all.length > 0 && candidates.length === 0) throw versionRemoved(name, tag);
    if (candidates.length === 0) throw await this.#missing(name, `no version ${quote(tag)}`, signal);
    const found: StoredVersion[] = [];
    for (const entry of candidates) {
      if (candidates.length > 1 && hex === undefined) break;
      const version = await this.#manifests.read(name, entry, signal);
      if (hex === undefined || version.manifest.hex === hex) found.push(version);
    }
    if (found[0] !== undefined) return found[0];
    if (hex !== undefined) throw notFound(`${name}:${tag} does not have the digest asked for`);
    throw this.#manyWith(name, tag, candidates);
  }

  /** Lists the versions that a tag may mean, also removed ones. */
  async #withTag(name: string, tag: string, signal: AbortSignal | undefined): Promise<NumberedEntry[]> {
    const number = numberOf(tag);
    return number === undefined ? [] : entriesOf(await this.#manifests.withNumber(name, number, signal), tag);
  }

  /**
   * Finds the version that is to be removed. A version that its tag names is not read, because it may be damaged, and is
   * found after it was removed, too. Rejects as {@link find} does.
   */
  async place(ref: ParsedRef, signal?: AbortSignal): Promise<NumberedEntry> {
    let tag = ref.by === "version" && ref.hex === undefined ? ref.version : undefined;
    tag ??= (await this.find(ref, signal)).tag;
    const found = await this.#withTag(ref.name, tag, signal);
    if (found.length === 1) return found[0] as NumberedEntry;
    if (found.length === 0) throw await this.#missing(ref.name, `no version ${quote(tag)}`, signal);
    throw this.#manyWith(ref.name, tag, found);
  }

  #manyWith(name: string, tag: string, candidates: readonly NumberedEntry[]): LedgerError {
    const tags = candidates.map((entry) => `${name}:${tagOf(entry)}`).join(", ");
    return new LedgerError("CONFLICT", `${name}:${tag} is more than one version: name one of ${tags}`, {
      field: "ref",
    });
  }

  async #byAlias(name: string, alias: string, signal?: AbortSignal): Promise<StoredVersion> {
    const tag = await this.#aliases.get(name, alias, signal);
    if (tag !== undefined) return this.#byVersion(name, tag, undefined, signal);
    const aliases = [...(await this.#aliases.all(name, signal)).keys()].slice(0, SHOWN).map(quote);
    const others = aliases.length === 0 ? "; it has no aliases" : `; it has the aliases ${aliases.join(", ")}`;
    throw await this.#missing(name, `no alias ${quote(alias)}${others}`, signal);
  }

  async #byDigest(name: string, hex: string, signal?: AbortSignal): Promise<StoredVersion> {
    for await (const entry of this.#manifests.withDigest(name, hex, signal)) {
      try {
        const version = await this.#manifests.read(name, entry, signal);
        if (version.manifest.hex === hex) return version;
      } catch (error) {
        // A manifest that cannot be read must not hide the other versions.
        if (!concernsOneObject(error)) throw error;
      }
    }
    const removed = await this.#manifests.removedWithDigest(name, hex, signal);
    if (removed !== undefined) throw versionRemoved(name, tagOf(removed));
    throw await this.#missing(name, "no version with this digest", signal);
  }

  /** Returns the error for what `name` lacks, or for a name without versions. The message names what exists. */
  async #missing(name: string, what: string, signal: AbortSignal | undefined): Promise<LedgerError> {
    const newest = await this.#manifests.newest(name, signal);
    if (newest !== undefined) return notFound(`${quote(name)} has ${what}; its newest version is ${tagOf(newest)}`);
    return (await this.#manifests.isKnown(name, signal))
      ? notFound(`${quote(name)} has no version any more: all were removed`)
      : notFound(`there is no artifact ${quote(name)}; ${await this.#names(signal)}`);
  }

  /** Returns a text with some names. Makes a bounded number of calls. */
  async #names(signal?: AbortSignal): Promise<string> {
    const names: string[] = [];
    for await (const name of artifactNames(this.#backend, signal)) if (names.push(name) > SHOWN) break;
    if (names.length === 0) return "this ledger has none yet";
    return `there are ${names.slice(0, SHOWN).map(quote).join(", ")}${names.length > SHOWN ? ", …" : ""}`;
  }
}

/** Returns the number in a version tag. */
function numberOf(tag: string): number | undefined {
  return isVersionTag(tag) ? Number(/\d+/.exec(tag)?.[0]) : undefined;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

function notFound(message: string): LedgerError {
  return new LedgerError("ARTIFACT_NOT_FOUND", message, { field: "ref" });
}
