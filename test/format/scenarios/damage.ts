import type { Ledger, Run } from "../../../src/index.ts";
import { runDocumentKey } from "../../../src/journal/run-document.ts";
import { eventsPayload, frames, storeSegment } from "./by-hand.ts";
import { change, flip, flush, keysBelow, type Place } from "./place.ts";

const TIME = 1_767_225_600_000;

/** A run of three flushes, of which every object is there. */
async function journal(place: Place, name: string): Promise<{ run: Run; ledger: Ledger; segments: string[] }> {
  const ledger = await place.open();
  const run = await ledger.startRun({ experiment: "damage", name, environment: false, flush });
  for (let i = 0; i < 3; i++) {
    run.log({ loss: i + 0.25, acc: i / 3 });
    run.setTags({ [`t${i}`]: "x" });
    run.log({ loss: -i });
    await run.flush();
  }
  return { run, ledger, segments: await keysBelow(place, `runs/${run.id}/journal`) };
}

const concat = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const writerOf = (key: string): string => key.split("/").at(-1)!.split(".")[0]!;

/** Where the frame with the second flush begins in the only segment of {@link journal}. */
function middle(bytes: Uint8Array): number {
  return Math.floor(bytes.length / 2);
}

/** Damage in journals: at ends, in the middle, and in segments that are missing or foreign. */
export async function damagedJournals(place: Place): Promise<void> {
  const tails: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array])[] = [
    ["torn tail", (bytes) => bytes.subarray(0, -5)],
    ["a few bytes behind", (bytes) => concat(bytes, Uint8Array.of(9, 9, 9))],
    ["zeros behind", (bytes) => concat(bytes, new Uint8Array(700))],
    ["noise behind", (bytes) => concat(bytes, new Uint8Array(50).fill(170))],
    ["last frame damaged", (bytes) => flip(bytes, -3)],
    ["middle damaged", (bytes) => flip(bytes, middle(bytes))],
    ["two places damaged", (bytes) => flip(flip(bytes, middle(bytes)), -8)],
    ["magic damaged", (bytes) => flip(bytes, 2)],
    ["shorter than the magic", (bytes) => bytes.subarray(0, 5)],
    ["empty", (bytes) => bytes.subarray(0, 0)],
    ["of a later version", (bytes) => Uint8Array.from(bytes.subarray(0, 30), (byte, i) => (i === 7 ? 2 : byte))],
    ["nothing but noise", () => new Uint8Array(40).fill(77)],
  ];
  for (const [name, edit] of tails) {
    const { segments } = await journal(place, name);
    await change(place, segments[0]!, edit);
  }
  await tailBeforeTheLast(place);
  await foreign(place);
  await later(place);
  await closedWithDamage(place);
}

/** A write that failed ends a segment, and the next one begins with the same records. */
async function tailBeforeTheLast(place: Place): Promise<void> {
  for (const [name, rest] of [
    ["torn in the middle", Uint8Array.of(1, 2, 3)],
    ["noise in the middle", new Uint8Array(40).fill(170)],
  ] as const) {
    const { run, segments } = await journal(place, name);
    const writer = writerOf(segments[0]!);
    await change(place, segments[0]!, (bytes) => concat(bytes, rest));
    // Records 7 and 8 stand in both.
    const events = [7, 8, 9, 10].map((n) => ({
      kind: "tags",
      set: { [`n${n}`]: "y" },
      v: 1,
      order: n,
      time: TIME + n,
    }));
    await storeSegment(place, run.id, writer, 1, [eventsPayload(7, events)]);
  }
}

/** Segments under other names, and frames of other segments. */
async function foreign(place: Place): Promise<void> {
  const one = await journal(place, "segment of another run");
  const two = await journal(place, "frame of another segment");
  const key = one.segments[0]!;
  await place.store.create(key.replace(/0$/, "1"), await place.store.read(two.segments[0]!));
  await change(place, two.segments[0]!, (bytes) =>
    concat(
      bytes,
      frames(one.run.id, writerOf(key), 0, [
        eventsPayload(9, [{ kind: "note", text: "x", v: 1, order: 9, time: TIME }]),
      ]),
    ),
  );
}

/** What later versions of the format may add, and numbers that are missing. */
async function later(place: Place): Promise<void> {
  const note = (text: string, order: number): object => ({ kind: "note", text, v: 1, order, time: TIME + order });
  const { run, segments } = await journal(place, "later kinds");
  const writer = writerOf(segments[0]!);
  const unknown = [
    { kind: "weather", v: 1, order: 20, time: TIME },
    { kind: "note", text: "later", v: 2, order: 21, time: TIME },
    { kind: "note", v: 1, order: 22, time: TIME },
    { kind: "tags", set: { a: 1 }, v: 1, order: 22.5, time: TIME },
    { ...note("with more", 23), more: [1] },
    { kind: "metric", name: "loss", unit: "nats", colour: "red", v: 1, order: 24, time: TIME },
  ];
  const withTag = concat(eventsPayload(15, [note("before the unknown item", 30)]), Uint8Array.of(6));
  await storeSegment(place, run.id, writer, 1, [
    Uint8Array.of(3, 1, 2, 3),
    eventsPayload(9, unknown),
    withTag,
    eventsPayload(17, [note("behind", 31)]),
  ]);
  const both = await journal(place, "unknown kinds, and a lost journal");
  const interrupted = { kind: "interrupted", positions: { lost: 5 }, v: 1, order: 40, time: TIME };
  await storeSegment(place, both.run.id, writerOf(both.segments[0]!), 1, [
    eventsPayload(9, [...unknown.slice(0, 2), interrupted]),
  ]);
  const missing = await journal(place, "numbers are missing");
  await storeSegment(place, missing.run.id, writerOf(missing.segments[0]!), 1, [
    eventsPayload(12, [note("later", 31)]),
  ]);
  const zero = await journal(place, "payload of kind 0, and JSON that is none");
  const broken = eventsPayload(9, [note("x", 31)]);
  broken[broken.length - 1] = 33;
  await storeSegment(place, zero.run.id, writerOf(zero.segments[0]!), 1, [Uint8Array.of(0, 1), broken]);
}

/** A run that was closed while some of its journal was damaged: it is not compacted. */
async function closedWithDamage(place: Place): Promise<void> {
  for (const isMended of [false, true]) {
    const { run, segments } = await journal(place, `closed with damage${isMended ? ", which is mended" : ""}`);
    const whole = await place.store.read(segments[0]!);
    await change(place, segments[0]!, (bytes) => flip(bytes, middle(bytes)));
    const other = await (await place.open()).resumeRun(run.id, { flush });
    other.log({ loss: 9 });
    await other.finish();
    if (isMended) await change(place, segments[0]!, () => whole);
  }
}

/** Objects that are lost, cut or damaged after they were stored. */
export async function lostObjects(place: Place): Promise<void> {
  const remove = async (key: string): Promise<void> => await place.store.remove(key);
  const closed = async (name: string): Promise<{ run: Run; document: string }> => {
    const { run } = await journal(place, name);
    await run.finish();
    return { run, document: runDocumentKey(run.id, 1) };
  };
  const resumed = async (name: string): Promise<{ run: Run; other: Run }> => {
    const { run } = await closed(name);
    const other = await (await place.open()).resumeRun(run.id, { flush });
    other.log({ loss: 7, other: 1 });
    await other.flush();
    return { run, other };
  };
  await remove((await closed("points lost")).document.replace("run.json", "metrics.parquet"));
  const points = (await closed("points damaged")).document.replace("run.json", "metrics.parquet");
  await change(place, points, (bytes) => flip(bytes, bytes.length - 100));
  await change(place, (await closed("document damaged")).document, (bytes) => flip(bytes, 300));
  await remove((await closed("document lost")).document);
  await remove(`runs/${(await closed("beginning lost")).run.id}/run.created.json`);
  await change(place, `runs/${(await closed("beginning damaged")).run.id}/run.created.json`, (bytes) =>
    flip(bytes, 40),
  );
  await remove(runDocumentKey((await resumed("document lost under a session")).run.id, 1));
  const newest = await resumed("newest document lost");
  await newest.other.finish();
  await remove(runDocumentKey(newest.run.id, 2));
  const cut = await resumed("journal of the second session cut");
  const third = await (await place.open()).resumeRun(cut.run.id, { flush });
  third.log({ loss: 8 });
  await third.flush();
  for (const key of await keysBelow(place, `runs/${cut.run.id}/journal`)) {
    const bytes = await place.store.read(key);
    if (bytes.length > 8 && (await isOfSecond(bytes))) await change(place, key, (old) => old.subarray(0, 8));
  }
  const fenced = await journal(place, "journal behind a fence lost");
  const heir = await (await place.open()).resumeRun(fenced.run.id, { flush, mode: "exclusive" });
  heir.log({ loss: 6 });
  await heir.flush();
  await remove(fenced.segments[0]!);
  await uncompacted(place);
  const marked = await closed("marker damaged");
  await (await place.open()).deleteRun(marked.run.id);
  await change(place, `runs/${marked.run.id}/lifecycle/0001.json`, (bytes) => flip(bytes, 40));
  const elsewhere = await closed("marker of another run");
  await place.store.create(
    `runs/${elsewhere.run.id}/lifecycle/0001.json`,
    await place.store.read(`runs/${(await deletedRun(place)).id}/lifecycle/0001.json`),
  );
  const beginning = await place.store.read(`runs/${elsewhere.run.id}/run.created.json`);
  await place.store.create("runs/of-another-run/run.created.json", beginning);
  const text = '{"v":2,"id":"of-a-later-version","new":true}';
  await place.store.create("runs/of-a-later-version/run.created.json", new TextEncoder().encode(text));
}

const isOfSecond = async (bytes: Uint8Array): Promise<boolean> =>
  new TextDecoder().decode(bytes).includes('"writers":1');

async function deletedRun(place: Place): Promise<Run> {
  const { run, ledger } = await journal(place, "deleted");
  await run.finish();
  await ledger.deleteRun(run.id);
  return run;
}

/** Documents beside journals that are whole: damaged, or naming objects that are gone. */
async function uncompacted(place: Place): Promise<void> {
  for (const what of ["damaged", "whole", "journal cut"] as const) {
    const ledger = await place.open();
    const run = await ledger.startRun({ experiment: "damage", name: `without points, ${what}`, environment: false });
    run.setTags({ a: "1" });
    await run.flush();
    run.setTags({ b: "2" });
    await run.finish();
    if (what === "damaged") await change(place, runDocumentKey(run.id, 1), (bytes) => flip(bytes, 300));
    const [segment] = await keysBelow(place, `runs/${run.id}/journal`);
    if (what === "journal cut") await change(place, segment!, (bytes) => bytes.subarray(0, -40));
  }
}
