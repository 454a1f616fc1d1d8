import type { Ledger, Run } from "../../../src/index.ts";
import { eventsPayload, storeSegment } from "./by-hand.ts";
import { flush, keysBelow, type Place } from "./place.ts";

const EXPERIMENT = "sessions";

async function start(place: Place, name: string): Promise<{ ledger: Ledger; run: Run }> {
  const ledger = await place.open();
  const run = await ledger.startRun({
    experiment: EXPERIMENT,
    name,
    environment: false,
    flush,
    params: { a: { b: 1 } },
  });
  return { ledger, run };
}

const join = async (place: Place, id: string, mode: "join" | "exclusive" = "join"): Promise<Run> =>
  await (await place.open()).resumeRun(id, { flush, mode });

/** Runs of one and of several sessions, beside each other and one after the other. */
export async function sessions(place: Place): Promise<void> {
  await resumed(place);
  await beside(place);
  await crossed(place);
  await joinedAfterCompaction(place);
  await backwards(place);
  await withClock(place);
  await replaced(place);
  await late(place);
}

/** A run whose late points are in files of their own, and whose outdated documents are gone. */
async function late(place: Place): Promise<void> {
  const { run } = await start(place, "late points");
  const row = (step: number): Record<string, number> =>
    Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`m${i}`, Math.sin(100 * step + i)]));
  for (let step = 0; step < 45; step++) run.log(row(step), { step });
  await run.finish();
  for (let i = 0; i < 5; i++) {
    const again = await join(place, run.id);
    // Steps go on, or back to a checkpoint. Some metrics are new.
    again.log({ m3: i, m99: i, [`n${i}`]: i }, { step: i === 3 ? 20 : 45 + i });
    await again.finish();
  }
  // A session that is not compacted.
  const last = await join(place, run.id);
  last.log({ m3: 9, n1: 9 }, { step: 60 });
  await last.flush();
}

/** Sessions that go back to a checkpoint, after each kind of end, closed in between or not; and a fork of each run. */
async function replaced(place: Place): Promise<void> {
  for (const end of ["finish", "exclusive", "nothing", "closed"] as const) {
    const { run, ledger } = await start(place, `back to a checkpoint after ${end}`);
    const log = async (to: Run, from: number, until: number): Promise<void> => {
      to.log({ "system/cpu": from }, { step: 20 });
      for (let step = from; step <= until; step++) {
        to.log({ loss: from + step / 100 }, { step });
        // A metric that counts other steps.
        if (step % 2 === 1) to.log({ epochs: from + step / 100 }, { step: (step - 1) / 2 });
      }
      if (until > 5) to.log({ eval: from }, { step: 5 });
      await to.flush();
    };
    await log(run, 0, 6);
    if (end === "finish") await run.finish();
    const second = await join(place, run.id, end === "exclusive" ? "exclusive" : "join");
    await log(second, 4, 8);
    if (end === "closed") await second.finish();
    const third = await join(place, run.id);
    await log(third, 3, 3);
    if (end !== "nothing") await third.finish();
    const fork = await ledger.startRun({ experiment: EXPERIMENT, forkOf: { run: run.id, step: 4 }, flush });
    fork.log({ loss: 9, late: 1 }, { step: 4 });
    await fork.finish();
  }
}

/** Resumed after the end: running again, and with an end of another kind. */
async function resumed(place: Place): Promise<void> {
  for (const last of ["running", "finished", "failed"] as const) {
    const { run } = await start(place, `resumed, ${last}`);
    run.log({ loss: 1, old: 1 });
    await run.fail(new Error("out of memory"));
    const again = await join(place, run.id);
    again.log({ loss: 0.5, new: 2 });
    again.setTags({ resumed: "yes" });
    again.setParams({ a: { c: 2 } });
    await again.flush();
    if (last === "finished") await again.finish();
    if (last === "failed") await again.fail("again");
  }
}

/** Two writers at once; one of them, or none, closes the run. */
async function beside(place: Place): Promise<void> {
  for (const closing of ["both", "first", "second", "none"] as const) {
    const { run } = await start(place, `two writers, closed by ${closing}`);
    run.log({ loss: 1, own: 1 });
    await run.flush();
    const other = await join(place, run.id);
    for (let i = 0; i < 5; i++) {
      run.log({ loss: i / 3, own: i });
      other.log({ loss: -i / 7, other: i }, { step: i });
      if (i === 2) run.setParams({ a: { b: 2, d: { e: 1 } } }, { overwrite: true });
      if (i === 3) other.setParams({ a: { b: 3, d: 4 } }, { overwrite: true });
      run.setTags({ who: "first", [`first${i}`]: i });
      other.setTags({ who: "second" });
      other.removeTag(`first${i - 1}`);
      await run.flush();
      await other.flush();
    }
    if (closing === "both" || closing === "first") await run.finish();
    if (closing === "both" || closing === "second") await other.finish();
  }
}

/** Two sessions that knew nothing of each other: equal places in the order, decided by the ids. */
async function crossed(place: Place): Promise<void> {
  const { run } = await start(place, "crossed");
  run.log({ loss: 1 });
  await run.flush();
  const others = [await join(place, run.id), await join(place, run.id)];
  others.forEach((other, i) => {
    other.setNote(`of ${i}`);
    other.defineMetric("loss", { goal: i === 0 ? "minimize" : "maximize" });
    other.defineMetric("*", { unit: `u${i}` });
    other.log({ loss: i + 2 });
  });
  for (const other of others.toReversed()) await other.flush();
  run.setTags({ late: "1" });
  await run.flush();
}

/** The points of one writer are in Parquet and in its journal; a third writer joined in between. */
async function joinedAfterCompaction(place: Place): Promise<void> {
  for (const isClosed of [false, true]) {
    const { run } = await start(place, `joined after the compaction, ${isClosed ? "closed" : "open"}`);
    for (let i = 0; i < 20; i++) run.log({ loss: i, rare: i % 3 === 0 ? i : undefined });
    run.setTags({ a: "1" });
    await run.finish();
    const second = await join(place, run.id);
    for (let i = 0; i < 10; i++) second.log({ loss: -i, extra: i }, { step: 2 * i });
    second.setTags({ a: "2" });
    await second.finish("killed");
    const third = await join(place, run.id);
    third.log({ loss: Number.NaN, extra: 0.1 }, { step: 1 });
    third.removeTag("a");
    await third.flush();
    if (isClosed) await third.finish();
  }
}

/** Steps go back, and equal steps of several writers stand in the order of the writers. */
async function backwards(place: Place): Promise<void> {
  const { run } = await start(place, "backwards");
  for (const step of [5, 3, 5, 1, 3]) run.log({ loss: step }, { step });
  await run.flush();
  const other = await join(place, run.id);
  for (const step of [3, 5, 0, 5]) other.log({ loss: step + 0.5 }, { step });
  await other.flush();
  for (const step of [5, 0]) run.log({ loss: step + 0.25 }, { step });
  await run.flush();
}

/** The wall clock jumps; the writer says so. */
async function withClock(place: Place): Promise<void> {
  for (const isLeft of [false, true]) {
    const { run, ledger } = await start(place, "jumps");
    run.log({ loss: 1 });
    await run.flush();
    for (const ms of [3_600_000, -7_200_000]) {
      place.clock.jump(ms);
      run.log({ loss: 2 });
      await run.flush();
    }
    place.clock.jump(3_600_000);
    if (isLeft) await ledger.recover(run.id, { graceMs: 0 });
    else await run.finish();
  }
}

/** Exclusive sessions: writers that are shut out, what they still stored, and fences without a session. */
export async function fences(place: Place): Promise<void> {
  for (const [isClosed, mode] of [
    [false, "exclusive"],
    [true, "exclusive"],
    [false, "join"],
  ] as const) {
    const { run } = await start(place, `shut out, ${isClosed ? "closed" : "open"}, then ${mode}`);
    run.log({ loss: 1 });
    run.setTags({ a: "first" });
    await run.flush();
    const second = await join(place, run.id);
    second.log({ loss: 2 });
    await second.flush();
    const third = await join(place, run.id, "exclusive");
    // What they store from here on is not acknowledged, and left out.
    for (const late of [run, second]) {
      late.log({ loss: 100 });
      late.setTags({ a: "late", late: "yes" });
      await late.flush().catch(() => {});
    }
    third.log({ loss: 3 });
    third.setTags({ b: "third" });
    await third.flush();
    const fourth = await join(place, run.id, mode);
    third.log({ loss: mode === "join" ? 3.5 : 200 });
    await third.flush().catch(() => {});
    fourth.log({ loss: 4 });
    fourth.setTags({ a: "fourth" });
    await fourth.flush();
    if (isClosed) await fourth.finish();
  }
  await withoutEnds(place);
  await claimed(place);
  await silentFirst(place);
}

/** A fence whose session recorded no ends: what was shut out counts, before all that stands behind the fence. */
async function withoutEnds(place: Place): Promise<void> {
  const { run } = await start(place, "no ends recorded");
  run.log({ loss: 1 });
  run.setTags({ a: "first" });
  await run.flush();
  const heir = await join(place, run.id, "exclusive");
  heir.setTags({ a: "heir" });
  heir.log({ loss: 2 });
  await heir.flush();
  for (let i = 0; i < 5; i++) run.setTags({ a: `late ${i}`, late: "yes" });
  await run.flush().catch(() => {});
  for (const key of await keysBelow(place, `runs/${run.id}/fences`))
    if (key.includes(".end.")) await place.store.remove(key);
}

/** A process put up a fence and died before its session began. */
async function claimed(place: Place): Promise<void> {
  const { run } = await start(place, "claimed");
  run.log({ loss: 1 });
  await run.flush();
  const key = `runs/${run.id}/fences/000001.json`;
  const text = JSON.stringify({ v: 1, run: run.id, n: 1, writer: "x", claim: "0".repeat(32) });
  await place.store.create(key, new TextEncoder().encode(text));
}

/** The session that began the run stored nothing. */
async function silentFirst(place: Place): Promise<void> {
  const { run } = await start(place, "silent first");
  const heir = await join(place, run.id, "exclusive");
  heir.log({ loss: 2 });
  run.log({ loss: 100 });
  await run.flush().catch(() => {});
  await heir.finish();
}

/** Runs that nobody closed: recovered, recovered too early, and left at the natural end of a process. */
export async function leaving(place: Place): Promise<void> {
  await recovered(place);
  await woken(place);
  await left(place);
}

async function recovered(place: Place): Promise<void> {
  for (const isJoined of [false, true]) {
    const { run } = await start(place, `recovered${isJoined ? ", and joined" : ""}`);
    run.log({ loss: 1 });
    await run.flush();
    await (await place.open()).recover(run.id, { graceMs: 0 });
    if (!isJoined) continue;
    const again = await join(place, run.id);
    again.log({ loss: 0.5 });
    await again.flush();
  }
}

/** A writer that only slept stores more after it was taken for gone. */
async function woken(place: Place): Promise<void> {
  for (const isTwice of [false, true]) {
    const { run } = await start(place, `woken${isTwice ? ", and recovered again" : ""}`);
    run.log({ loss: 1 });
    run.setTags({ a: "1" });
    await run.flush();
    await (await place.open()).recover(run.id, { graceMs: 0 });
    run.log({ loss: 2 });
    run.setTags({ a: "2" });
    await run.flush();
    if (isTwice) await (await place.open()).recover(run.id, { graceMs: 0 });
  }
}

/** Sessions that left: with nothing behind that, with more behind that, and beside one that goes on. */
async function left(place: Place): Promise<void> {
  const time = 1_767_225_700_000;
  for (const [name, more, isBeside] of [
    ["left", false, false],
    ["left, then went on", true, false],
    ["left beside another", false, true],
  ] as const) {
    const { run } = await start(place, name);
    run.log({ loss: 1 });
    run.log({ loss: 2 });
    await run.flush();
    const writer = (await keysBelow(place, `runs/${run.id}/journal`))[0]!.split("/").at(-1)!.split(".")[0]!;
    const leave = { kind: "leave", next: 3, v: 1, order: 50, time };
    const beat = { kind: "beat", v: 1, order: 51, time: time + 500 };
    await storeSegment(place, run.id, writer, 7, [eventsPayload(2, [leave, ...(more ? [beat] : [])])]);
    if (!isBeside) continue;
    const other = await join(place, run.id);
    other.log({ loss: 3 });
    await other.flush();
  }
}
