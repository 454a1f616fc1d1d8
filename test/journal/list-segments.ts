import type { Backend, CallOptions, Entry } from "../../src/backend/backend.ts";
import { groupSegments, journalPrefix, type SegmentEntry } from "../../src/journal/segment.ts";

/** The segments of a run by writer, each in order. */
export async function listSegments(
  backend: Backend,
  runId: string,
  options?: CallOptions,
): Promise<Map<string, SegmentEntry[]>> {
  const entries: Entry[] = [];
  for await (const entry of backend.list(journalPrefix(runId), options)) entries.push(entry);
  return groupSegments(entries).writers;
}
