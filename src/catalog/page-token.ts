import { utf8Decoder, utf8Encoder } from "../bytes/utf8.ts";
import { crc32 } from "../bytes/crc32.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { decodeJson } from "../bytes/decode-json.ts";
import { encodeJson } from "../bytes/encode-json.ts";
import { toNumber } from "../journal/params.ts";
import { isDictionary } from "../journal/record-checks.ts";
import { ID_PATTERN } from "../journal/run-id.ts";
import { formatField } from "../filter/field.ts";
import { fieldValue, type FilterRow } from "../filter/filter-row.ts";
import type { ParamValue } from "../filter/flatten-params.ts";
import type { OrderKey } from "../filter/order-by.ts";

/** The query of a page, without its size. A token is valid for this query only. */
export interface PagedQuery {
  readonly experiment: string | undefined;
  readonly filter: string;
  readonly view: string;
  readonly orderBy: readonly OrderKey[];
}

/** A longer token is refused without decoding it. */
const MAX_TOKEN_CHARS = 8192;

/** Where a page ended: the row, or only the id of its run if the values of the order are too long for a token. */
export interface PageEnd {
  readonly id: string;
  readonly row?: FilterRow;
}

/**
 * Returns where a page ended, as text. The next page begins after the run of that row, even if other runs are added
 * before or after it.
 */
export function encodePageToken(query: PagedQuery, row: FilterRow): string {
  const keys = query.orderBy.map(({ field }) => fieldValue(row, field) ?? null);
  const end = { v: 1, query: sumOf(query), id: row.attribute("id") };
  // A text takes at least its own length in the token.
  const length = keys.reduce<number>((sum, key) => sum + (typeof key === "string" ? key.length : 0), 0);
  const token = length > MAX_TOKEN_CHARS ? undefined : toToken({ ...end, keys, start: row.attribute("start_time") });
  return token !== undefined && token.length <= MAX_TOKEN_CHARS ? token : toToken(end);
}

function toToken(data: object): string {
  const text = encodeJson(data, "pageToken");
  return toBase64(utf8Encoder().encode(text + toHex(crc32(utf8Encoder().encode(text)))));
}

/** Returns where a page ended. Throws `INVALID_ARGUMENT` for anything but a token from this query. */
export function decodePageToken(query: PagedQuery, token: unknown): PageEnd {
  const bad = (why: string): LedgerError =>
    new LedgerError("INVALID_ARGUMENT", `pageToken ${why}`, { field: "pageToken", received: typeof token });
  if (typeof token !== "string" || token.length > MAX_TOKEN_CHARS) throw bad("is not a token from searchRuns");
  let data: unknown;
  try {
    const text = utf8Decoder({ fatal: true }).decode(fromBase64(token));
    const body = text.slice(0, -8);
    if (toHex(crc32(utf8Encoder().encode(body))) === text.slice(-8)) data = decodeJson(body);
  } catch {
    // The token is invalid.
  }
  if (!isDictionary(data) || data["v"] !== 1) throw bad("is not a token from searchRuns");
  const { keys, start, id } = data;
  if (data["query"] !== sumOf(query))
    throw bad("is from another search: experiment, filter, orderBy and view must stay the same");
  if (typeof id !== "string" || !ID_PATTERN.test(id)) throw bad("is not a token from searchRuns");
  if (keys === undefined) return { id };
  if (!Array.isArray(keys) || keys.length !== query.orderBy.length || !keys.every(isKey) || typeof start !== "number")
    throw bad("is not a token from searchRuns");
  const values = new Map(query.orderBy.map(({ field }, i) => [formatField(field), keys[i] as ParamValue]));
  const of = <T>(field: OrderKey["field"]): T => (values.get(formatField(field)) ?? undefined) as T;
  const row: FilterRow = {
    attribute: (name) => (name === "start_time" ? start : name === "id" ? id : of({ kind: "attribute", name })),
    param: (key) => of({ kind: "param", key }),
    paramPaths: () => [],
    isNested: () => false,
    tag: (key) => of({ kind: "tag", key }),
    metric: (key, aggregate) => of({ kind: "metric", key, aggregate }),
    datasets: () => [],
  };
  return { id, row };
}

/** A bigint in a row is an integer that no float64 can hold. */
function isKey(key: unknown): boolean {
  if (typeof key === "bigint") return toNumber(key) === key;
  return key === null || ["string", "number", "boolean"].includes(typeof key);
}

function sumOf({ experiment, filter, view, orderBy }: PagedQuery): string {
  const order = orderBy.map(({ field, descending }) => [formatField(field), descending]);
  const text = JSON.stringify([experiment ?? null, filter, view, order]);
  // Includes the length, because two texts with the same checksum rarely have the same length.
  return `${toHex(crc32(utf8Encoder().encode(text)))}${text.length.toString(36)}`;
}

const toHex = (sum: number): string => sum.toString(16).padStart(8, "0");

function toBase64(bytes: Uint8Array): string {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}
