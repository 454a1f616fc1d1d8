import { MAX_JSON_BYTES } from "../bytes/parse-json.ts";
import { losesRecords } from "../journal/damage.ts";
import { jsonSize } from "../journal/json-size.ts";
import type { RunRecord } from "../journal/run-record.ts";

/** The number of closed runs with entries from which a segment is made. */
export const MIN_LOOSE = 8;

/** The number of closed runs in no segment, in all experiments, from which even single ones are put into segments. */
export const MIN_LOOSE_OF_ALL = 32;
/** The number of small segments from which a joint segment is made, which repeats them. */
export const MIN_JOINED = 16;
/** The most rows and bytes of a small segment. */
export const MAX_JOINED_ROWS = 2048;
export const MAX_JOINED_BYTES: number = 1024 * 1024;

/** A segment has at most this many rows. It ends earlier when it holds this many values or bytes. */
export const MAX_SEGMENT_ROWS = 32_768;
export const MAX_SEGMENT_CELLS = 12_000_000;
export const MAX_SEGMENT_BYTES: number = 192 * 1024 * 1024;
/** A segment also ends when the texts of its columns take this many bytes before compression. */
export const MAX_SEGMENT_TEXT_BYTES: number = 64 * 1024 * 1024;

/**
 * The largest column that readers accept. One run may exceed the limits above by less than the size of a record,
 * {@link MAX_JSON_BYTES}.
 */
export const MAX_COLUMN_BYTES: number = MAX_SEGMENT_TEXT_BYTES + MAX_JSON_BYTES + 5 * MAX_SEGMENT_ROWS;
/** The largest page of records that readers accept, inflated. */
export const MAX_PAGE_BYTES: number = MAX_JSON_BYTES + 32 * 1024;
/** The largest footer and directory that readers accept. */
export const MAX_FOOTER_BYTES: number = 32 * 1024 * 1024;

/** The largest record, as JSON, that a segment holds. A larger one is as quick to read from the run itself. */
const MAX_RECORD_CHARS: number = 4 * 1024 * 1024;
/** The approximate size of a metric's summary without its name. */
const SUMMARY_CHARS = 150;

/**
 * Returns whether a segment may hold the record. A run with a larger record keeps its entries, and searches read the
 * run itself. So does a run that lost records, because a search must name it, and segments have no column for damage.
 */
export function fitsSegment(record: RunRecord): boolean {
  return !record.damage.some(losesRecords) && recordChars(record) <= MAX_RECORD_CHARS;
}

/** Returns the approximate number of characters of a record as JSON. */
export function recordChars({ metrics, ...rest }: RunRecord): number {
  let { chars } = jsonSize(rest);
  for (const key of Object.keys(metrics)) chars += key.length + SUMMARY_CHARS;
  return chars;
}
