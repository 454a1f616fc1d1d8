import type { Entry } from "../../backend/backend.ts";
import { inBrowser } from "../../backend/requests/in-browser.ts";
import { utf8Decoder } from "../../bytes/utf8.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { abortable } from "../../platform/abort.ts";
import { onDemand } from "../../platform/on-demand.ts";
import { failure } from "./failure.ts";
import { Missing } from "./missing.ts";
import type { Settings } from "./options.ts";
import {
  decodeIndex,
  INDEX_KEY,
  type IndexPage,
  MAX_INDEX_BYTES,
  MAX_PAGE_BYTES,
  NEXT_INDEX_KEY,
  pageKey,
  type PublishedIndex,
} from "./published-index.ts";
import { PUBLISH_AGAIN, readBounded } from "./read-bounded.ts";

const pages = /* @__PURE__ */ onDemand(() => import("./index-page.ts"));

/** What the index says of a key. */
export interface Found {
  /** `undefined` if the place has no index. */
  readonly index: PublishedIndex | undefined;
  /** `undefined` if there was no such object when the place was published. */
  readonly found: Entry | undefined;
}

/** The index of a place at some moment. */
interface Snapshot {
  readonly index: PublishedIndex | undefined;
  /** Why there is no index, for messages. */
  readonly why: string;
}

/** The most pages that are kept, and about how many bytes of memory they may take. The last one is always kept. */
const MAX_KEPT_PAGES = 64;
const MAX_KEPT_BYTES = 32 * 1024 * 1024;
/** What an entry takes beside the two bytes of each character of its key. */
const ENTRY_BYTES = 100;
/** How often both names of the index are looked at: between the two looks, `publish` may have replaced the index. */
const LOOKS = 2;

/** Reads the index of a place and keeps it. Asks the server from time to time whether it has changed. */
export class IndexReader {
  readonly #settings: Settings;
  #snapshot: Snapshot | undefined;
  /** The entity tag and the index of the last answer. */
  #tagged: { readonly tag: string; readonly index: PublishedIndex } | undefined;
  #askedAt = 0;
  #asking: Promise<Snapshot> | undefined;
  readonly #kept = new Map<string, readonly Entry[]>();
  #keptBytes = 0;
  readonly #reading = new Map<string, Promise<readonly Entry[]>>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Returns what the index says of a key. `isCurrent`: the index must not be older than the option `refreshMs`. */
  async find(key: string, operation: string, isCurrent: boolean, signal: AbortSignal | undefined): Promise<Found> {
    let { index } = await this.#current(operation, isCurrent, signal);
    for (;;) {
      const content = index?.contents.get(key);
      if (content) return { index, found: { key, size: content.length } };
      const page = index?.pages[pageIndex(index.pages, key)];
      if (index === undefined || page === undefined) return { index, found: undefined };
      try {
        const entries = await this.#entries(page, operation, signal);
        return { index, found: entries.find((entry) => entry.key === key) };
      } catch (error) {
        index = await this.#newer(error, index, operation, signal);
      }
    }
  }

  /**
   * Lists the objects below a prefix. Goes on with a newer index if the place is published again meanwhile. Rejects with
   * `UNSUPPORTED` if there is no index, and with `IO` if a part of it is missing or damaged.
   */
  async *list(
    prefix: string,
    startAfter: string | undefined,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Entry, void, undefined> {
    const operation = "list";
    const root = prefix === "" ? "" : `${prefix}/`;
    const snapshot = await this.#current(operation, true, signal);
    if (snapshot.index === undefined) {
      const why = `a server of files cannot list, and there is no index: ${snapshot.why}. Write it with publish(ledger)`;
      throw failure({ operation, key: prefix }, "UNSUPPORTED", why);
    }
    let { index } = snapshot;
    // No string sorts between a key and the key followed by U+0000.
    let from = startAfter !== undefined && startAfter >= root ? `${startAfter}\0` : root;
    for (;;) {
      const at = Math.max(0, pageIndex(index.pages, from));
      const page = index.pages[at];
      if (page === undefined || (page.first > from && !page.first.startsWith(root))) return;
      let entries: readonly Entry[];
      try {
        entries = await this.#entries(page, operation, signal);
      } catch (error) {
        index = await this.#newer(error, index, operation, signal);
        continue;
      }
      for (const { key, size } of entries) {
        if (key < from) continue;
        if (!key.startsWith(root)) return;
        yield { key, size };
        from = `${key}\0`;
      }
      const next = index.pages[at + 1];
      if (next === undefined || !next.first.startsWith(root)) return;
      from = next.first;
    }
  }

  /** Asks the server whether another index has replaced this one. */
  async isReplaced(
    { number, publishedAt }: PublishedIndex,
    operation: string,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const { index } = await this.#refresh(operation, signal);
    return index !== undefined && (index.number !== number || index.publishedAt !== publishedAt);
  }

  async #current(operation: string, isCurrent: boolean, signal: AbortSignal | undefined): Promise<Snapshot> {
    const { clock, refreshMs } = this.#settings;
    const known = this.#snapshot;
    if (known && (!isCurrent || clock.monotonic() - this.#askedAt < refreshMs)) return known;
    return await this.#refresh(operation, signal);
  }

  /** Asks the server for the index. Calls at the same time share one request. */
  async #refresh(operation: string, signal: AbortSignal | undefined): Promise<Snapshot> {
    // Without a signal, because all calls share the request.
    this.#asking ??= this.#ask(operation).finally(() => (this.#asking = undefined));
    return await abortable(this.#asking, signal);
  }

  /** Returns a newer index after a page of `index` could not be read. Throws `error` if there is no newer one. */
  async #newer(
    error: unknown,
    index: PublishedIndex,
    operation: string,
    signal: AbortSignal | undefined,
  ): Promise<PublishedIndex> {
    if (!(error instanceof PageFault)) throw error;
    const isReplaced = await this.isReplaced(index, operation, signal);
    const newer = this.#snapshot?.index;
    if (isReplaced && newer) return newer;
    throw error.error;
  }

  /** Returns the objects of a page. Rejects with a {@link PageFault} if the page is damaged or missing. */
  async #entries(page: IndexPage, operation: string, signal: AbortSignal | undefined): Promise<readonly Entry[]> {
    const kept = this.#kept.get(page.name);
    if (kept !== undefined) {
      this.#kept.delete(page.name);
      this.#kept.set(page.name, kept);
      return kept;
    }
    // Without a signal, because calls at the same time share the request.
    const running = this.#reading.get(page.name) ?? this.#readPage(page, operation);
    this.#reading.set(page.name, running);
    return await abortable(
      running.finally(() => this.#reading.delete(page.name)),
      signal,
    );
  }

  async #readPage(page: IndexPage, operation: string): Promise<readonly Entry[]> {
    const request = { operation, key: pageKey(page.name), signal: undefined };
    let entries: readonly Entry[];
    try {
      const [{ decodePage }, stored] = await Promise.all([
        pages(),
        readBounded(this.#settings, { ...request, maxBytes: MAX_PAGE_BYTES }),
      ]);
      entries = orDamaged(request, () => decodePage(stored.bytes, page));
    } catch (cause) {
      if (cause instanceof Missing) {
        const { status } = cause;
        const why = `${this.#settings.base.host} does not have this part of the index: ${PUBLISH_AGAIN}`;
        throw new PageFault(failure(request, "IO", why, { status }));
      }
      throw LedgerError.hasCode(cause, "IO") ? new PageFault(cause) : cause;
    }
    this.#keep(page.name, entries);
    return entries;
  }

  #keep(name: string, entries: readonly Entry[]): void {
    this.#kept.set(name, entries);
    this.#keptBytes += memoryOf(entries);
    for (const [oldest, other] of this.#kept) {
      if (this.#kept.size <= MAX_KEPT_PAGES && this.#keptBytes <= MAX_KEPT_BYTES) return;
      if (oldest === name) return;
      this.#kept.delete(oldest);
      this.#keptBytes -= memoryOf(other);
    }
  }

  async #ask(operation: string): Promise<Snapshot> {
    const known = this.#snapshot;
    const found = await this.#find(operation).catch((error: unknown) => {
      // The new index is being uploaded. Until then the old one counts.
      if (known?.index !== undefined && LedgerError.hasCode(error, "IO")) return known;
      throw error;
    });
    this.#askedAt = this.#settings.clock.monotonic();
    return (this.#snapshot = found);
  }

  async #find(operation: string): Promise<Snapshot> {
    let why = "";
    for (let look = 0; look < LOOKS; look++) {
      for (const key of [INDEX_KEY, NEXT_INDEX_KEY]) {
        try {
          return { index: await this.#read(operation, key), why: "" };
        } catch (error) {
          if (error instanceof Missing) why ||= `the server answers ${error.status} for ${INDEX_KEY}`;
          else if (error instanceof NoIndex) why ||= error.message;
          else throw error;
        }
      }
    }
    return { index: undefined, why };
  }

  async #read(operation: string, key: string): Promise<PublishedIndex> {
    const tagged = key === INDEX_KEY ? this.#tagged : undefined;
    // A browser asks by itself. The header would cost a request of its own if the server is of another origin.
    const headers: Record<string, string> = tagged && !inBrowser ? { "if-none-match": tagged.tag } : {};
    const request = { operation, key, headers, revalidate: true, signal: undefined };
    const { bytes, tag, isUnchanged } = await readBounded(this.#settings, { ...request, maxBytes: MAX_INDEX_BYTES });
    if (isUnchanged && tagged) return tagged.index;
    try {
      const index = decodeIndex(bytes);
      if (key === INDEX_KEY) this.#tagged = tag === undefined ? undefined : { tag, index };
      return index;
    } catch (cause) {
      // Some servers send a page in place of what they do not have.
      if (isPage(bytes)) throw new NoIndex(`${this.#settings.base.host} answers with a web page for ${INDEX_KEY}`);
      if (LedgerError.hasCode(cause, "FORMAT_TOO_NEW")) throw failure(request, "FORMAT_TOO_NEW", cause.message);
      throw failure(request, "IO", `the index is damaged: ${PUBLISH_AGAIN}`, { cause });
    }
  }
}

/** The server answered with something else than an index. */
class NoIndex extends Error {}

/** A page of the index is damaged or missing. That may be because another index has replaced this one. */
class PageFault extends Error {
  readonly error: LedgerError;

  constructor(error: LedgerError) {
    super(error.message);
    this.error = error;
  }
}

/** Returns the result of `work`. Throws `IO` if it throws. */
function orDamaged<T>(request: { readonly operation: string; readonly key: string }, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw failure(request, "IO", `the index is damaged: ${PUBLISH_AGAIN}`, { cause });
  }
}

/** Returns about how many bytes of memory the entries take. */
function memoryOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, { key }) => sum + 2 * key.length + ENTRY_BYTES, 0);
}

/** Returns the index of the page that would hold a key, or -1. */
function pageIndex(all: readonly IndexPage[], key: string): number {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((all[middle] as IndexPage).first <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function isPage(bytes: Uint8Array): boolean {
  return utf8Decoder().decode(bytes.subarray(0, 100)).trimStart().startsWith("<");
}
