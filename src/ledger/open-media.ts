import { messageOf } from "../platform/any-realm.ts";
import { utf8Decoder, utf8Encoder } from "../bytes/utf8.ts";
import { blobKey } from "../artifacts/blobs.ts";
import { parseDigest } from "../bytes/digest.ts";
import { readBlob } from "../artifacts/read-blob.ts";
import type { Backend } from "../backend/backend.ts";
import { invalidArgument, LedgerError, reading } from "../errors/ledger-error.ts";
import { MEDIA_KINDS, type MediaEntry } from "../journal/media-entry.ts";
import { MAX_STORED_BYTES } from "../media/content.ts";
import { type Histogram, readHistogram } from "../media/histogram.ts";
import { isSensibleSize, readImageHeader } from "../media/image-header.ts";
import { readPacked } from "./read-packed.ts";
import type { TableValue } from "../media/table.ts";
import { onDemand } from "../platform/on-demand.ts";

// Texts, images and histograms need nothing of Parquet.
const tableReading = /* @__PURE__ */ onDemand(() => import("../media/table-read.ts"));

/** The content of a rich value. Pixels are stored, and returned, as PNG. */
export type OpenMedia =
  | {
      /** A text. */
      readonly type: "text";
      /** The text. */
      readonly text: string;
    }
  | {
      /** An image. */
      readonly type: "image";
      /** The file. */
      readonly bytes: Uint8Array;
      /** `image/png`, `image/jpeg` or `image/webp`. */
      readonly mediaType: string;
      /** Pixels. */
      readonly width: number;
      /** Pixels. */
      readonly height: number;
      /** The text to be shown with the image. */
      readonly caption?: string;
    }
  | ({
      /** A histogram. */
      readonly type: "histogram";
    } & Histogram)
  | {
      /** A table. */
      readonly type: "table";
      /** The names of the columns, in order. */
      readonly names: readonly string[];
      /** The cells by the name of their column: numbers, bigints, texts, booleans, Dates, or `null`. */
      readonly columns: { readonly [name: string]: readonly TableValue[] };
      /** The number of rows. */
      readonly rows: number;
    };

/**
 * Returns the content of a value, checked against its entry. Never reads more bytes than a rich value may have,
 * whatever the store and the entry say.
 */
export async function openMedia(backend: Backend, given: MediaEntry, signal?: AbortSignal): Promise<OpenMedia> {
  const entry = reading("entry", () => (typeof given === "object" ? { ...given } : undefined));
  if (entry === undefined || !MEDIA_KINDS.includes(entry.type))
    throw invalidArgument("entry", "a MediaEntry, as ledger.media() returns it", given);
  const { name, bytes } = await readContent(backend, entry, signal);
  try {
    return await decode(entry, bytes);
  } catch (cause) {
    const why = messageOf(cause, "it cannot be decoded");
    throw new LedgerError("CORRUPT", `${name} does not hold the ${entry.type} that was recorded: ${why}`, {
      key: name,
      cause,
    });
  }
}

async function decode(entry: MediaEntry, bytes: Uint8Array): Promise<OpenMedia> {
  const text = (): string => utf8Decoder({ fatal: true }).decode(bytes);
  switch (entry.type) {
    case "text":
      return { type: "text", text: text() };
    case "histogram":
      return { type: "histogram", ...readHistogram(text()) };
    case "image":
      return openImage(entry, bytes);
    case "table": {
      const { rows, columns, dates = [] } = entry;
      if (!isCount(rows) || !isCount(columns)) throw new RangeError("its size is not recorded");
      const { readTableInPieces } = await tableReading();
      return { type: "table", ...(await readTableInPieces(bytes, { rows, columns, dates })) };
    }
  }
}

function openImage({ mediaType, width, height, caption }: MediaEntry, bytes: Uint8Array): OpenMedia {
  const header = readImageHeader(bytes);
  if (header === undefined || header.mediaType !== mediaType) throw new RangeError(`it is not ${mediaType}`);
  if (header.width !== width || header.height !== height || !isSensibleSize(width, height))
    throw new RangeError(`it has ${header.width} x ${header.height} pixels`);
  return { type: "image", bytes, mediaType, width, height, ...(caption !== undefined && { caption }) };
}

async function readContent(
  backend: Backend,
  { digest, inline, size, packed }: MediaEntry,
  signal: AbortSignal | undefined,
): Promise<{ name: string; bytes: Uint8Array }> {
  signal?.throwIfAborted();
  if (typeof inline === "string") {
    const bytes = utf8Encoder().encode(inline);
    if (bytes.byteLength === size) return { name: "the record", bytes };
    throw new LedgerError("CORRUPT", `the record of a value says ${size} bytes, but has ${bytes.byteLength}`);
  }
  const hex = typeof digest === "string" ? parseDigest(digest) : undefined;
  if (hex === undefined) throw invalidArgument("entry.digest", "sha256: and 64 hex digits", digest);
  if (packed !== undefined) return await readPacked(backend, packed, { hex, size }, signal);
  return { name: blobKey(hex), bytes: await readBlob(backend, hex, { size, most: MAX_STORED_BYTES }, signal) };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
