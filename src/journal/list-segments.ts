import type { Backend, CallOptions, Entry } from "../backend/backend.ts";
import { journalPrefix, parseSegmentKey } from "./segment.ts";

/** One object of a run's journals, as listed. */
export interface SegmentEntry {
  readonly key: string;
  readonly writer: string;
  readonly seq: number;
  /** Bytes. */
  readonly size: number;
  /** The writer is shut out, and this record of it and all later ones do not count. */
  readonly end?: number | undefined;
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

/** Returns the segments among listed entries, by writer, each in order. `ends`: of the writers that are shut out. */
export function groupSegments(
  entries: Iterable<Entry>,
  ends?: ReadonlyMap<string, number>,
): Map<string, SegmentEntry[]> {
  const writers = new Map<string, SegmentEntry[]>();
  for (const { key, size } of entries) {
    const name = parseSegmentKey(key);
    if (name === undefined) continue;
    const end = ends?.get(name.writer);
    const entry = { key, size, ...name, ...(end !== undefined && { end }) };
    const segments = writers.get(name.writer);
    if (segments) segments.push(entry);
    else writers.set(name.writer, [entry]);
  }
  for (const segments of writers.values()) segments.sort((a, b) => a.seq - b.seq);
  return writers;
}
