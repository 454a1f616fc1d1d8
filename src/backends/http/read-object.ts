import { concatBytes } from "../../backend/body.ts";
import { dropBody, statedLength } from "../../backend/requests/answer-body.ts";
import type { LedgerError } from "../../errors/ledger-error.ts";
import type { Settings } from "./options.ts";
import { failure } from "./failure.ts";
import { send } from "./send.ts";
import { PUBLISH_AGAIN } from "./read-bounded.ts";
import { refusal } from "./refusal.ts";

/** What to read of an object. */
export interface Reading {
  readonly operation: string;
  readonly key: string;
  /** The first byte, and the byte after the last one. The end may be infinite. */
  readonly start: number;
  readonly end: number;
  /** The size that the index states. `undefined` if there is no index. */
  readonly size: number | undefined;
  /** Whether the object may have grown since. */
  readonly mayGrow: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Says to ask for the whole object, because the answer for a part of it may be about the compressed object. */
const WHOLE = Symbol("whole");

/**
 * Returns bytes of an object. Takes a server that ignores ranges, compresses or redirects. Rejects with `Missing`
 * if the object is not there, with `IO` if it has another size than the index states, with `CONFLICT` if it changed
 * between two reads, and with `UNEXPECTED_RESPONSE` for an answer that cannot be right.
 */
export async function readObject(settings: Settings, tags: EntityTags, reading: Reading): Promise<Uint8Array> {
  const { start, end, size, mayGrow } = reading;
  const isWhole = start === 0 && !mayGrow && (size === undefined ? end === Infinity : end === size);
  const last = end === Infinity ? "" : end - 1;
  // A part of a compressed object is of no use. Browsers ask for this themselves.
  const part = { range: `bytes=${start}-${last}`, "accept-encoding": "identity" };
  const headers: Record<string, string> = isWhole ? {} : part;
  const bytes = await send(settings, { ...reading, headers }, (response, progress) =>
    answered(settings, tags, reading, response, progress, !isWhole),
  );
  if (bytes !== WHOLE) return bytes;
  // Without a range the answer is the whole object, which `fetch` decompresses.
  const whole = await send(settings, reading, (response, progress) =>
    answered(settings, tags, reading, response, progress, false),
  );
  if (whole !== WHOLE) return whole;
  throw failure(reading, "UNEXPECTED_RESPONSE", `${settings.base.host} sends a part where nobody asked for one`);
}

async function answered(
  settings: Settings,
  tags: EntityTags,
  reading: Reading,
  response: Response,
  progress: () => void,
  isPart: boolean,
): Promise<Uint8Array | typeof WHOLE> {
  const { status } = response;
  if (isPart && status === 200 && isEncoded(response)) {
    // Deno decompresses no answer to a request that names encodings.
    await dropBody(response);
    return WHOLE;
  }
  if (status === 200) return await readWhole(settings, tags, reading, response, progress);
  if (status === 206) return await readPart(settings, tags, reading, response, progress);
  if (status !== 416) throw refusal(settings, reading, response);
  // The range begins at the end of the object or after it.
  if (reading.size === undefined) return new Uint8Array();
  await dropBody(response);
  return WHOLE;
}

/** Reads the body of an answer with status 200. It is the whole object, although the caller may want a part. */
async function readWhole(
  settings: Settings,
  tags: EntityTags,
  reading: Reading,
  response: Response,
  progress: () => void,
): Promise<Uint8Array> {
  const { start, end, size, mayGrow } = reading;
  const { host } = settings.base;
  const isPage = looksLikePage(response);
  const stated = isEncoded(response) ? undefined : statedLength(response.headers);
  const wrong = (how: string): LedgerError => {
    if (!isPage) return changed(settings, reading, how);
    // Some hosts send a page in place of what they do not have. That concerns only this object.
    const code = size === undefined ? "UNEXPECTED_RESPONSE" : "IO";
    return failure(reading, code, `${host} answered with a web page: ${PAGE_ADVICE}`, { status: 200 });
  };
  if (isPage && size === undefined) throw wrong("");
  if (size !== undefined && stated !== undefined && (mayGrow ? stated < size : stated !== size))
    throw wrong(`has ${stated} bytes instead of ${size}`);
  // A page may stand for any object, so its length has to be counted.
  const needed = size !== undefined && (isPage || end === size) && !mayGrow ? Infinity : end;
  const most = size === undefined || mayGrow ? Infinity : size;
  const { bytes, total } = await collect(response, { start, end, needed, most }, settings, reading, progress);
  if (total > most) throw wrong(`has more than ${size} bytes`);
  if (stated !== undefined && total < Math.min(stated, needed)) throw cut(settings, reading);
  if (size !== undefined && total < Math.min(size, needed)) throw wrong(`has ${total} bytes instead of ${size}`);
  if (!mayGrow) tags.check(settings, reading, response);
  return bytes;
}

/** Reads the body of a 206. */
async function readPart(
  settings: Settings,
  tags: EntityTags,
  reading: Reading,
  response: Response,
  progress: () => void,
): Promise<Uint8Array | typeof WHOLE> {
  const { start, end, size, mayGrow } = reading;
  const { host } = settings.base;
  if (isEncoded(response)) {
    await dropBody(response);
    return WHOLE;
  }
  const header = response.headers.get("content-range");
  const told = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(header ?? "");
  const total = told === null || told[3] === "*" ? undefined : Number(told[3]);
  if (size !== undefined && total !== undefined && (mayGrow ? total < size : total !== size))
    throw changed(settings, reading, `has ${total} bytes instead of ${size}`);
  // In a browser, the header may be hidden. A range that the caller left open ends where the server says.
  const expected = end === Infinity ? undefined : Math.min(end, total ?? end) - start;
  const stated = told === null ? expected : Number(told[2]) + 1 - Number(told[1]);
  if (
    (header !== null && (told === null || Number(told[1]) !== start)) ||
    (expected !== undefined && stated !== expected)
  )
    throw failure(reading, "UNEXPECTED_RESPONSE", `${host} sent another range than asked for`, { status: 206 });
  if (!mayGrow) tags.check(settings, reading, response);
  const most = stated ?? Infinity;
  const read = await collect(response, { start: 0, end: most, needed: Infinity, most }, settings, reading, progress);
  if (read.total > most)
    throw failure(reading, "UNEXPECTED_RESPONSE", `${host} sent more bytes than it stated`, { status: 206 });
  if (stated === undefined || read.total === stated) return read.bytes;
  // Without an index and with a hidden header, a range may end early because the object does.
  if (size === undefined && told === null) return read.bytes;
  throw cut(settings, reading);
}

/** Which bytes of a body to return, how many to read, and how many there may be. */
interface Part {
  readonly start: number;
  readonly end: number;
  readonly needed: number;
  readonly most: number;
}

/** Reads a body in chunks and keeps only what is wanted. */
async function collect(
  response: Response,
  { start, end, needed, most }: Part,
  { maxReadBytes }: Settings,
  reading: Reading,
  progress: () => void,
): Promise<{ bytes: Uint8Array; total: number }> {
  const kept: Uint8Array[] = [];
  let total = 0;
  let size = 0;
  const reader = response.body?.getReader();
  try {
    while (reader && total < needed && total <= most) {
      const { done, value } = await reader.read();
      if (done) break;
      progress();
      const piece = value.subarray(Math.max(0, start - total), Math.max(0, end - total));
      total += value.byteLength;
      size += piece.byteLength;
      if (size > maxReadBytes)
        throw failure(reading, "TOO_LARGE", `it has more than ${maxReadBytes} bytes; read it in ranges`);
      if (piece.byteLength > 0) kept.push(piece);
    }
  } finally {
    // Also ends the response if nobody needs the rest.
    reader?.cancel().catch(() => {});
  }
  return { bytes: concatBytes(kept, size), total };
}

/** What the server says of the version of each object that was read in parts, as far as it was read lately. */
export class EntityTags {
  readonly #known = new Map<string, string>();

  /** Throws `CONFLICT` if an object is not the one that an earlier part was read from. */
  check({ base }: Settings, reading: Reading, { headers }: Response): void {
    const { key } = reading;
    // Some servers mark the tag of an answer that they compress.
    const entityTag = headers.get("etag")?.replace(/^W\//, "").replace(COMPRESSED, "");
    const tag = entityTag ?? headers.get("last-modified") ?? undefined;
    const known = this.#known.get(key);
    // A whole object is only compared with parts that were read before.
    const isWhole = reading.start === 0 && (reading.end === Infinity || reading.end === reading.size);
    if (known === undefined && isWhole) return;
    this.#known.delete(key);
    if (tag === undefined) return;
    // Some servers send no `ETag` with an answer that they compress.
    const isComparable = known?.startsWith('"') === tag.startsWith('"');
    if (known !== undefined && isComparable && known !== tag) {
      const why = `${base.host} has another object here than when an earlier part of it was read: read it again`;
      throw failure(reading, "CONFLICT", why);
    }
    this.#known.set(key, tag);
    if (this.#known.size > MAX_TAGS) for (const oldest of this.#known.keys()) return void this.#known.delete(oldest);
  }
}

const MAX_TAGS = 1000;
const COMPRESSED = /[-;](?:gzip|br|zstd|deflate)(?="$)/i;
const PAGE_ADVICE = "the ledger was uploaded only in part, the URL is wrong, or the host asks for a login";

function isEncoded({ headers }: Response): boolean {
  return !/^(?:identity)?$/i.test(headers.get("content-encoding") ?? "");
}

function looksLikePage({ headers }: Response): boolean {
  return /^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(headers.get("content-type") ?? "");
}

function changed({ base }: Settings, reading: Reading, how: string): LedgerError {
  const why = `the object on ${base.host} ${how}, but the index says otherwise: ${PUBLISH_AGAIN}`;
  return failure(reading, "IO", why);
}

function cut({ base }: Settings, reading: Reading): LedgerError {
  return failure(reading, "UNAVAILABLE", `${base.host} sent fewer bytes than it stated`, { transient: true });
}
