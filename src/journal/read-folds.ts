import type { Backend, CallOptions } from "../backend/backend.ts";
import type { SegmentEntry } from "./list-segments.ts";
import { readWriter } from "./reader.ts";
import type { RunCreated } from "./run-created.ts";
import { type WriterFold, WriterFolder } from "./writer-fold.ts";

/** Reads the journals of some writers of a run. Memory does not grow with the number of points. */
export async function readFolds(
  backend: Backend,
  created: RunCreated,
  writers: ReadonlyMap<string, readonly SegmentEntry[]>,
  options?: CallOptions,
): Promise<WriterFold[]> {
  const folds: WriterFold[] = [];
  for (const [writer, segments] of writers) {
    const folder = new WriterFolder();
    const next = await readWriter(backend, created.id, segments, folder, options);
    folds.push(folder.fold(writer, next, created));
  }
  return folds;
}
