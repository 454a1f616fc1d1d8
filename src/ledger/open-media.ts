import { checkBounds } from "../series/history-options.ts";
import { callOptions } from "../backend/call-options.ts";
import { isError } from "../platform/any-realm.ts";
import { utf8Decoder, utf8Encoder } from "../bytes/utf8.ts";
import { type OptionNames, readOptions } from "../arguments/options.ts";
import { blobKey } from "../artifacts/blobs.ts";
import { parseDigest } from "../bytes/digest.ts";
import { readRanges } from "../artifacts/read-ranges.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import type { Backend, CallOptions } from "../backend/backend.ts";
import { concatBytes } from "../backend/body.ts";
import { checkChoice } from "../arguments/choice.ts";
import { LedgerError, invalidArgument, reading } from "../errors/ledger-error.ts";
import { onDemand } from "../platform/on-demand.ts";
import { losesRecords, lossError } from "../journal/damage.ts";
import type { MediaEntry, MediaKind } from "../journal/media-entry.ts";
import { isWantedMedia, toMediaEntries } from "../journal/media-entries.ts";
import type { RunListing } from "../journal/list-run.ts";
import { runCreatedKey, runPrefix } from "../journal/run-created.ts";
import { readBeginning, readRunState, type RunState, whileItChanges } from "../journal/run-state.ts";
import { compareWriters } from "../journal/writer-fold.ts";
import type { MediaRecord } from "../journal/event.ts";
import { MAX_STORED_BYTES } from "../media/content.ts";
import { type Histogram, readHistogram } from "../media/histogram.ts";
import { isSensibleSize, readImageHeader } from "../media/image-header.ts";
import type { TableValue } from "../media/table.ts";
import { readTable } from "../media/table-read.ts";
import { checkRunId, readRunCreated } from "./read-run.ts";

const compactedItems = /* @__PURE__ */ onDemand(() => import("../journal/compacted-items.ts"));

/** Which rich values of a run to list. */
export interface MediaQuery {
  /** Only values of this name. Default: all. */
  readonly key?: string | undefined;
  /** Only values of this kind. Default: all. */
  readonly type?: MediaKind | undefined;
  /** The lowest step, inclusive. Default: no bound. */
  readonly from?: number | undefined;
  /** The highest step, inclusive. Default: no bound. */
  readonly to?: number | undefined;
  /**
   * What to do if records of the run are damaged or missing: `"reject"` (default) with `CORRUPT`, or `"skip"` to get
   * what is intact.
   */
  readonly damaged?: "reject" | "skip" | undefined;
  /** Aborting it rejects the call. */
  readonly signal?: AbortSignal | undefined;
}

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

const KINDS: readonly MediaKind[] = ["text", "image", "histogram", "table"];
const NAMES: OptionNames<MediaQuery> = { key: true, type: true, from: true, to: true, damaged: true, signal: true };

export async function listMedia(backend: Backend, runId: string, query: MediaQuery = {}): Promise<MediaEntry[]> {
  const { key, type, from, to, damaged, signal } = checkQuery(query);
  const call = callOptions(signal);
  checkRunId(runId);
  const created = await readRunCreated(backend, runId, signal).catch((error: unknown) => {
    if (LedgerError.hasCode(error, "RUN_NOT_FOUND") || LedgerError.hasCode(error, "CORRUPT")) return error;
    throw error;
  });
  return await whileItChanges(backend, runId, call, undefined, async (listing, isConfirmed) => {
    const {
      folds,
      document,
      lost: lostObjects,
    } = LedgerError.is(created)
      ? await readCompacted(backend, runId, { listing, isConfirmed, error: created }, call)
      : await readRunState(backend, created, { ...call, listing, allMedia: true });
    const lost = [...lostObjects, ...folds.flatMap((fold) => fold.damage)].find(losesRecords);
    if (lost && damaged !== "skip") throw lossError(`the values of run ${runId} are`, lost);
    const filter = { key, type, from, to };
    const found = new Map<string, MediaRecord[]>([...folds].sort(compareWriters).map(({ writer }) => [writer, []]));
    const gone = new Set(lostObjects.map((each) => each.key));
    const objects = (document?.compacted?.media ?? []).filter(({ name }) => !gone.has(`${runPrefix(runId)}/${name}`));
    if (objects.length > 0) {
      // Loaded for runs with long lists alone.
      const { readEventItems } = await compactedItems();
      for await (const { writer, event } of readEventItems(backend, runId, objects, call)) {
        if (event.kind === "media" && isWantedMedia(event, filter)) found.get(writer)?.push(event);
      }
    }
    for (const { writer, mediaList = [] } of folds)
      for (const event of mediaList) if (isWantedMedia(event, filter)) found.get(writer)?.push(event);
    return toMediaEntries([...found.values()]);
  });
}

/**
 * Returns what the document says of a run whose first object is gone or damaged, if the document says everything. Throws `error`
 * otherwise, or `CORRUPT` if there is a document.
 */
async function readCompacted(
  backend: Backend,
  runId: string,
  found: { readonly listing: RunListing; readonly isConfirmed: boolean; readonly error: LedgerError },
  call: CallOptions,
): Promise<Pick<RunState, "folds" | "document" | "lost">> {
  const { document, more, lost } = await readBeginning(backend, runId, found.listing, found.isConfirmed, call);
  if (document === undefined) throw found.error;
  if (document.compacted && more.size === 0) return { document, lost, folds: document.compacted.writers };
  if (LedgerError.hasCode(found.error, "CORRUPT")) throw found.error;
  const key = runCreatedKey(runId);
  throw new LedgerError("CORRUPT", `${key} is not there: others have removed it`, { key, cause: found.error });
}

function checkQuery(given: MediaQuery): MediaQuery {
  const query = readOptions("media", given, NAMES, "query");
  const { key, type, damaged } = query;
  if (key !== undefined && typeof key !== "string") throw invalidArgument("key", "a string", key);
  if (type !== undefined) checkChoice("type", type, KINDS);
  if (damaged !== undefined) checkChoice("damaged", damaged, ["reject", "skip"]);
  checkBounds(query, ["from", "to"]);
  return query;
}

/**
 * The content of a value, checked against its entry. Whatever store and entry say, no more is read, and kept in memory, than
 * a rich value may have.
 */
export async function openMedia(backend: Backend, given: MediaEntry, signal?: AbortSignal): Promise<OpenMedia> {
  const entry = reading("entry", () => (typeof given === "object" ? { ...given } : undefined));
  if (entry === undefined || !KINDS.includes(entry.type))
    throw invalidArgument("entry", "a MediaEntry, as ledger.media() gives it", given);
  const { name, bytes } = await readContent(backend, entry, signal);
  try {
    return await decode(entry, bytes);
  } catch (cause) {
    const why = isError(cause) ? cause.message : "it cannot be decoded";
    throw new LedgerError("CORRUPT", `${name} holds no ${entry.type} as it was recorded: ${why}`, { key: name, cause });
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
      return { type: "table", ...readTable(bytes, { rows, columns, dates }) };
    }
  }
}

function openImage({ mediaType, width, height, caption }: MediaEntry, bytes: Uint8Array): OpenMedia {
  const header = readImageHeader(bytes);
  if (header === undefined || header.mediaType !== mediaType) throw new RangeError(`it is no ${mediaType}`);
  if (header.width !== width || header.height !== height || !isSensibleSize(width, height))
    throw new RangeError(`it says to have ${header.width} x ${header.height} pixels`);
  return { type: "image", bytes, mediaType, width, height, ...(caption !== undefined && { caption }) };
}

async function readContent(
  backend: Backend,
  { digest, inline, size }: MediaEntry,
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
  const key = blobKey(hex);
  if (!isCount(size) || size > MAX_STORED_BYTES)
    throw new LedgerError("CORRUPT", `${key} cannot have the ${size} bytes that are recorded`, { key });
  const { sha256Hex } = await loadSha256();
  const parts: Uint8Array[] = [];
  for await (const part of readRanges(backend, key, size, signal)) parts.push(part);
  const bytes = parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(parts);
  if ((await sha256Hex(bytes)) === hex) return { name: key, bytes };
  throw new LedgerError("CORRUPT", `${key} does not have the bytes its name promises`, { key, operation: "read" });
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
