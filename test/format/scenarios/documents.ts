import { createHash } from "node:crypto";
import type { Run } from "../../../src/index.ts";
import { runDocumentKey } from "../../../src/journal/run-document.ts";
import { changeJson, eventsPayload, recordsPayload, rowItem, storeSegment, TIME } from "./by-hand.ts";
import { change, flush, keysBelow, type Place } from "./place.ts";
import { wrappedPoints } from "./wrapped-points.ts";

interface Writer {
  writer: string;
  order: number;
  fence: number;
  events: object[];
  damage: object[];
  metrics: { [metric: string]: unknown[] };
}
/** A document, as far as it is changed here. */
interface Document {
  objects: { name: string; size: number; digest?: string }[];
  record: { damage: object[] };
  compacted: { metrics: string[]; ends: { [writer: string]: { bytes: number } }; writers: Writer[] };
}

/** A run of one session that is closed and compacted. Its journal is still there. */
async function closed(place: Place, name: string, more: { readonly [metric: string]: number } = {}): Promise<Run> {
  const run = await (await place.open()).startRun({ experiment: "documents", name, environment: false, flush });
  for (let i = 0; i < 4; i++) run.log({ loss: i / 3, ...more }, { step: 3 - i });
  run.setTags({ a: "1" });
  await run.finish();
  return run;
}

const documentOf = ({ id }: Run): string => runDocumentKey(id, 1);
const journalOf = async (place: Place, { id }: Run): Promise<string> =>
  (await keysBelow(place, `runs/${id}/journal`))[0]!;
const writerIn = (key: string): string => key.split("/").at(-1)!.split(".")[0]!;

async function resumed(place: Place, run: Run): Promise<void> {
  const again = await (await place.open()).resumeRun(run.id, { flush });
  again.log({ loss: 7 }, { step: 1 });
  await again.flush();
}

/** Documents beside which something is lost, is back, or was stored by a later version, and journals behind them. */
export async function documents(place: Place): Promise<void> {
  await wholeJournals(place);
  await endsWithoutSegments(place);
  await inventories(place);
  await strangeNames(place);
  await splitPoints(place);
  await foundAgain(place);
  await laterMembers(place);
  await lostBeginnings(place);
  await wrappedSteps(place);
}

/** Objects that a document names are lost. If all journals are there, the document is ignored. */
async function wholeJournals(place: Place): Promise<void> {
  for (const [name, edit] of [
    ["whole", (bytes: Uint8Array) => bytes],
    ["longer", (bytes: Uint8Array) => Uint8Array.from([...bytes, 1])],
    ["cut", (bytes: Uint8Array) => bytes.subarray(0, -1)],
    ["gone", () => undefined],
  ] as const) {
    for (const isResumed of [false, true]) {
      const run = await closed(place, `points lost, journal ${name}${isResumed ? ", resumed" : ""}`);
      const journal = await journalOf(place, run);
      if (isResumed) await resumed(place, run);
      await place.store.remove(`runs/${run.id}/metrics.parquet`);
      await change(place, journal, edit);
    }
  }
  const many = Object.fromEntries(Array.from({ length: 2001 }, (_, i) => [`m${i}`, i]));
  for (const isWhole of [true, false]) {
    const run = await closed(place, `summaries lost, journal ${isWhole ? "whole" : "gone"}`, many);
    const summaries = (await keysBelow(place, `runs/${run.id}`)).find((key) => key.endsWith(".summaries"));
    await place.store.remove(summaries!);
    if (!isWhole) await place.store.remove(await journalOf(place, run));
  }
}

/** Writers that have an end and no segment, beside a document. */
async function endsWithoutSegments(place: Place): Promise<void> {
  for (const isResumed of [false, true]) {
    for (const next of [0, 2]) {
      const run = await closed(place, `an end at ${next} without a segment${isResumed ? ", resumed" : ""}`);
      if (isResumed) await resumed(place, run);
      await place.store.create(`runs/${run.id}/fences/000001.end.gone.${next}`, new Uint8Array(0));
    }
  }
  for (const next of [2, 500]) {
    const run = await closed(place, `an end at ${next} of a journal that is compacted and gone`);
    const journal = await journalOf(place, run);
    await place.store.remove(journal);
    await place.store.create(`runs/${run.id}/fences/000001.end.${writerIn(journal)}.${next}`, new Uint8Array(0));
  }
}

/** Inventories that are odd or damaged. */
async function inventories(place: Place): Promise<void> {
  const digest = `sha256:${"0".repeat(64)}`;
  const edits: { readonly [name: string]: (document: Document) => void } = {
    "in another order": ({ objects }) => void objects.reverse(),
    "with a marker": ({ objects }) => void objects.push({ name: "lifecycle/0001.json", size: 1, digest }),
    "with a name that is none": ({ objects }) => void objects.push({ name: "run.0001.json", size: 1, digest }),
    "with a name twice": ({ objects }) => void objects.push({ ...objects[0]! }),
    "with a digest left out": ({ objects }) => void delete objects[0]!.digest,
    "without the points": ({ objects }) => void objects.splice(0, 1),
    "with points that are no file of points": ({ objects, compacted }) => void (compacted.metrics = [objects[1]!.name]),
    "with a fence that is gone": ({ objects }) => void objects.push({ name: "fences/000001.json", size: 1, digest }),
    "with an earlier document that is gone": ({ objects }) =>
      void objects.push({ name: "run.0002.json", size: 1, digest }),
    "with a size that is no count": ({ objects }) => void (objects[1]!.size = -1),
    "beside a writer that stands twice": ({ compacted: { writers } }) => void writers.push({ ...writers[0]! }),
    "beside a last step that is NaN": ({ compacted }) => void (compacted.writers[0]!.metrics["loss"]![4] = Number.NaN),
    "beside damage from a place that is no count": ({ record }) =>
      void record.damage.push({ kind: "corrupt", key: "x", message: "damaged", from: "1", to: 2 }),
  };
  for (const [name, edit] of Object.entries(edits)) {
    const run = await closed(place, `an inventory ${name}`);
    await changeJson<Document>(place, documentOf(run), (document) => {
      edit(document);
      return document;
    });
  }
  for (const isThere of [true, false]) {
    const run = await closed(place, `a compacted journal in the inventory, ${isThere ? "there" : "gone"}`);
    const journal = await journalOf(place, run);
    const { length } = await place.store.read(journal);
    await changeJson<Document>(place, documentOf(run), (document) => {
      document.objects.push({ name: journal.slice(`runs/${run.id}/`.length), size: length });
      return document;
    });
    if (!isThere) await place.store.remove(journal);
  }
}

/** Objects whose names are nearly those of the objects of a run. */
async function strangeNames(place: Place): Promise<void> {
  const run = await closed(place, "strange names");
  await resumed(place, run);
  const writer = writerIn(await journalOf(place, run));
  for (const name of [
    "run.0001.json",
    "run.00002.json",
    "more/run.0002.json",
    `journal/${writer}.0000001`,
    `more/${writer}.000001`,
    `${writer}.000001`,
    "fences/0000002.json",
    `fences/000001.end.${writer}.00`,
    `fences/000001.end.${writer}.9007199254740992`,
    "lifecycle/0000.json",
    "lifecycle/00001.json",
  ])
    await place.store.create(`runs/${run.id}/${name}`, new Uint8Array(9));
}

/** Points of one metric and of equal steps in Parquet of two writers, and in journals behind and between them. */
async function splitPoints(place: Place): Promise<void> {
  for (const isLost of [false, true]) {
    const ledger = await place.open();
    const name = `split points${isLost ? ", lost" : ""}`;
    const run = await ledger.startRun({ experiment: "documents", name, environment: false, flush });
    for (const step of [1, 0, 1]) run.log({ loss: step + 0.1, first: step }, { step });
    await run.finish();
    const second = await ledger.resumeRun(run.id, { flush });
    for (const step of [0, 1, 1]) second.log({ loss: step + 0.2, second: step }, { step });
    await second.finish();
    const [one, two] = await keysBelow(place, `runs/${run.id}/journal`);
    const began = { kind: "session", mode: "join", beatMs: 1, v: 1, order: 1, time: TIME };
    await storeSegment(place, run.id, "0between", 0, [
      eventsPayload(0, [began]),
      recordsPayload(1, 2, rowItem(1, TIME, ["loss", 1.3]), rowItem(0, TIME, ["loss", 0.3], ["third", 3])),
    ]);
    for (const key of [one!, two!])
      await storeSegment(place, run.id, writerIn(key), 1, [recordsPayload(100, 1, rowItem(1, TIME, ["loss", 1.4]))]);
    if (isLost) await place.store.remove(`runs/${run.id}/metrics.0002.parquet`);
  }
}

/** Damage that the document names, too, and more of it than is named. */
async function foundAgain(place: Place): Promise<void> {
  const place100 = (from: number): object => ({ kind: "corrupt", key: "x", message: "damaged", from, to: from + 1 });
  for (const isCurrent of [true, false]) {
    const run = await closed(place, `damage found again, ${isCurrent ? "current" : "folded"}`);
    const journal = await journalOf(place, run);
    const { length } = await place.store.read(journal);
    if (!isCurrent) await change(place, journal, (bytes) => Uint8Array.from([...bytes, 1, 2, 3]));
    const torn = { kind: "torn-tail", key: journal, message: "torn, as it was", from: length, to: length + 3 };
    const unknown = { kind: "unknown", key: journal, message: "unknown" };
    const many = Array.from({ length: 120 }, (_, i) => place100(i));
    await changeJson<Document>(place, documentOf(run), (document) => {
      document.compacted.writers[0]!.damage = [torn, unknown, unknown, { ...torn, message: "again" }, ...many];
      document.record.damage = [
        torn,
        { ...torn, message: "again" },
        unknown,
        unknown,
        ...many,
        { ...place100(500), more: 7 },
      ];
      return document;
    });
  }
}

/** Members that this version does not know, and an order and a fence that are not those of the session. */
async function laterMembers(place: Place): Promise<void> {
  for (const isResumed of [false, true]) {
    const ledger = await place.open();
    const name = `later members${isResumed ? ", resumed" : ""}`;
    const run = await ledger.startRun({ experiment: "documents", name, environment: false, flush });
    run.log({ loss: 1 });
    run.defineMetric("loss", { goal: "minimize" });
    await run.logArtifact("of a later version", { text: "x" });
    await run.finish();
    const other = await ledger.resumeRun(run.id, { flush });
    other.log({ loss: 2 });
    await other.finish();
    if (isResumed) await resumed(place, run);
    await changeJson<Document>(place, runDocumentKey(run.id, 2), (document) => {
      for (const writer of document.compacted.writers) {
        writer.events = writer.events.map((event) => ({ ...event, later: "x" }));
        if (writer.order > 0) Object.assign(writer, { order: 0, fence: 3, later: [] });
      }
      return { ...document, later: 1, record: { ...document.record, later: 2 } };
    });
  }
}

/** Runs whose first object is lost. */
async function lostBeginnings(place: Place): Promise<void> {
  const names = ["closed", "closed, journal gone", "resumed", "closed without points", "points lost"];
  for (const name of names) {
    const run =
      name === "closed without points"
        ? await (await place.open()).startRun({ experiment: "documents", name, environment: false, flush })
        : await closed(place, `beginning lost, ${name}`);
    if (name === "closed without points") {
      run.setTags({ a: "1" });
      await run.finish();
    }
    if (name === "resumed") await resumed(place, run);
    if (name === "closed, journal gone" || name === "points lost")
      await place.store.remove(await journalOf(place, run));
    if (name === "points lost") await place.store.remove(`runs/${run.id}/metrics.parquet`);
    await place.store.remove(`runs/${run.id}/run.created.json`);
  }
}

/** Steps whose differences wrap around at 64 bits, which this library never writes. */
async function wrappedSteps(place: Place): Promise<void> {
  const ledger = await place.open();
  const run = await ledger.startRun({ experiment: "documents", name: "wrapped", environment: false, flush });
  const points = [5, 3].map((step, i) => ({ step, time: TIME + i, value: i / 3 }));
  for (const { step, time, value } of points) run.log({ loss: value }, { step, time });
  await run.finish();
  const bytes = wrappedPoints(run.id, "loss", points);
  await change(place, `runs/${run.id}/metrics.parquet`, () => bytes);
  await changeJson<Document>(place, documentOf(run), (document) => {
    const item = document.objects.find(({ name }) => name === "metrics.parquet")!;
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    Object.assign(item, { size: bytes.length, digest });
    return document;
  });
}
