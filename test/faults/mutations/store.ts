import { memoryBackend, type MemoryBackend, type MemorySnapshot } from "../../../src/backends/memory/index.ts";
import { openLedger, type Run } from "../../../src/index.ts";
import { withChecksum } from "../../../src/bytes/checked-json.ts";
import { createTestClock, seededIds } from "../../../src/testing/index.ts";

/**
 * `flip` a bit, `cut` the end off, `exchange` the object for another one of its kind. `rewrite` is what a program that knows the format
 * could do: one value of a JSON object is replaced, and its checksum is right. No reader can see that, so its answers may be other ones.
 */
export type Way = "flip" | "cut" | "exchange" | "rewrite";

const BYTES: readonly Way[] = ["flip", "cut", "exchange"];
const JSON_TEXT: readonly Way[] = [...BYTES, "rewrite"];

/** Every kind of object that a ledger has, by the pattern of its keys, and the ways in which it can change. */
export const KINDS: Readonly<Record<string, { readonly keys: RegExp; readonly ways: readonly Way[] }>> = {
  // There is but one.
  "ledger.json": { keys: /^ledger\.json$/, ways: ["flip", "cut", "rewrite"] },
  "beginning of a run": { keys: /\/run\.created\.json$/, ways: JSON_TEXT },
  "segment of a journal": { keys: /\/journal\//, ways: BYTES },
  "run document": { keys: /\/run(?:\.\d+)?\.json$/, ways: JSON_TEXT },
  points: { keys: /\/metrics[\d.]*\.parquet$/, ways: BYTES },
  overview: { keys: /\.overview$/, ways: BYTES },
  events: { keys: /\.events$/, ways: BYTES },
  "rich values": { keys: /\.media$/, ways: BYTES },
  summaries: { keys: /\.summaries$/, ways: BYTES },
  "deletion marker": { keys: /\/lifecycle\//, ways: JSON_TEXT },
  fence: { keys: /\/fences\/\d+\.json$/, ways: JSON_TEXT },
  "catalogue segment": { keys: /^experiments\/.*\/segments\//, ways: BYTES },
  manifest: { keys: /^artifacts\/.*\/versions\//, ways: JSON_TEXT },
  blob: { keys: /^blobs\//, ways: BYTES },
};

/** A store with every kind of object, at least two runs and two artifacts for each kind that belongs to one. */
export async function buildStore(): Promise<{ snapshot: MemorySnapshot; ids: readonly string[] }> {
  const backend = memoryBackend();
  const clock = createTestClock(undefined, { tickMs: 1 });
  const ledger = await openLedger(backend, { clock, ids: seededIds(1, () => clock.now()), environment: {} });
  const ids: string[] = [];
  const start = async (name: string, experiment = "default"): Promise<Run> => {
    const run = await ledger.startRun({
      name,
      experiment,
      params: { lr: 0.1 * ids.length, model: { layers: [16, ids.length] } },
      tags: { stage: "a" },
      flush: { intervalMs: 1e9 },
    });
    ids.push(run.id);
    return run;
  };
  const open: Run[] = [];
  for (const twin of [0, 1]) {
    const full = await start(`full${twin}`);
    for (let i = 0; i < 600; i++) full.log({ loss: 1 / (i + 1 + twin), acc: i + twin }, { step: i });
    for (let i = 0; i < 3; i++) full.setTags({ stage: `s${i}` });
    full.logDataset("mnist", { digest: `d${twin}` }, { context: "train" });
    for (let i = 0; i < 205; i++) void full.logText("said", `text ${i} of ${twin}`, { step: i });
    void full.logHistogram(
      "weights",
      Array.from({ length: 500 }, (_, i) => i * (twin + 1)),
    );
    void full.logTable(
      "table",
      Array.from({ length: 300 }, (_, i) => ({ i, text: `row ${i} of ${twin}` })),
    );
    await full.logArtifact(`model${twin}`, { text: "weights ".repeat(1000 + twin) }, { aliases: ["best"] });
    await full.finish();
    const more = await ledger.resumeRun(full.id);
    more.log({ loss: twin }, { step: 600 });
    await more.finish();

    const long = await start(`long${twin}`);
    for (let i = 0; i < 16_400; i++) long.log({ loss: (i * 7919 + twin) % 1009 }, { step: i });
    await long.finish();

    const wide = await start(`wide${twin}`);
    wide.log(Object.fromEntries(Array.from({ length: 2005 }, (_, i) => [`m${i}`, i + twin])), { step: 0 });
    await wide.finish();

    const deleted = await start(`deleted${twin}`);
    await deleted.finish();
    await ledger.deleteRun(deleted.id);
    if (twin === 1) await ledger.restoreRun(deleted.id);

    const first = await start(`fenced${twin}`);
    first.log({ loss: twin }, { step: 0 });
    await first.flush();
    const second = await ledger.resumeRun(first.id, { mode: "exclusive", flush: { intervalMs: 1e9 } });
    second.log({ loss: 7 + twin }, { step: 1 });
    await second.flush();
    open.push(first, second);

    const running = await start(`running${twin}`);
    for (let i = 0; i < 5; i++) {
      running.log({ loss: i + 10 * twin }, { step: i });
      if (i % 2 === 0) await running.flush();
    }
    await running.flush();
    open.push(running);

    for (let i = 0; i < 9; i++) {
      const one = await start(`small${i}`, `sweep${twin}`);
      one.log({ loss: i + twin }, { step: 0 });
      await one.finish();
    }
  }
  await ledger.compactCatalog();
  const snapshot = backend.snapshot();
  await Promise.allSettled(open.map((run) => run.finish()));
  return { snapshot, ids };
}

export interface Mutation {
  readonly how: Way;
  /** Which of the kind's objects, which other one, and where: from 0 to below 1. */
  readonly object: number;
  readonly other: number;
  readonly at: number;
}

/** The store with one object of a kind changed, and the keys of what changed. */
export function mutate(
  snapshot: MemorySnapshot,
  kind: RegExp,
  { how, object, other, at }: Mutation,
): { backend: MemoryBackend; keys: string[] } {
  const objects = new Map(snapshot);
  const pick = <T>(values: readonly T[], share: number): T => values[Math.floor(share * values.length)]!;
  const keys = [...objects.keys()].filter((key) => kind.test(key) && objects.get(key)!.length > 0);
  const key = pick(keys, object);
  const bytes = objects.get(key)!;
  const changed = [key];
  if (how === "exchange") {
    // Of two runs, experiments, artifacts or contents, not two objects of one.
    const from = pick(
      keys.filter((each) => ownerOf(each) !== ownerOf(key)),
      other,
    );
    objects.set(key, objects.get(from)!);
    objects.set(from, bytes);
    changed.push(from);
  } else objects.set(key, change(how, bytes, at, other));
  const backend = memoryBackend();
  backend.restore(objects);
  return { backend, keys: changed };
}

function change(how: Exclude<Way, "exchange">, bytes: Uint8Array, at: number, other: number): Uint8Array {
  const place = Math.floor(at * bytes.length);
  if (how === "cut") return bytes.subarray(0, place);
  if (how === "flip") {
    const flipped = bytes.slice();
    flipped[place]! ^= 1 << Math.floor(other * 8);
    return flipped;
  }
  const { crc32: _wrong, ...value } = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  return withChecksum(JSON.stringify(replaceValue(value, at, HOSTILE[Math.floor(other * HOSTILE.length)])));
}

const HOSTILE: readonly unknown[] = [
  null,
  -1,
  1.5,
  2 ** 53,
  1e308,
  "",
  "../../x",
  "__proto__",
  [],
  [[]],
  {},
  true,
  { $rl: "f64", v: "NaN" },
  { $rl: "int", v: "9".repeat(30) },
  { $rl: "other", v: 1 },
];

/** `value` with the value at the place `at`, counted from 0 to below 1 over all values within it, replaced. */
function replaceValue(value: object, at: number, by: unknown): object {
  let left = Math.floor(at * countValues(value));
  const visit = (inner: unknown): unknown => {
    if (left-- === 0) return by;
    if (typeof inner !== "object" || inner === null) return inner;
    if (Array.isArray(inner)) return inner.map(visit);
    return Object.fromEntries(Object.entries(inner).map(([name, member]) => [name, visit(member)]));
  };
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, visit(member)]));
}

function countValues(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((sum: number, member) => sum + 1 + countValues(member), 0);
}

export const ownerOf = (key: string): string => (key.startsWith("blobs/") ? key : key.split("/", 2).join("/"));
