import { beginRun, eventsPayload, storeSegment, TIME } from "./by-hand.ts";
import { change, flip, flush, keysBelow, type Place } from "./place.ts";

/** The payload of a segment with the events from number `first` up to `last`, each of which sets a tag. */
const events = (first: number, last: number): Uint8Array =>
  eventsPayload(
    first,
    Array.from({ length: last - first + 1 }, (_, i) => {
      const n = first + i;
      return { kind: "tags", set: { [`n${n}`]: "y" }, v: 1, order: n + 1, time: TIME + n };
    }),
  );

/** Segments that hold what others hold. Flush `n` of each has record `n`. */
export async function repeats(place: Place): Promise<void> {
  await written(place);
  await byHand(place);
}

/** Journals of this library, whose flushes are objects: one is open, one is closed for one of its writers. */
async function written(place: Place): Promise<void> {
  const ledger = await place.open();
  const open = await ledger.startRun({ experiment: "repeats", name: "open", flush });
  for (let i = 0; i < 22; i++) {
    open.log({ loss: 1 / (i + 3), [`shape${i % 3}`]: i });
    await open.flush();
  }
  const shared = await ledger.startRun({ experiment: "repeats", name: "shared", flush });
  shared.log({ loss: 1 });
  await shared.flush();
  const other = await (await place.open()).resumeRun(shared.id, { flush });
  for (let i = 0; i < 5; i++) {
    other.log({ loss: i });
    await other.flush();
  }
  await shared.finish();
  // The document has segments that this one repeats.
  for (let i = 0; i < 12; i++) {
    other.log({ loss: i });
    await other.flush();
  }
  const damaged = await ledger.startRun({ experiment: "repeats", name: "damaged", flush });
  for (let i = 0; i < 6; i++) {
    damaged.log({ loss: i });
    await damaged.flush();
  }
  const [key] = (await keysBelow(place, `runs/${damaged.id}/journal`)).filter((each) => each.endsWith("3-4"));
  await change(place, key!, (bytes) => flip(bytes, bytes.length >> 1));
  const gone = await ledger.startRun({ experiment: "repeats", name: "gone", flush });
  for (let i = 0; i < 6; i++) {
    gone.log({ loss: i });
    await gone.flush();
  }
  for (const each of await keysBelow(place, `runs/${gone.id}/journal`))
    if (each.endsWith("3-4") || each.endsWith("2-3")) await place.store.remove(each);
}

async function byHand(place: Place): Promise<void> {
  const store = async (id: string, ...segments: (readonly [seq: number, flushes: number])[]): Promise<void> => {
    await beginRun(place, id);
    for (const [seq, flushes] of segments)
      await storeSegment(place, id, "first", seq, [events(seq - flushes + 1, seq)], flushes);
  };
  await store("nested", [0, 1], [1, 2], [2, 3], [3, 4], [4, 1]);
  await store("overlapping", [4, 5], [6, 4], [6, 1], [9, 1], [8, 3]);
  await store("lacking", [0, 1], [5, 4], [4, 2], [9, 3]);
  await store("names", [0, 1], [11, 12]);
  const bytes = await place.store.read("runs/names/journal/first.000011-12");
  for (const name of ["000011-13", "000011-1", "000011-0", "000011-012", "000011-", "000002-4", "0000012-2"])
    await place.store.create(`runs/names/journal/first.${name}`, bytes);
  // A frame under the name of another segment, and a segment that repeats nothing although its name says so.
  await store("foreign", [0, 1], [2, 2]);
  await place.store.create(
    "runs/foreign/journal/first.000002-3",
    await place.store.read("runs/foreign/journal/first.000002-2"),
  );
  await beginRun(place, "empty");
  await storeSegment(place, "empty", "first", 0, [events(0, 0)]);
  await storeSegment(place, "empty", "first", 3, [events(3, 3)], 4);
  // Its end lies within a segment that repeats others.
  await store("shut", [1, 2], [3, 4], [5, 2]);
  await place.store.create("runs/shut/fences/000001.json", new Uint8Array());
  await place.store.create("runs/shut/fences/000001.end.first.3", new Uint8Array());
}
