import { utf8Decoder } from "../../bytes/utf8.ts";
import type { Entry } from "../../backend/backend.ts";
import type { Subject } from "./errors.ts";
import { strangeAnswer } from "./errors.ts";
import type { Client } from "./request.ts";
import type { XmlElement } from "./xml.ts";
import { childText, parseXml } from "./xml.ts";

const MAX_PAGE_BYTES = 8 * 1024 * 1024;
/** The most keys that S3 returns at once, and does by default. */
const MAX_PAGE_KEYS = 1000;
/** From this code unit on, the order of UTF-16 code units differs from that of UTF-8 bytes. */
const FIRST_SURROGATE = 0xd800;

interface Listing {
  readonly operation: string;
  readonly key: string;
  readonly prefix: string;
  readonly startAfter: string | undefined;
  readonly pageSize: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Lists every object under a prefix of whole segments, in code-unit order of the keys. */
export async function* listObjects(client: Client, listing: Listing): AsyncGenerator<Entry, void, undefined> {
  const { startAfter, signal } = listing;
  let last: string | undefined;
  for await (const entry of byCodeUnit(pages(client, listing))) {
    signal?.throwIfAborted();
    if (startAfter !== undefined && entry.key <= startAfter) continue;
    if (last !== undefined && entry.key <= last) {
      if (entry.key === last) continue;
      throw strangeAnswer(
        client.subject(listing),
        "the store lists keys in no order; such a bucket cannot hold a ledger",
      );
    }
    last = entry.key;
    if (!isHidden(entry.key)) yield entry;
  }
}

/** Returns whether no ledger has this key: probes of this backend, and keys that other programs use as folders. */
function isHidden(key: string): boolean {
  return /(?:^|\/)(?:\.|\/|$)/.test(key);
}

/** Yields the entries of all pages of S3's listing, in its order: by UTF-8 bytes. */
async function* pages(client: Client, listing: Listing): AsyncGenerator<Entry, void, undefined> {
  const { operation, key, prefix, startAfter, pageSize, signal } = listing;
  const { base } = client.settings;
  const subject = client.subject(listing);
  const under = prefix === "" ? base : `${base}${prefix}/`;
  const from = base + sharedOrder(startAfter ?? "");
  const query: Record<string, string> = { "list-type": "2", "encoding-type": "url", prefix: under };
  if (pageSize !== undefined && pageSize < MAX_PAGE_KEYS) query["max-keys"] = String(pageSize);
  if (from > under) {
    if (!from.startsWith(under) && from.slice(0, under.length) > under) return;
    query["start-after"] = from;
  }
  const seen = new Set<string>();
  for (;;) {
    const { answer, fault } = await client.call({
      operation,
      key,
      method: "GET",
      object: "",
      query,
      maxBytes: MAX_PAGE_BYTES,
      signal,
    });
    if (fault !== undefined) throw fault.error;
    const text = utf8Decoder().decode(answer.bytes);
    const page = parseXml(text, ["ListBucketResult"]);
    if (page === undefined) {
      throw strangeAnswer(subject, `${subject.host} sent no complete S3 listing; check endpoint`, answer.status);
    }
    const decode = childText(page, "EncodingType") === "url" ? decodeUrl : (raw: string): string => raw;
    for (const element of page.children) {
      if (element.name === "Contents") yield entryOf(element, under, base.length, decode, subject);
    }
    if (childText(page, "IsTruncated") !== "true") return;
    const token = childText(page, "NextContinuationToken");
    if (token === undefined || token === "" || seen.has(token)) {
      throw strangeAnswer(subject, "the store gives no token for the next page of the listing");
    }
    seen.add(token);
    query["continuation-token"] = token;
    delete query["start-after"];
    // The caller takes more than it said.
    delete query["max-keys"];
  }
}

function entryOf(
  element: XmlElement,
  under: string,
  skip: number,
  decode: (raw: string) => string | undefined,
  subject: Subject,
): Entry {
  const raw = childText(element, "Key");
  const size = childText(element, "Size");
  const key = raw === undefined ? undefined : decode(raw);
  if (key === undefined || !key.startsWith(under) || size === undefined || !/^\d{1,15}$/.test(size)) {
    throw strangeAnswer(subject, "the listing has an entry that cannot be read");
  }
  return { key: key.slice(skip), size: Number(size) };
}

function decodeUrl(raw: string): string | undefined {
  try {
    return decodeURIComponent(raw.replace(/\+/g, " "));
  } catch {
    return undefined;
  }
}

function firstUnordered(key: string): number {
  for (let at = 0; at < key.length; at++) if (key.charCodeAt(at) >= FIRST_SURROGATE) return at;
  return -1;
}

/** Returns the longest beginning of a key that sorts alike in both orders. */
function sharedOrder(key: string): string {
  const at = firstUnordered(key);
  return at < 0 ? key : key.slice(0, at);
}

/**
 * Sorts entries in UTF-8 order by code units. Keys that differ only below U+D800 have the same order in both. The
 * others come in runs with a common beginning, and only such a run is kept in memory and sorted. The ledger's own keys
 * are ASCII, so nothing is kept.
 */
async function* byCodeUnit(entries: AsyncIterable<Entry>): AsyncGenerator<Entry, void, undefined> {
  let beginning = "";
  let run: Entry[] = [];
  for await (const entry of entries) {
    if (run.length > 0 && !entry.key.startsWith(beginning)) {
      yield* run.sort(byKey);
      run = [];
    }
    const at = run.length > 0 ? 0 : firstUnordered(entry.key);
    if (at < 0) yield entry;
    else {
      if (run.length === 0) beginning = entry.key.slice(0, at);
      run.push(entry);
    }
  }
  yield* run.sort(byKey);
}

function byKey(a: Entry, b: Entry): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
