import type { Backend } from "../backend/backend.ts";
import { createOrMatch } from "../backend/create-or-match.ts";
import { LedgerError, concernsOneObject } from "../errors/ledger-error.ts";
import { encodeSegment } from "../backend/key.ts";
import { callOptions } from "../backend/call-options.ts";
import type { Manifest } from "./manifest.ts";
import { MAX_MANIFEST_BYTES, encodeManifest, encodeMetadata, parseManifest } from "./manifest.ts";
import type { NumberedEntry } from "./numbered-objects.ts";
import { listNumbered, nextNumber, numberedKey } from "./numbered-objects.ts";

/** Most attempts to get a number. An attempt fails only if another writer of the same name got a number. */
const MAX_ATTEMPTS = 1000;

/** A stored version: its manifest and its tag. */
export interface StoredVersion {
  /** `v3`, or `v3.<id>` if two versions have the number. */
  readonly tag: string;
  readonly key: string;
  readonly manifest: Manifest;
}

/** Stores the manifests of all versions as `artifacts/<name>/versions/<n>.json`. */
export class ManifestStore {
  readonly #backend: Backend;
  readonly #newId: () => string;

  constructor(backend: Backend, newId: () => string) {
    this.#backend = backend;
    this.#newId = newId;
  }

  /** Lists the versions of a name, oldest first, without reading them. */
  list(name: string, signal?: AbortSignal): Promise<NumberedEntry[]> {
    return listNumbered(this.#backend, prefixOf(name), signal);
  }

  /** Reads an entry of {@link list}. Rejects with `CORRUPT` or `FORMAT_TOO_NEW` if it cannot be understood. */
  async read(name: string, entry: NumberedEntry, signal?: AbortSignal): Promise<StoredVersion> {
    const { key, number } = entry;
    if (entry.size > MAX_MANIFEST_BYTES)
      throw new LedgerError("CORRUPT", `${key} has more than ${MAX_MANIFEST_BYTES} bytes`, { key });
    const range = { offset: 0, length: MAX_MANIFEST_BYTES + 1 };
    const bytes = await this.#backend.read(key, { ...callOptions(signal), range });
    return { tag: tagOf(entry), key, manifest: parseManifest(bytes, key, name, number) };
  }

  /**
   * Adds a version, or returns the newest one if that has the same content, type and metadata. Never replaces a
   * version. If creates are exclusive, only one of several writers gets a number. Otherwise each manifest has a key of
   * its own, and a writer that finds another manifest with its number removes its own and tries again.
   */
  async publish(draft: Omit<Manifest, "number">, signal?: AbortSignal): Promise<StoredVersion> {
    const prefix = prefixOf(draft.name);
    let skip = 0;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const entries = await this.list(draft.name, signal);
      const same = await this.#newestIfSame(draft, entries.at(-1), signal);
      if (same !== undefined) return same;
      const number = nextNumber(entries, prefix) + skip;
      const manifest: Manifest = { ...draft, number };
      const bytes = encodeManifest(manifest);
      const exclusive = this.#backend.capabilities.exclusiveCreate;
      const id = exclusive ? "" : this.#newId();
      const key = numberedKey(prefix, number, id);
      if (!(await createOrMatch(this.#backend, key, bytes, signal))) continue;
      if (exclusive) return { tag: `v${number}`, key, manifest };
      // Of two writers of the same number, the one that lists last sees both, so at most one keeps the number.
      const rivals = (await this.list(draft.name, signal)).filter((entry) => entry.number === number);
      if (rivals.every((entry) => entry.id === id)) return { tag: `v${number}`, key, manifest };
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
    const { hex, single, type, metadata } = found.manifest;
    const same = hex === draft.hex && single === draft.single && type === draft.type;
    return same && encodeMetadata(metadata) === encodeMetadata(draft.metadata) ? found : undefined;
  }
}

/** Returns the tag of a version: `v3`, or `v3.<id>` if another version has the same number. */
export function tagOf(entry: NumberedEntry): string {
  return entry.shared && entry.id !== "" ? `v${entry.number}.${entry.id}` : `v${entry.number}`;
}

function prefixOf(name: string): string {
  return `artifacts/${encodeSegment(name, "name")}/versions`;
}
