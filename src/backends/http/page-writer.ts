import type { Backend, CallOptions, Entry } from "../../backend/backend.ts";
import { crc32 } from "../../bytes/crc32.ts";
import { loadSha256 } from "../../bytes/sha256.ts";
import { utf8Encoder } from "../../bytes/utf8.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { encodePage, storedPage } from "./index-page.ts";
import { type IndexPage, MAX_PAGE_KEYS, pageKey } from "./published-index.ts";
import { groupOf } from "./settled-entries.ts";

/** A page holds about this many runs, or this many other keys. */
const RUNS_A_PAGE = 256;
const KEYS_A_PAGE = 1024;

/**
 * Writes the pages of an index. Which keys share a page depends on the keys themselves, so that a new object changes one
 * page or two, and publishing again writes only these.
 */
export class PageWriter {
  readonly pages: IndexPage[] = [];
  objects = 0;
  bytes = 0;
  /** How many pages were stored. */
  written = 0;
  readonly #backend: Backend;
  readonly #stored: ReadonlySet<string>;
  readonly #options: CallOptions;
  #entries: Entry[] = [];

  /** `stored`: keys of the pages that are there. */
  constructor(backend: Backend, stored: ReadonlySet<string>, options: CallOptions) {
    this.#backend = backend;
    this.#stored = stored;
    this.#options = options;
  }

  /** Adds the next object. Those of a group come one after the other, in ascending order. */
  async add(entry: Entry): Promise<void> {
    const last = this.#entries.at(-1);
    if (last !== undefined && (groupOf(last.key) !== groupOf(entry.key) || this.#begins(last.key, entry.key)))
      await this.end();
    this.#entries.push(entry);
    this.objects++;
    this.bytes += entry.size;
  }

  /** Writes the page that was begun. */
  async end(): Promise<void> {
    const entries = this.#entries;
    const [{ key: first } = { key: "" }] = entries;
    if (first === "") return;
    this.#entries = [];
    const text = encodePage(entries);
    const { sha256Hex } = await loadSha256();
    const name = (await sha256Hex(text)).slice(0, 32);
    this.pages.push({ name, first, size: text.length, crc32: crc32(text) });
    const key = pageKey(name);
    if (this.#stored.has(key)) return;
    this.written++;
    try {
      await this.#backend.create(key, storedPage(text), this.#options);
    } catch (error) {
      // Another program publishes the same.
      if (!LedgerError.hasCode(error, "EXISTS")) throw error;
    }
  }

  /** The objects of a run share a page, so that a reader of the run needs no other. */
  #begins(last: string, key: string): boolean {
    if (this.#entries.length === MAX_PAGE_KEYS) return true;
    const run = /^runs\/[^/]+\//.exec(key)?.[0];
    if (run !== undefined && last.startsWith(run)) return false;
    return crc32(utf8Encoder().encode(run ?? key)) % (run === undefined ? KEYS_A_PAGE : RUNS_A_PAGE) === 0;
  }
}
