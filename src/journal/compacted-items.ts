import { utf8Decoder } from "../bytes/utf8.ts";
import type { Backend, CallOptions } from "../backend/backend.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { decodeJsonValue } from "../bytes/decode-json.ts";
import { encodeJson } from "../bytes/encode-json.ts";
import type { CompactedObject } from "./compacted.ts";
import { damaged, readPages } from "./compacted-pages.ts";
import { knownEvent } from "./decode-event.ts";
import type { RunEvent } from "./event.ts";
import { type SegmentEntry, segmentSeed } from "./segment.ts";
import type { MediaState } from "./media-fold.ts";
import { decodePayload, Definitions, recordRange } from "./decode-payload.ts";
import { runPrefix } from "./run-created.ts";
import { readAhead } from "./read-ahead.ts";
import { readSegment } from "./segment-reader.ts";
import {
  isStoredMedia,
  isStoredSummary,
  restoreMedia,
  restoreSummary,
  storeMedia,
  storeSummary,
} from "./stored-fold.ts";
import type { SummaryState } from "./metric-summary.ts";
import type { WriterFold } from "./writer-fold.ts";

/** The summaries of one writer. */
export interface WriterSummaries {
  readonly metrics: Map<string, SummaryState>;
  readonly media: Map<string, MediaState>;
}

/**
 * The greatest ratio to which summaries may inflate. A million metrics with similar names and equal values have a ratio
 * of 30.
 */
const SUMMARY_RATIO = 200;
const FIELD = "run";

/**
 * Yields the summaries of a run: the id of a writer, then a list for each of its metrics and for each key of its rich
 * values.
 */
export function* summaryItems(folds: readonly WriterFold[]): Generator<string, void, undefined> {
  for (const { writer, summaries, media } of folds) {
    yield encodeJson(writer, FIELD);
    for (const [key, state] of summaries) {
      const stored = storeSummary(state);
      const item = [key, ...stored];
      // `encodeJson` gives the same text, but takes ten times as long.
      yield stored.every(isPlain) ? JSON.stringify(item) : encodeJson(item, FIELD);
    }
    for (const [key, state] of media) yield encodeJson([key, ...storeMedia(state)], FIELD);
  }
}

/** Returns whether JSON has a number as it is. */
function isPlain(value: number): boolean {
  return Number.isFinite(value) && !Object.is(value, -0);
}

/**
 * Returns the summaries in an object, by writer. Rejects with `CORRUPT` for anything but what {@link summaryItems}
 * made.
 */
export async function readSummaries(
  backend: Backend,
  runId: string,
  object: Pick<CompactedObject, "name" | "size">,
  options: CallOptions = {},
): Promise<Map<string, WriterSummaries>> {
  const key = `${runPrefix(runId)}/${object.name}`;
  const writers = new Map<string, WriterSummaries>();
  let own: WriterSummaries | undefined;
  for await (const items of readPages(backend, runId, object, { ...options, ratio: SUMMARY_RATIO })) {
    for (const item of items) {
      if (typeof item === "string") {
        writers.set(item, (own = { metrics: new Map(), media: new Map() }));
        continue;
      }
      if (own === undefined || !Array.isArray(item)) throw damaged(key, 0);
      const [name, ...items] = item as unknown[];
      if (typeof name !== "string") throw damaged(key, 0);
      // Most summaries are plain numbers. As JSON, NaN and infinities are objects.
      const stored = items.every(Number.isFinite) ? items : decodeJsonValue(items);
      if (isStoredMedia(stored)) own.media.set(name, restoreMedia(stored));
      else if (isStoredSummary(stored)) own.metrics.set(name, restoreSummary(stored));
      else throw damaged(key, 0);
    }
  }
  return writers;
}

/** Yields events as they were recorded: the id of a writer, then its events. */
export async function* eventItems(
  backend: Backend,
  runId: string,
  folds: readonly WriterFold[],
  segments: ReadonlyMap<string, readonly SegmentEntry[]>,
  { from, isWanted }: { readonly from: ReadonlyMap<string, WriterFold>; readonly isWanted: (kind: string) => boolean },
  options: CallOptions = {},
): AsyncGenerator<string, void, undefined> {
  for (const { writer, next } of folds) {
    const own = segments.get(writer) ?? [];
    if (own.length === 0) continue;
    yield encodeJson(writer, FIELD);
    const span = { from: from.get(writer)?.next ?? 0, to: next };
    for await (const text of journalEvents(backend, runId, own, span, options)) if (isWanted(kindOf(text))) yield text;
  }
}

/** Yields the JSON of each event of an intact journal once. */
async function* journalEvents(
  backend: Backend,
  runId: string,
  segments: readonly SegmentEntry[],
  { from, to }: { readonly from: number; readonly to: number },
  options: CallOptions,
): AsyncGenerator<string, void, undefined> {
  const decoder = utf8Decoder({ fatal: true });
  let next = from;
  let texts: string[] = [];
  const sink = {
    row: (): void => {},
    event: (n: number, json: Uint8Array): void => {
      if (n < to) texts.push(decoder.decode(json));
    },
  };
  const source = readAhead(backend, segments, options);
  for (const segment of segments) {
    const definitions = new Definitions();
    for await (const piece of readSegment(source, segment.key, segmentSeed(runId, segment), options)) {
      if (piece.kind !== "frame") continue;
      try {
        decodePayload(piece.payload, definitions, sink, next);
        const range = recordRange(piece.payload);
        if (range) next = Math.max(next, range.first + range.count);
      } catch (cause) {
        throw new LedgerError("CORRUPT", `${segment.key} changed while it was read`, { key: segment.key, cause });
      }
      yield* texts;
      texts = [];
    }
  }
}

const KIND = '{"kind":"';

function kindOf(text: string): string {
  // Writers put the kind first.
  if (text.startsWith(KIND)) return text.slice(KIND.length, text.indexOf('"', KIND.length));
  return String((JSON.parse(text) as { kind?: unknown }).kind);
}

/**
 * Yields the events in objects that {@link eventItems} made, each with its writer. Throws `CORRUPT` for anything else.
 */
export async function* readEventItems(
  backend: Backend,
  runId: string,
  objects: readonly Pick<CompactedObject, "name" | "size">[],
  options: CallOptions = {},
): AsyncGenerator<{ readonly writer: string; readonly event: RunEvent }, void, undefined> {
  for (const object of objects) {
    const key = `${runPrefix(runId)}/${object.name}`;
    let writer: string | undefined;
    for await (const items of readPages(backend, runId, object, options)) {
      for (const item of items) {
        if (typeof item === "string") {
          writer = item;
          continue;
        }
        const event = knownEvent(decodeJsonValue(item));
        if (writer === undefined || event === undefined) throw damaged(key, 0);
        yield { writer, event };
      }
    }
  }
}
