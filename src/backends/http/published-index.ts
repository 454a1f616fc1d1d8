import { base64 } from "../../backend/requests/base64.ts";
import { decodeCheckedJson, encodeCheckedJson, laterVersion } from "../../bytes/checked-json.ts";
import { LedgerError } from "../../errors/ledger-error.ts";

/** What is below it describes a published place, and is not listed itself. */
export const PUBLISHED_PREFIX = "published";
/** The object that says what there is. */
export const INDEX_KEY = "published/index.json";
/** The next index, while `publish` replaces the index. */
export const NEXT_INDEX_KEY = "published/next.json";

/** The most bytes of an index. */
export const MAX_INDEX_BYTES: number = 32 * 1024 * 1024;
/** The most bytes of the text of a page. */
export const MAX_PAGE_BYTES: number = 8 * 1024 * 1024;
/** The most keys of a page. */
export const MAX_PAGE_KEYS = 4096;
/** The size of the largest object at the top of the place whose content the index repeats. */
export const MAX_CONTENT_BYTES = 1024;
const LIMITS = { chars: MAX_INDEX_BYTES, values: 1_000_000 } as const;

/** A page of the index, as the index names it. */
export interface IndexPage {
  /** 32 hex digits of the SHA-256 of the text. */
  readonly name: string;
  /** The first key of the page. */
  readonly first: string;
  /** The number of bytes of the text. */
  readonly size: number;
  /** The CRC-32 of the text. */
  readonly crc32: number;
}

/** What there was in a place when it was published. */
export interface PublishedIndex {
  /** How many times the place has been published. */
  readonly number: number;
  /** Ms since the epoch. */
  readonly publishedAt: number;
  readonly objects: number;
  /** The bytes of all objects together. */
  readonly bytes: number;
  /** In ascending order of the first keys. */
  readonly pages: readonly IndexPage[];
  /** Contents of small objects at the top of the place, by key. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
  /** Names of pages of the index before. Readers of that index may still need them. */
  readonly old: readonly string[];
}

/** Returns the key of a page. */
export function pageKey(name: string): string {
  return `${PUBLISHED_PREFIX}/${name}.keys`;
}

/** Returns an index as it is stored. */
export function encodeIndex(index: PublishedIndex): Uint8Array {
  const { pages, contents, ...rest } = index;
  const stored = {
    format: "runledger-index",
    v: 1,
    ...rest,
    contents: [...contents].map(([key, bytes]) => [key, base64(bytes)]),
    pages: pages.map(({ name, first, size, crc32 }) => [name, first, size, crc32]),
  };
  return encodeCheckedJson(stored, "index", LIMITS);
}

/** Returns an index. Throws `FORMAT_TOO_NEW`, or a RangeError or `CORRUPT` for anything that is not an index. */
export function decodeIndex(bytes: Uint8Array): PublishedIndex {
  const value = decodeCheckedJson(bytes, LIMITS);
  const given = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  if (given["format"] !== "runledger-index") throw new RangeError("it is not an index");
  if (laterVersion(given) !== undefined)
    throw new LedgerError("FORMAT_TOO_NEW", "a newer version of runledger has published this ledger: update runledger");
  const { number, publishedAt, objects, bytes: total, pages, contents, old } = given;
  const counts = [number, publishedAt, objects, total];
  if (!counts.every(isCount) || !Array.isArray(pages) || !Array.isArray(contents) || !Array.isArray(old))
    throw new RangeError("it lacks a member");
  if (!old.every((name) => isPageName(name))) throw new RangeError("it names a page that cannot be one");
  return {
    number: number as number,
    publishedAt: publishedAt as number,
    objects: objects as number,
    bytes: total as number,
    pages: decodePages(pages),
    contents: new Map(contents.map(decodeContent)),
    old,
  };
}

function decodePages(given: readonly unknown[]): IndexPage[] {
  let before = "";
  return given.map((each) => {
    const [name, first, size, crc32] = Array.isArray(each) ? (each as unknown[]) : [];
    const isPage = isPageName(name) && typeof first === "string" && isCount(size) && isCount(crc32);
    if (!isPage || size > MAX_PAGE_BYTES || first <= before) throw new RangeError("it has a page that cannot be one");
    before = first;
    return { name, first, size, crc32 };
  });
}

function decodeContent(given: unknown): [string, Uint8Array] {
  const [key, text] = Array.isArray(given) ? (given as unknown[]) : [];
  if (typeof key !== "string" || typeof text !== "string" || text.length > 2 * MAX_CONTENT_BYTES)
    throw new RangeError("it has a content that cannot be one");
  return [key, Uint8Array.from(atob(text), (char) => char.charCodeAt(0))];
}

function isPageName(name: unknown): name is string {
  return typeof name === "string" && /^[0-9a-f]{32}$/.test(name);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
