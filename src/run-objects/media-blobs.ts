import { blobKey } from "../artifacts/blobs.ts";
import type { Backend, CallOptions } from "../backend/backend.ts";
import { parseDigest } from "../bytes/digest.ts";
import type { Compacted } from "../journal/compacted.ts";
import { readEventItems } from "../journal/compacted-items.ts";
import { type Damage, losesRecords, lossError } from "../journal/damage.ts";
import { decodeEvent } from "../journal/decode-event.ts";
import type { RunEvent } from "../journal/event.ts";
import type { SegmentEntry } from "../journal/segment.ts";
import { readWriterInSteps } from "../journal/journal-reader.ts";
import type { RunObject } from "./run-object.ts";

/** The places where a run records its rich values. */
interface MediaPlaces {
  readonly compacted: Compacted | undefined;
  /** The journals that are not compacted, by writer. */
  readonly journals: ReadonlyMap<string, readonly SegmentEntry[]>;
}

/**
 * Yields the blobs with the rich values of a run, one for each value that is neither inline nor packed. Memory does not
 * grow with the number of values. Throws `CORRUPT` if records are damaged.
 */
export async function* mediaBlobs(
  backend: Backend,
  runId: string,
  { compacted, journals }: MediaPlaces,
  call: CallOptions,
): AsyncGenerator<RunObject, void, undefined> {
  const writers = compacted?.writers ?? [];
  for (const { mediaList = [] } of writers) for (const event of mediaList) yield* blobOf(event);
  for await (const { event } of readEventItems(backend, runId, compacted?.media ?? [], call)) yield* blobOf(event);
  const ends = new Map(writers.map(({ writer, next }) => [writer, next]));
  for (const [writer, segments] of journals) {
    for await (const event of journalEvents(backend, runId, segments, ends.get(writer) ?? 0, call))
      yield* blobOf(event);
  }
}

function* blobOf(event: RunEvent): Generator<RunObject, void, undefined> {
  if (event.kind !== "media" || event.digest === undefined || event.packed) return;
  const { digest, size } = event;
  const hex = parseDigest(digest);
  if (hex !== undefined) yield { key: blobKey(hex), size, digest, kind: "blob" };
}

async function* journalEvents(
  backend: Backend,
  runId: string,
  segments: readonly SegmentEntry[],
  from: number,
  call: CallOptions,
): AsyncGenerator<RunEvent, void, undefined> {
  let events: RunEvent[] = [];
  let lost: Damage | undefined;
  const visitor = {
    row: (): void => {},
    event: (_n: number, event: RunEvent): void => void events.push(event),
    damage: (damage: Damage): void => void (losesRecords(damage) && (lost ??= damage)),
  };
  const steps = readWriterInSteps(backend, runId, segments, visitor, call, from, decodeEvent);
  for await (const _ of steps) {
    yield* events;
    events = [];
    if (lost) throw lossError(`the rich values of run ${runId} are`, lost);
  }
}
