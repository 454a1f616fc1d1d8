import { losesRecords } from "../journal/damage.ts";
import { jsonSize } from "../journal/json-size.ts";
import type { RunRecord } from "../journal/run-record.ts";

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
