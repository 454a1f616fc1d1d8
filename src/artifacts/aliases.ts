import * as z from "zod/mini";
import type { Backend } from "../backend/backend.ts";
import { createOrMatch } from "../backend/create-or-match.ts";
import { LedgerError, concernsOneObject } from "../errors/ledger-error.ts";
import { encodeSegment } from "../backend/key.ts";
import { decodeCheckedJson, encodeCheckedJson, laterVersion } from "../bytes/checked-json.ts";
import { mapBounded } from "../platform/bounded.ts";
import { callOptions } from "../backend/call-options.ts";
import { isVersionTag } from "./name.ts";
import type { NumberedEntry } from "./numbered-objects.ts";
import { compareNumbered, listNumbered, nextNumber, numberedKey, parseNumberedKey } from "./numbered-objects.ts";

const MAX_RECORD_BYTES = 16 * 1024;
const MAX_ATTEMPTS = 1000;
const PARALLEL = 4;

const schema = /* @__PURE__ */ z.object({
  v: /* @__PURE__ */ z.literal(1),
  name: /* @__PURE__ */ z.string(),
  alias: /* @__PURE__ */ z.string(),
  number: /* @__PURE__ */ z.number(),
  version: /* @__PURE__ */ z.string(),
});

/**
 * Stores which version each alias of a name means, as numbered records `artifacts/<name>/aliases/<alias>/<n>.json`. The
 * last counts. A record states its own number, so that a copy of an older one does not count.
 */
export class AliasStore {
  readonly #backend: Backend;
  readonly #newId: () => string;
  readonly #onDamaged: (error: LedgerError) => void;

  constructor(backend: Backend, newId: () => string, onDamaged: (error: LedgerError) => void) {
    this.#backend = backend;
    this.#newId = newId;
    this.#onDamaged = onDamaged;
  }

  /**
   * Returns all aliases of a name, sorted, with their version tags. Reports a damaged record, which hides only its own
   * alias.
   */
  async all(name: string, signal?: AbortSignal): Promise<Map<string, string>> {
    const prefix = prefixOf(name);
    const newest = new Map<string, { key: string; number: number; id: string }>();
    for await (const { key } of this.#backend.list(prefix, callOptions(signal))) {
      const folder = key.slice(0, key.lastIndexOf("/"));
      const parsed = parseNumberedKey(folder, key);
      const known = newest.get(folder);
      if (parsed !== undefined && (known === undefined || compareNumbered(known, parsed) < 0))
        newest.set(folder, { key, ...parsed });
    }
    const records = await mapBounded([...newest.values()], PARALLEL, signal, async ({ key }, stop) => {
      try {
        return await this.#read(name, key, stop);
      } catch (error) {
        if (!concernsOneObject(error)) throw error;
        this.#onDamaged(error);
        return undefined;
      }
    });
    const known = records.filter((record) => record !== undefined);
    known.sort((a, b) => (a.alias < b.alias ? -1 : 1));
    return new Map(known.map(({ alias, version }) => [alias, version]));
  }

  /** Returns the version tag that an alias means now. */
  async get(name: string, alias: string, signal?: AbortSignal): Promise<string | undefined> {
    const entry = (await this.#list(name, alias, signal)).at(-1);
    return entry === undefined ? undefined : (await this.#read(name, entry.key, signal)).version;
  }

  /** Makes an alias mean a version. Writes nothing if it already does. */
  async set(name: string, alias: string, version: string, signal?: AbortSignal): Promise<void> {
    const prefix = folderOf(name, alias);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const entries = await this.#list(name, alias, signal);
      const last = entries.at(-1);
      if (last !== undefined && (await this.#means(name, last, version, signal))) return;
      const id = this.#backend.capabilities.exclusiveCreate ? "" : this.#newId();
      const number = nextNumber(entries, prefix);
      const bytes = encodeCheckedJson({ v: 1, name, alias, number, version }, "alias");
      if (await createOrMatch(this.#backend, numberedKey(prefix, number, id), bytes, signal)) return;
    }
    throw new LedgerError("CONFLICT", `other writers kept moving the alias ${JSON.stringify(alias)}`, {
      key: prefix,
      transient: true,
    });
  }

  #list(name: string, alias: string, signal: AbortSignal | undefined): Promise<NumberedEntry[]> {
    return listNumbered(this.#backend, folderOf(name, alias), signal);
  }

  async #means(name: string, entry: NumberedEntry, version: string, signal: AbortSignal | undefined): Promise<boolean> {
    try {
      return (await this.#read(name, entry.key, signal)).version === version;
    } catch (error) {
      // A damaged record means nothing, so the caller writes the next one.
      if (concernsOneObject(error)) return false;
      throw error;
    }
  }

  async #read(name: string, key: string, signal: AbortSignal | undefined): Promise<{ alias: string; version: string }> {
    const range = { offset: 0, length: MAX_RECORD_BYTES };
    const bytes = await this.#backend.read(key, { ...callOptions(signal), range });
    let parsed: unknown;
    try {
      parsed = decodeCheckedJson(bytes);
    } catch (cause) {
      throw new LedgerError("CORRUPT", `${key} is damaged, or not an alias record`, { key, cause });
    }
    const later = laterVersion(parsed);
    if (later !== undefined)
      throw new LedgerError("FORMAT_TOO_NEW", `${key} has version ${later}; this library reads version 1`, { key });
    const result = schema.safeParse(parsed);
    const fits =
      result.success && result.data.name === name && isVersionTag(result.data.version) && isOf(name, result.data, key);
    if (!fits) throw new LedgerError("CORRUPT", `${key} is not an alias record`, { key });
    return { alias: result.data.alias, version: result.data.version };
  }
}

/** Returns whether the key of a record is that of its alias and number. */
function isOf(
  name: string,
  { alias, number }: { readonly alias: string; readonly number: number },
  key: string,
): boolean {
  try {
    return parseNumberedKey(folderOf(name, alias), key)?.number === number;
  } catch {
    return false;
  }
}

function prefixOf(name: string): string {
  return `artifacts/${encodeSegment(name, "name")}/aliases`;
}

function folderOf(name: string, alias: string): string {
  return `${prefixOf(name)}/${encodeSegment(alias, "alias")}`;
}
