import type { Backend, CallOptions } from "../backend/backend.ts";
import type { SegmentEntry } from "./list-segments.ts";
import { decodeEvent } from "./decode-event.ts";
import { readWriter } from "./journal-reader.ts";
import type { RunCreated } from "./run-created.ts";
import { type WriterFold, WriterFolder } from "./writer-fold.ts";

/** Reads journals of a run, on top of what is known of some of its writers. Memory does not grow with the number of points. */
export async function readFolds(
  backend: Backend,
  created: RunCreated,
  writers: ReadonlyMap<string, readonly SegmentEntry[]>,
  { allMedia = false, ...options }: CallOptions & { readonly allMedia?: boolean } = {},
  known: readonly WriterFold[] = [],
): Promise<WriterFold[]> {
  const folds = new Map(known.map((fold) => [fold.writer, fold]));
  for (const [writer, segments] of writers) {
    const base = folds.get(writer);
    const folder = new WriterFolder(base, { allMedia });
    const next = await readWriter(backend, created.id, segments, folder, options, base?.next, decodeEvent);
    folds.set(writer, folder.fold(writer, next, created));
  }
  return [...folds.values()];
}
