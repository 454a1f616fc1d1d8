import type { Backend, CallOptions } from "../backend/backend.ts";
import { decodeJson } from "../bytes/decode-json.ts";
import { utf8Decoder } from "../bytes/utf8.ts";
import { ByteReader } from "../bytes/varint.ts";
import { mapBounded } from "../platform/bounded.ts";
import { decodeFold } from "./decode-fold.ts";
import { recordRange } from "./decode-payload.ts";
import { firstFlush } from "./flush-pattern.ts";
import { isDecodingError } from "./journal-reader.ts";
import { type KnownJournal, type KnownRun, markOf, stillKnown } from "./known-run.ts";
import type { RunListing } from "./list-run.ts";
import { toRunCreated } from "./read-run-beginning.ts";
import { isDictionary } from "./record-checks.ts";
import { RetainedSegments } from "./retained-segments.ts";
import type { RunCreated } from "./run-created.ts";
import { type SegmentEntry, segmentSeed } from "./segment.ts";
import { READ_BYTES, readSegment } from "./segment-reader.ts";
import { PAYLOAD } from "./shape.ts";
import type { WriterFold } from "./writer-fold.ts";

/** Objects that are read at a time. */
const AT_ONCE = 16;

/** What the newest objects of some journals say about the records before them. */
export interface ReadStates {
  readonly known: KnownRun | undefined;
  /** Reads these objects from memory. */
  readonly source: Backend;
}

/** Reads the newest object of each journal, and the state that it begins with. */
export async function readStates(
  backend: Backend,
  runId: string,
  listing: RunListing,
  newest: readonly SegmentEntry[],
  { signal }: CallOptions = {},
): Promise<ReadStates> {
  const objects = new RetainedSegments();
  await mapBounded(newest, AT_ONCE, signal, async ({ key }, stop) => {
    const bytes = await backend.read(key, { signal: stop, range: { offset: 0, length: READ_BYTES } });
    objects.add(key, () => bytes);
  });
  const source = objects.over(backend);
  let created: RunCreated | undefined;
  const writers = new Map<string, KnownJournal>();
  for (const segment of newest) {
    const state = await readState(source, runId, segment);
    if (state === undefined) continue;
    created ??= state.created;
    const last = firstFlush(segment) - 1;
    if (state.fold) writers.set(segment.writer, { fold: state.fold, first: 0, last, sizes: new Map() });
  }
  if (created === undefined) return { known: undefined, source };
  return { known: stillKnown({ created, document: undefined, mark: markOf(listing), writers }, listing), source };
}

interface State {
  readonly created: RunCreated;
  /** The fold of the records before the object. Absent if there are none. */
  readonly fold: WriterFold | undefined;
}

/** Returns the state of an object if it is that of all records before the object. */
async function readState(source: Backend, runId: string, segment: SegmentEntry): Promise<State | undefined> {
  let state: (State & { readonly next: number }) | undefined;
  for await (const piece of readSegment(source, segment.key, segmentSeed(runId, segment))) {
    if (piece.kind !== "frame") return undefined;
    if (state === undefined) {
      state = decodeState(piece.payload, runId, segment.writer);
      if (state === undefined) return undefined;
      continue;
    }
    const range = recordRange(piece.payload);
    if (range !== undefined) return range.first === state.next ? state : undefined;
  }
  return undefined;
}

/** Returns a decoded payload, or `undefined` if it is no usable state. */
function decodeState(
  payload: Uint8Array,
  runId: string,
  writer: string,
): (State & { readonly next: number }) | undefined {
  if (payload[0] !== PAYLOAD.state) return undefined;
  try {
    const reader = new ByteReader(payload, 1);
    const next = reader.varint();
    const value = decodeJson(utf8Decoder({ fatal: true }).decode(reader.take(payload.length - reader.at)));
    if (!isDictionary(value)) return undefined;
    const created = toRunCreated(value["run"], runId);
    if (next === 0) return { next, created, fold: undefined };
    const fold = decodeFold(value["fold"]);
    return fold?.next === next && fold.writer === writer && fold.damage.length === 0
      ? { next, created, fold }
      : undefined;
  } catch (error) {
    // Everything that a state says is in the journal, too.
    if (isDecodingError(error)) return undefined;
    throw error;
  }
}
