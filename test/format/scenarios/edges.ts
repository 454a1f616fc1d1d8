import { createHash } from "node:crypto";
import type { Run } from "../../../src/index.ts";
import { encodePages } from "../../../src/journal/compacted-pages.ts";
import { runDocumentKey } from "../../../src/journal/run-document.ts";
import {
  beginRun,
  changeJson,
  eventItem,
  eventsPayload,
  recordsPayload,
  rowItem,
  storeSegment,
  TIME,
} from "./by-hand.ts";
import { change, flush, keysBelow, type Place } from "./place.ts";
import { wrappedPoints } from "./wrapped-points.ts";

type Tree = { [name: string]: unknown };
/** A document, as far as it is changed here. */
interface Document {
  objects: Tree[];
  record: Tree & { metrics?: Tree; metricDefinitions: { [name: string]: Tree } };
  summaries?: string;
  compacted: { writers: (Tree & { writer: string; metrics: { [name: string]: unknown[] } })[] };
}

const event = (kind: string, order: number, more: object = {}): object => ({
  kind,
  v: 1,
  order,
  time: TIME + order,
  ...more,
});

/** What hardly any writer stores, so that only the exact rules decide how it reads. */
export async function edges(place: Place): Promise<void> {
  await unknownOrders(place);
  await documents(place);
  await summaries(place);
  await markers(place);
  await laterBeginnings(place);
  await points(place);
  await contents(place);
  await journals(place);
}

/** A closed run of two sessions, with points and texts at equal steps. */
async function closed(place: Place, name: string): Promise<Run> {
  const run = await (await place.open()).startRun({ experiment: "edges", name, environment: false, flush });
  run.defineMetric("loss", { goal: "minimize" });
  run.log({ loss: 1, acc: 0.5 }, { step: 1 });
  await run.logText("text", "first", { step: 1 });
  await run.finish();
  const other = await (await place.open()).resumeRun(run.id, { flush });
  other.log({ loss: 2 }, { step: 1 });
  await other.logText("text", "second", { step: 1 });
  await other.finish();
  return run;
}

async function changeDocument(place: Place, { id }: Run, edit: (document: Document) => void): Promise<void> {
  await changeJson<Document>(place, runDocumentKey(id, 2), (document) => {
    edit(document);
    return document;
  });
}

/** Writers whose order no compaction knew, with nothing behind them, with points of their own, and with a session. */
async function unknownOrders(place: Place): Promise<void> {
  for (const behind of ["nothing", "points", "a session"]) {
    const run = await closed(place, `unknown orders before ${behind}`);
    await changeDocument(place, run, ({ compacted: { writers } }) => {
      for (const writer of writers) writer["order"] = Number.MAX_SAFE_INTEGER;
    });
    const compacted = await keysBelow(place, `runs/${run.id}/journal`);
    if (behind === "points") {
      await storeSegment(place, run.id, "third", 0, [
        eventsPayload(0, [event("session", 1_000_000, { mode: "join", beatMs: 1e4 })]),
        recordsPayload(1, 1, rowItem(1, TIME, ["loss", 1.6])),
      ]);
      for (const key of compacted) {
        const writer = key.split("/").at(-1)!.split(".")[0]!;
        await storeSegment(place, run.id, writer, 1, [recordsPayload(100, 1, rowItem(1, TIME, ["loss", 1.4]))]);
      }
    }
    if (behind !== "a session") continue;
    const again = await (await place.open()).resumeRun(run.id, { flush });
    again.log({ loss: 3 }, { step: 1 });
    await again.logText("text", "third", { step: 1 });
    await again.flush();
  }
}

/** Documents that are damaged, and some that only look like it. */
async function documents(place: Place): Promise<void> {
  const edits: { readonly [name: string]: (document: Document) => void } = {
    "another experiment": ({ record }) => void (record["experiment"] = "another"),
    "no experiment": ({ record }) => void (record["experiment"] = ""),
    "null for data sets": ({ record }) => void (record["datasets"] = null),
    "null for rich values": ({ record }) => void (record["media"] = null),
    "no metrics": ({ record }) => void delete record.metrics,
    "a time of deletion": ({ record }) => void (record["deletedAt"] = 5),
    "a definition of another kind": ({ record }) => void (record.metricDefinitions["loss"] = { goal: ["none"] }),
    "NaN as the least value": ({ compacted: { writers } }) =>
      void writers[0]!.metrics["loss"]!.splice(6, 1, Number.NaN),
  };
  for (const [name, edit] of Object.entries(edits))
    await changeDocument(place, await closed(place, `a document with ${name}`), edit);
}

/** Pages of summaries in which writers and names stand twice, in an object with another ending. */
async function summaries(place: Place): Promise<void> {
  const state = (value: number): number[] => [1, value, 0, value, 1, TIME, value, 1, TIME, value, 1, TIME];
  const text = [1, 0, "text", 1, TIME, 5, "text/plain;charset=utf-8"];
  for (const [name, goals, padding] of [
    ["summaries twice", [{ goal: "minimize" }, { goal: "maximize" }], 0],
    ["summaries with goals of another kind", [{ goal: "minimize" }, { goal: 7 }], 0],
    ["summaries that inflate too far", [], 800_000],
  ] as const) {
    const run = await closed(place, name);
    const items = [
      "one",
      ["loss", ...state(1)],
      ["gone", ...state(1)],
      "two",
      ["loss", ...state(2)],
      ["loss", ...text],
      "one",
      ["loss", ...state(4)],
      ["loss", ...state(3)],
      ["acc", ...state(5)],
    ].map((item, i) => JSON.stringify(item) + " ".repeat(i === 0 ? padding : 0));
    const object = "metrics-byhand.media";
    const parts: Uint8Array[] = [];
    for await (const part of encodePages(run.id, object, items)) parts.push(part);
    const bytes = Buffer.concat(parts);
    await place.store.create(`runs/${run.id}/${object}`, bytes);
    await changeDocument(place, run, (document) => {
      document.objects.push({ name: object, size: bytes.length, digest: digestOf(bytes) });
      document.summaries = object;
      delete document.record.metrics;
      document.record.metricDefinitions = Object.fromEntries(goals.map((goal, i) => [["lo*", "loss"][i]!, goal]));
    });
  }
}

const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** Markers of later versions, without a checksum, and with one in capitals. */
async function markers(place: Place): Promise<void> {
  for (const [name, text] of [
    ["of version 2", '{"v":2,"deleted":"later"}'],
    ["of version 2 in another member", '{"version":2}'],
    ["with capitals", '{"crc32":"ABCDEF01","v":1}'],
    ["of version 2 with capitals", '{"crc32":"ABCDEF01","v":2}'],
    ["of version 2 with a wrong checksum", '{"crc32":"abcdef01","v":2}'],
  ] as const) {
    const run = await closed(place, `a marker ${name}`);
    await place.store.create(`runs/${run.id}/lifecycle/0001.json`, new TextEncoder().encode(text));
  }
}

/** A beginning of a later version beside a document that has everything, or nearly. */
async function laterBeginnings(place: Place): Promise<void> {
  for (const isResumed of [false, true]) {
    const run = await closed(place, `a beginning of version 2${isResumed ? ", resumed" : ""}`);
    if (isResumed) (await (await place.open()).resumeRun(run.id, { flush })).setNote("x");
    await change(place, `runs/${run.id}/run.created.json`, () => new TextEncoder().encode('{"v":2}'));
  }
}

/** Files of points that are changed where readers look, or do not. */
async function points(place: Place): Promise<void> {
  const list = [5, 3].map((step, i) => ({ step, time: TIME + i, value: i / 3 }));
  const edits: { readonly [name: string]: (bytes: Uint8Array, run: Run) => Uint8Array } = {
    "without the first magic": (bytes) => bytes.fill(0, 0, 4),
    "without the last magic": (bytes) => bytes.fill(0, bytes.length - 4),
    "of another run": () => wrappedPoints("another", "loss", list),
    "with a damaged column of keys": (bytes) => {
      const at = Buffer.from(bytes).indexOf("loss");
      return bytes.fill(1, at, at + 1);
    },
    "with a byte behind the metadata": (bytes) => {
      const out = Uint8Array.from([...bytes.subarray(0, -8), 0, ...bytes.subarray(-8)]);
      new DataView(out.buffer).setUint32(
        out.length - 8,
        new DataView(bytes.buffer).getUint32(bytes.length - 8, true) + 1,
        true,
      );
      return out;
    },
  };
  for (const [name, edit] of Object.entries(edits)) {
    const run = await closed(place, `points ${name}`);
    const bytes = edit(wrappedPoints(run.id, "loss", list), run);
    const file = "metrics.0002.parquet";
    await change(place, `runs/${run.id}/${file}`, () => bytes);
    await changeDocument(place, run, ({ objects }) => {
      const item = objects.find((object) => object["name"] === file)!;
      Object.assign(item, { size: bytes.length, digest: digestOf(bytes) });
    });
  }
}

/** Contents of histograms and texts that are, or are not, what they should be. */
async function contents(place: Place): Promise<void> {
  const id = await beginRun(place, "contents");
  const wanted: readonly (readonly [string, string])[] = [
    ["histogram", '{"counts":[],"edges":[]}'],
    ["histogram", '{"counts":[],"edges":[0]}'],
    ["histogram", '{"counts":[],"range":[0,1]}'],
    ["histogram", '{"counts":[],"edges":[],"range":[1,0]}'],
    ["histogram", '{"counts":[1],"edges":"none","range":[0,1]}'],
    ["histogram", '{"counts":[1],"edges":[0,1],"range":[0]}'],
    ["histogram", '{"counts":[1],"edges":[0,1],"range":[1,0]}'],
    ["histogram", '{"counts":[1],"edges":[0,1],"nan":null}'],
    ["histogram", '{"counts":[1],"edges":[0,1],"nan":2,"more":3}'],
    ["histogram", '{"counts":[1],"counts":[1,2],"edges":[1e999],"edges":[0,1,2]}'],
    ["text", "\ud800"],
  ];
  const events = wanted.map(([type, inline], i) => {
    const size = new TextEncoder().encode(inline).length;
    return event("media", i + 1, { key: type, type, step: i, at: TIME, n: i, size, mediaType: "any", inline });
  });
  await storeSegment(place, id, "first", 0, [eventsPayload(0, events)]);
}

/** Values that an equal key replaces, many jumps of a clock, and a run that began before 1970. */
async function journals(place: Place): Promise<void> {
  const twice = await beginRun(place, "keys-twice");
  const deep = `${"[".repeat(200)}${"]".repeat(200)}`;
  const texts = [
    '{"kind":"tags","set":{"$rl":"strange"},"time":1e999,"set":{"a":"1"},"v":1,"order":1,"time":3}',
    `{"kind":"params","set":${deep},"set":{"a":1},"v":1,"order":2,"time":3}`,
    '{"kind":"tags","set":{"b":{"$rl":"int","$rl":"f64","v":"x","v":"NaN"}},"v":1,"order":3,"time":3}',
  ];
  await storeSegment(place, twice, "first", 0, [recordsPayload(0, texts.length, ...texts.map(eventItem))]);
  const jumping = await beginRun(place, "many-jumps");
  const jumps = Array.from({ length: 40 }, (_, i) => event("clock", i + 1, { jumpMs: (i % 7) / 10 - i * 1.1 }));
  await storeSegment(place, jumping, "first", 0, [eventsPayload(0, [...jumps, event("leave", 99, { next: 41 })])]);
  const early = await beginRun(place, "before-1970", { createdAt: -5000 });
  await storeSegment(place, early, "first", 0, [eventsPayload(0, [event("weather", 1)])]);
}
