import type { Backend } from "../backend/backend.ts";
import { createOrMatch } from "../backend/create-or-match.ts";
import { LedgerError, concernsOneObject } from "../errors/ledger-error.ts";
import { encodeSegment } from "../backend/key.ts";
import { callOptions } from "../backend/call-options.ts";
import type { Manifest } from "./manifest.ts";
import { MAX_MANIFEST_BYTES, encodeManifest, encodeMetadata, parseManifest } from "./manifest.ts";
import type { NumberedEntry } from "./numbered-objects.ts";
import { listNumbered, nextNumber, numberedKey } from "./numbered-objects.ts";

/** Attempts to get a number. Each one lost means that another writer of the same name got a number. */
const MAX_ATTEMPTS = 1000;

/** A version as it is stored: its manifest, and what people call it. */
export interface StoredVersion {
  /** `v3`. */
  readonly tag: string;
  readonly key: string;
  readonly manifest: Manifest;
}

/** The manifests of all versions, `artifacts/<name>/versions/<n>.json`. */
export class ManifestStore {
  readonly #backend: Backend;
  readonly #newId: () => string;

  constructor(backend: Backend, newId: () => string) {
    this.#backend = backend;
    this.#newId = newId;
  }

  /** The versions of a name, oldest first, without reading them. */
  list(name: string, signal?: AbortSignal): Promise<NumberedEntry[]> {
    return listNumbered(this.#backend, prefixOf(name), signal);
  }

  /** Reads one of {@link list}. `CORRUPT` or `FORMAT_TOO_NEW` when it cannot be understood. */
  async read(name: string, entry: NumberedEntry, signal?: AbortSignal): Promise<StoredVersion> {
    const { key, number } = entry;
    if (entry.size > MAX_MANIFEST_BYTES)
      throw new LedgerError("CORRUPT", `${key} has more than ${MAX_MANIFEST_BYTES} bytes`, { key });
    const range = { offset: 0, length: MAX_MANIFEST_BYTES + 1 };
    const bytes = await this.#backend.read(key, { ...callOptions(signal), range });
    return { tag: tagOf(entry), key, manifest: parseManifest(bytes, key, name, number) };
  }

  /**
   * Adds a version, or returns the newest one if that has the same content, type and metadata. Never replaces a version. Where creates
   * are exclusive, one of several writers gets a number. Elsewhere each manifest has a key of its own, and a writer that finds another
   * manifest with its number removes its own and tries again.
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
      // Of two writers of the same number, the one that lists last sees both: at most one keeps the number.
      const rivals = (await this.list(draft.name, signal)).filter((entry) => entry.number === number);
      if (rivals.every((entry) => entry.id === id)) return { tag: `v${number}`, key, manifest };
      await this.#backend.remove(key, callOptions(signal));
      // Rivals that saw each other part ways.
      skip = rivals.findIndex((entry) => entry.id === id);
    }
    throw new LedgerError(
      "CONFLICT",
      `no version number of ${JSON.stringify(draft.name)} could be had in ${MAX_ATTEMPTS} attempts`,
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
      // A manifest that is damaged, unreadable or just taken back must not hinder the next one.
      if (!concernsOneObject(error)) throw error;
      return undefined;
    }
    const { hex, single, type, metadata } = found.manifest;
    const same = hex === draft.hex && single === draft.single && type === draft.type;
    return same && encodeMetadata(metadata) === encodeMetadata(draft.metadata) ? found : undefined;
  }
}

/** `v3`; where two have the number, `v3.<id>` each, so that none is taken for the other. */
export function tagOf(entry: NumberedEntry): string {
  return entry.shared && entry.id !== "" ? `v${entry.number}.${entry.id}` : `v${entry.number}`;
}

function prefixOf(name: string): string {
  return `artifacts/${encodeSegment(name, "name")}/versions`;
}
