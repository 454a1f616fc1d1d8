import { utf8Decoder, utf8Encoder } from "../bytes/utf8.ts";
import type { Backend, CallOptions } from "../backend/backend.ts";
import { concatBytes } from "../backend/body.ts";
import { crc32 } from "../bytes/crc32.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { onDemand } from "../platform/on-demand.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import { MAX_JSON_VALUES, parseJson } from "../bytes/parse-json.ts";
import type { CompactedObject } from "./compacted.ts";
import { runPrefix } from "./run-created.ts";

const compression = /* @__PURE__ */ onDemand(() => import("#gunzip"));

/** The first bytes of an object: `RLPAGES` and the version. */
const MAGIC = Uint8Array.of(0x52, 0x4c, 0x50, 0x41, 0x47, 0x45, 0x53, 1);
/** The head of a page: stored length, inflated length, CRC-32 of these two. */
const HEAD_BYTES = 12;
/** A page ends with the item that reaches this number of characters. */
const PAGE_CHARS: number = 256 * 1024;
/** The greatest number of bytes that a page may inflate to. The largest item is an event of 8 MiB. */
const MAX_PAGE_BYTES: number = 32 * 1024 * 1024;
/**
 * The limits of the JSON of a page. An item has as many values as any JSON text, and some are objects with two members.
 */
const LIMITS = { chars: MAX_PAGE_BYTES, values: 3 * MAX_JSON_VALUES + PAGE_CHARS };
/** How many bytes are read at once. */
const READ_BYTES: number = 4 * 1024 * 1024;

/** Yields the bytes of the object `name` of a run, with items of JSON text. No other object can pass for it. */
export async function* encodePages(
  runId: string,
  name: string,
  items: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { gzip } = await compression();
  const encoder = utf8Encoder();
  let number = 0;
  const page = (texts: readonly string[]): Uint8Array => {
    const bytes = encoder.encode(`[${texts.join(",\n")}]`);
    const stored = gzip(bytes);
    const head = new Uint8Array(HEAD_BYTES);
    const view = new DataView(head.buffer);
    view.setUint32(0, stored.length, true);
    view.setUint32(4, bytes.length, true);
    view.setUint32(8, crc32(head, 0, 8, pageSeed(runId, name, number++)), true);
    return concatBytes([head, stored]);
  };
  yield MAGIC.slice();
  let texts: string[] = [];
  let chars = 0;
  for await (const text of items) {
    texts.push(text);
    chars += text.length;
    if (chars < PAGE_CHARS) continue;
    await breakIfDue();
    yield page(texts);
    texts = [];
    chars = 0;
  }
  if (texts.length > 0) yield page(texts);
}

/**
 * Yields the items of an object, as `JSON.parse` returns them, a page at a time. Throws `CORRUPT` for anything but what
 * was written under this name, and `NOT_FOUND` if the object is gone. `ratio`: how many times its stored bytes a page
 * may inflate to.
 */
export async function* readPages(
  backend: Backend,
  runId: string,
  { name, size }: Pick<CompactedObject, "name" | "size">,
  { ratio = Infinity, ...options }: CallOptions & { readonly ratio?: number } = {},
): AsyncGenerator<readonly unknown[], void, undefined> {
  const key = `${runPrefix(runId)}/${name}`;
  const { gunzip } = await compression();
  const decoder = utf8Decoder({ fatal: true });
  const source = new Source(backend, key, size, options);
  if (!(await source.take(MAGIC.length)).every((byte, i) => byte === MAGIC[i])) throw damaged(key, 0);
  for (let number = 0; source.position < size; number++) {
    const at = source.position;
    const head = await source.take(HEAD_BYTES);
    const view = new DataView(head.buffer, head.byteOffset, HEAD_BYTES);
    const [stored, length, crc] = [view.getUint32(0, true), view.getUint32(4, true), view.getUint32(8, true)];
    if (crc !== crc32(head, 0, 8, pageSeed(runId, name, number))) throw damaged(key, at);
    if (length > MAX_PAGE_BYTES || length > ratio * stored + PAGE_CHARS) throw damaged(key, at);
    const gzip = await source.take(stored);
    let items: unknown;
    try {
      items = parseJson(decoder.decode(gunzip(gzip, length)), LIMITS);
    } catch (cause) {
      throw damaged(key, at, cause);
    }
    if (!Array.isArray(items)) throw damaged(key, at);
    yield items;
  }
}

/** Reads an object from its beginning to its end. */
class Source {
  readonly #read: (offset: number, length: number) => Promise<Uint8Array>;
  readonly #key: string;
  readonly #size: number;
  #held: Uint8Array = new Uint8Array(0);
  #fetched = 0;
  position = 0;

  constructor(backend: Backend, key: string, size: number, options: CallOptions) {
    this.#key = key;
    this.#size = size;
    this.#read = (offset, length) => backend.read(key, { ...options, range: { offset, length } });
  }

  async take(length: number): Promise<Uint8Array> {
    if (length > this.#size - this.position) throw damaged(this.#key, this.position);
    while (this.#held.length < length) {
      const wanted = Math.min(Math.max(READ_BYTES, length - this.#held.length), this.#size - this.#fetched);
      const more = await this.#read(this.#fetched, wanted);
      if (more.length !== wanted) throw damaged(this.#key, this.#fetched + more.length);
      this.#fetched += wanted;
      this.#held = this.#held.length === 0 ? more : concatBytes([this.#held, more]);
    }
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    this.position += length;
    return taken;
  }
}

function pageSeed(runId: string, name: string, number: number): number {
  return crc32(utf8Encoder().encode(`${runId}/${name}/${number}`));
}

/** Returns the error for an object that is damaged at byte `at`. */
export function damaged(key: string, at: number, cause?: unknown): LedgerError {
  return new LedgerError("CORRUPT", `${key} is damaged at byte ${at}`, { key, cause });
}
