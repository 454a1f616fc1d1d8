import type { Backend } from "../backend/backend.ts";
import { createOrMatch } from "../backend/create-or-match.ts";
import { encodeSegment } from "../backend/key.ts";
import { callOptions } from "../backend/call-options.ts";
import { countDown, fromCountDown } from "./numbered-objects.ts";

/** The number and the id in the key of a manifest. */
export interface Place {
  readonly number: number;
  readonly id: string;
}

/** The first entry nearly always leads to the version. */
const FEW = 10;
const SHAPE = /^[0-9a-f]{2}\/([0-9a-f]{64})\.(\d{8})(?:\.([0-9a-z]{1,64}))?$/;

/**
 * Finds versions of a name by their digest. Each version has an empty object
 * `artifacts/<name>/digests/<aa>/<hex>.<digits>`, or `….<digits>.<id>`, with the digits and the id of its manifest. The
 * digits count down. A writer stores both at the same time, and may die in between, or lose the number to another writer.
 * So an entry may be missing, or name a manifest that is missing or has another digest.
 */
export class DigestIndex {
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Adds an entry: the manifest at this place has this digest. */
  async add(name: string, hex: string, { number, id }: Place, signal: AbortSignal | undefined): Promise<void> {
    const key = `${folderOf(name, hex)}/${hex}.${countDown(number)}${id === "" ? "" : `.${id}`}`;
    await createOrMatch(this.#backend, key, new Uint8Array(0), signal);
  }

  /** Yields where versions with this digest may be, the newest number first. */
  async *find(name: string, hex: string, signal: AbortSignal | undefined): AsyncGenerator<Place, void, undefined> {
    const folder = folderOf(name, hex);
    const options = { ...callOptions(signal), startAfter: `${folder}/${hex}`, pageSize: FEW };
    for await (const { key } of this.#backend.list(folder, options)) {
      if (!key.startsWith(`${folder}/${hex}.`)) return;
      const entry = parse(prefixOf(name), key);
      if (entry !== undefined) yield entry.place;
    }
  }

  /** Returns the places that the index knows, each as {@link placeText} returns it. */
  async all(name: string, signal: AbortSignal | undefined): Promise<Set<string>> {
    const prefix = prefixOf(name);
    const known = new Set<string>();
    for await (const { key } of this.#backend.list(prefix, callOptions(signal))) {
      const entry = parse(prefix, key);
      if (entry !== undefined) known.add(placeText(entry.place));
    }
    return known;
  }
}

/** Returns a text that no two places share. */
export function placeText({ number, id }: Place): string {
  return `${number}.${id}`;
}

function parse(prefix: string, key: string): { hex: string; place: Place } | undefined {
  const [, hex, digits, id = ""] = SHAPE.exec(key.slice(prefix.length + 1)) ?? [];
  return hex === undefined || digits === undefined ? undefined : { hex, place: { number: fromCountDown(digits), id } };
}

function prefixOf(name: string): string {
  return `artifacts/${encodeSegment(name, "name")}/digests`;
}

function folderOf(name: string, hex: string): string {
  return `${prefixOf(name)}/${hex.slice(0, 2)}`;
}
