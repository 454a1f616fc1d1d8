import type { Backend, CallOptions, Entry } from "../backend/backend.ts";
import { journalPrefix, parseSegmentKey } from "./segment.ts";

/** One object of a run's journals, as listed. */
export interface SegmentEntry {
  readonly key: string;
  readonly writer: string;
  readonly seq: number;
  /** Bytes. */
  readonly size: number;
}

/** The segments of a run by writer, each in order. */
export async function listSegments(
  backend: Backend,
  runId: string,
  options?: CallOptions,
): Promise<Map<string, SegmentEntry[]>> {
  const entries: Entry[] = [];
  for await (const entry of backend.list(journalPrefix(runId), options)) entries.push(entry);
  return groupSegments(entries);
}

/** The segments among listed entries, by writer, each in order. */
export function groupSegments(entries: Iterable<Entry>): Map<string, SegmentEntry[]> {
  const writers = new Map<string, SegmentEntry[]>();
  for (const { key, size } of entries) {
    const name = parseSegmentKey(key);
    if (name === undefined) continue;
    const segments = writers.get(name.writer);
    if (segments) segments.push({ key, size, ...name });
    else writers.set(name.writer, [{ key, size, ...name }]);
  }
  for (const segments of writers.values()) segments.sort((a, b) => a.seq - b.seq);
  return writers;
}
