import { MAX_JSON_BYTES } from "../bytes/parse-json.ts";
import { losesRecords } from "../journal/damage.ts";
import { jsonSize } from "../journal/json-size.ts";
import type { RunRecord } from "../journal/run-record.ts";

/** A segment has no more rows, and ends early once it holds so many values or bytes. */
export const MAX_SEGMENT_ROWS = 32_768;
export const MAX_SEGMENT_CELLS = 12_000_000;
export const MAX_SEGMENT_BYTES: number = 192 * 1024 * 1024;
/** The same of the bytes of its texts in columns, before they are compressed. */
export const MAX_SEGMENT_TEXT_BYTES: number = 64 * 1024 * 1024;

/** Bounds for readers. What one run has, and may have beyond the limits above, comes to less than a record: {@link MAX_JSON_BYTES}. */
export const MAX_COLUMN_BYTES: number = MAX_SEGMENT_TEXT_BYTES + MAX_JSON_BYTES + 5 * MAX_SEGMENT_ROWS;
/** Bytes of a page of records, inflated. */
export const MAX_PAGE_BYTES: number = MAX_JSON_BYTES + 32 * 1024;
/** Bytes of a footer, and of a directory. */
export const MAX_FOOTER_BYTES: number = 32 * 1024 * 1024;

/** Largest record, as JSON, that goes into a segment. A larger one is as quick to read from the run itself. */
const MAX_RECORD_CHARS: number = 4 * 1024 * 1024;
/** About what the summary of a metric takes besides its name. */
const SUMMARY_CHARS = 150;

/**
 * Whether a segment may hold the record. A run whose record is larger stays entered, and searches read the run itself. So does a run that
 * lost records: a search must name it, and segments have no column for damage.
 */
export function fitsSegment({ metrics, ...rest }: RunRecord): boolean {
  if (rest.damage.some(losesRecords)) return false;
  let chars = jsonSize(rest).chars;
  for (const key of Object.keys(metrics)) chars += key.length + SUMMARY_CHARS;
  return chars <= MAX_RECORD_CHARS;
}
