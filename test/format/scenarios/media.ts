import type { Run } from "../../../src/index.ts";
import { seededRandom } from "../../seeded-random.ts";
import { change, flip, flush, keysBelow, type Place } from "./place.ts";

/** Rich values of all kinds, few and many, in journals and compacted. */
export async function media(place: Place): Promise<void> {
  const ledger = await place.open();
  for (const isClosed of [true, false]) {
    const run = await ledger.startRun({ experiment: "media", name: "all kinds", environment: false, flush });
    run.log({ loss: 1 });
    await logAll(run);
    await run.flush();
    if (isClosed) await run.finish();
  }
  await many(place);
  await severalWriters(place);
  await lostContents(place);
  await lostLists(place);
}

async function logAll(run: Run): Promise<void> {
  await run.logText("note", "short ü😀\n");
  await run.logText("note", "long ".repeat(400), { step: 5, time: 1_767_225_000_000 });
  await run.logText("empty", "");
  await run.logText("__proto__", "odd key", { step: -3 });
  const random = seededRandom(3);
  const normal = Array.from({ length: 500 }, () => random() + random() + random() - 1.5);
  await run.logHistogram("weights", normal);
  await run.logHistogram("weights", [...normal, Number.NaN, Infinity, -Infinity, -Infinity], { bins: 7, step: 5 });
  await run.logHistogram("weights", [1e308, -1e308, 0], { bins: 3 });
  await run.logHistogram("weights", [Number.NaN]);
  await run.logHistogram("weights", [4, 4, 4]);
  await run.logHistogram("given", { counts: [1, 0, 5], edges: [0, 1, 10, 100] });
  const data = Uint8Array.from({ length: 4 * 3 * 3 }, (_, i) => i * 7);
  await run.logImage("sample", { data, width: 4, height: 3 }, { caption: "four by three", step: 2 });
  await run.logTable("results", {
    columns: ["number", "big", "text", "flag", "date", "nothing", "mixed nulls"],
    rows: [
      [0.1, 5n, "a", true, new Date(0), null, null],
      [Number.NaN, -(2n ** 63n), "ü😀", false, new Date(1_767_225_600_001), null, 2],
      [-0, 2n ** 63n - 1n, "", true, null, null, -Infinity],
    ],
  });
  await run.logTable("results", {
    only: Array.from({ length: 40 }, (_, i) => i),
    words: Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? null : `w${i}`)),
  });
  await run.logTable("none", { columns: ["a", "b"], rows: [] });
}

/** So many that they stand in objects of their own, before and after another session. */
async function many(place: Place): Promise<void> {
  for (const isOpen of [false, true]) {
    const run = await (await place.open()).startRun({ experiment: "media", name: "many", environment: false, flush });
    run.log({ loss: 1 });
    await logMany(run, 230, 0);
    await run.finish();
    const other = await (await place.open()).resumeRun(run.id, { flush });
    await logMany(other, 50, 0.5);
    other.log({ loss: 2 });
    await other.flush();
    if (!isOpen) await other.finish();
  }
}

async function logMany(run: Run, count: number, add: number): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, (_, i) => run.logText(`k${i % 3}`, `value ${i + add}`, { step: (i * 37) % 50 })),
  );
}

/** Objects with long lists that are lost or damaged. */
async function lostLists(place: Place): Promise<void> {
  for (const isLost of [true, false]) {
    const name = isLost ? "list lost" : "list damaged";
    const run = await (await place.open()).startRun({ experiment: "media", name, environment: false, flush });
    run.log({ loss: 1 });
    await logMany(run, 230, 0);
    await run.finish();
    const other = await (await place.open()).resumeRun(run.id, { flush });
    await logMany(other, 20, 0.5);
    await other.finish();
    const [list] = (await keysBelow(place, `runs/${run.id}`)).filter((key) => key.endsWith(".media"));
    await change(place, list!, (bytes) => (isLost ? undefined : flip(bytes, 100)));
  }
}

/** Two writers and one key: equal steps stand in the order of the writers. */
async function severalWriters(place: Place): Promise<void> {
  for (const isClosed of [true, false]) {
    const run = await (
      await place.open()
    ).startRun({ experiment: "media", name: "two writers", environment: false, flush });
    await run.logText("t", "first", { step: 1 });
    run.log({ loss: 1 });
    const other = await (await place.open()).resumeRun(run.id, { flush });
    await other.logText("t", "second", { step: 1 });
    await run.logText("t", "third", { step: 0 });
    await run.logHistogram("t", [1, 2, 3], { step: 1 });
    await run.flush();
    if (isClosed) for (const each of [run, other]) await each.finish();
  }
}

/** Packs and blobs that are gone, damaged or cut. */
async function lostContents(place: Place): Promise<void> {
  const run = await (
    await place.open()
  ).startRun({ experiment: "media", name: "lost contents", environment: false, flush });
  const edits = [() => undefined, (bytes: Uint8Array) => flip(bytes, 9), (bytes: Uint8Array) => bytes.subarray(0, -1)];
  for (const [i, edit] of edits.entries()) {
    const { digest } = await run.logText("lost", `${i} `.repeat(40_000), { step: i });
    const hex = digest!.slice("sha256:".length);
    await change(place, `blobs/sha256/${hex.slice(0, 2)}/${hex}`, edit);
    const small = await run.logText("lost", `${i} `.repeat(2000), { step: i });
    const name = small.digest!.slice("sha256:".length);
    const { stream, offset } = small.packed!;
    await change(place, `runs/${run.id}/media/${stream}.${offset}-${offset + small.size}.${name}`, edit);
  }
  void run.logText("shared", "a ".repeat(2000), { step: 5 });
  void run.logText("shared", "b ".repeat(2000), { step: 5 });
  await run.flush();
}
