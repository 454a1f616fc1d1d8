import { beforeAll, describe, expect, test } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import { type Ledger, openLedger } from "../../src/index.ts";
import { concatBytes } from "../../src/backend/body.ts";
import { writeVarint } from "../../src/bytes/varint.ts";
import { FRAME_OVERHEAD_BYTES, readFrameHead, writeFrame } from "../../src/journal/frame.ts";
import { MAX_STATE_BYTES } from "../../src/journal/flush-states.ts";
import { parseSegmentKey, SEGMENT_MAGIC, segmentSeed } from "../../src/journal/segment.ts";
import { recordingBackend } from "../../src/testing/index.ts";
import { objectsOnly } from "./records.ts";

const FLUSHES = 6;

async function stored(params = {}): Promise<{ backend: ReturnType<typeof recordingBackend>; id: string }> {
  const backend = recordingBackend(objectsOnly());
  const run = await (await openLedger(backend)).startRun({ params: { lr: 0.1, ...params } });
  for (let i = 0; i < FLUSHES; i++) {
    run.log({ loss: i });
    run.setTags({ at: String(i) });
    await run.flush();
  }
  return { backend, id: run.id };
}

async function journal(backend: Backend, id: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of backend.list(`runs/${id}/journal`)) keys.push(key);
  return keys;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** The objects that a first search reads of a run. */
async function readsOf(backend: ReturnType<typeof recordingBackend>, id: string): Promise<string[]> {
  const ledger = await openLedger(backend);
  backend.calls.splice(0);
  const { runs } = await ledger.searchRuns();
  const read = backend.calls.filter(({ operation }) => operation === "read").map(({ key }) => key);
  expect(runs).toEqual([await ledger.getRun(id)]);
  expect(runs[0]).toMatchObject({ tags: { at: String(FLUSHES - 1) }, metrics: { loss: { count: FLUSHES } } });
  return read;
}

test("only the newest object is read, if its state is short enough", async () => {
  const { backend, id } = await stored();
  expect(await readsOf(backend, id)).toEqual([(await journal(backend, id)).at(-1)]);
  for (const params of [{ long: "x".repeat(MAX_STATE_BYTES) }, { deep: nested(125) }]) {
    const long = await stored(params);
    expect((await readsOf(long.backend, long.id)).length).toBeGreaterThan(2);
    for (const key of await journal(long.backend, long.id))
      expect((await long.backend.read(key)).length).toBeLessThan(MAX_STATE_BYTES);
  }
});

function nested(levels: number): object {
  return levels === 0 ? {} : { a: nested(levels - 1) };
}

interface State {
  run: Record<string, unknown>;
  fold: Record<string, unknown> & { events: { kind: string }[] };
}

describe("a state that does not fit its journal does not count", () => {
  let place: Awaited<ReturnType<typeof stored>>;
  let key: string;
  let bytes: Uint8Array;
  beforeAll(async () => {
    place = await stored();
    key = (await journal(place.backend, place.id)).at(-1)!;
    bytes = await place.backend.read(key);
  });

  /** Stores the newest object with another state. */
  async function withState(
    change: (state: State) => unknown,
    changeNext = (next: number): number => next,
  ): Promise<void> {
    const seed = segmentSeed(place.id, parseSegmentKey(key)!);
    const from = SEGMENT_MAGIC.length;
    const length = readFrameHead(bytes, from, seed)!;
    const payload = bytes.subarray(from + 8, from + 8 + length);
    expect(payload[0]).toBe(3);
    // The number takes one byte.
    const state = JSON.parse(decoder.decode(payload.subarray(2))) as State;
    const json = encoder.encode(JSON.stringify(change(state) ?? state));
    const changed = new Uint8Array(10 + json.length);
    changed[0] = 3;
    const at = writeVarint(changed, 1, changeNext(payload[1]!));
    changed.set(json, at);
    const frame = new Uint8Array(at + json.length + FRAME_OVERHEAD_BYTES);
    writeFrame(frame, 0, [changed.subarray(0, at + json.length)], seed);
    const rest = bytes.subarray(from + length + FRAME_OVERHEAD_BYTES);
    await place.backend.remove(key);
    await place.backend.create(key, concatBytes([bytes.subarray(0, from), frame, rest]));
  }

  test("the same state counts", async () => {
    await withState(() => undefined);
    expect(await readsOf(place.backend, place.id)).toEqual([key]);
  });

  test.each<[string, (state: State) => unknown, ((next: number) => number)?]>([
    ["of another run", ({ run }) => void (run["id"] = "other")],
    ["of a later version", ({ run }) => void (run["v"] = 2)],
    ["of another writer", ({ fold }) => void (fold["writer"] = "other")],
    ["of fewer records", ({ fold }) => void (fold["next"] = 1), () => 1],
    ["of more records", ({ fold }) => void (fold["next"] = 99), () => 99],
    ["whose fold has other records", ({ fold }) => void (fold["next"] = 1)],
    ["without a fold", () => ({})],
    ["that is a list", () => []],
    ["with an unknown event", ({ fold }) => void fold.events.push({ kind: "later" })],
    ["with damage", ({ fold }) => void (fold["damage"] = [{ kind: "corrupt", key: "k", message: "m" }])],
    ["with metrics that are none", ({ fold }) => void (fold["metrics"] = { loss: [1, 2] })],
  ])("%s", async (_, change, changeNext) => {
    await withState(change, changeNext);
    expect((await readsOf(place.backend, place.id)).length).toBeGreaterThan(2);
  });

  test("in front of records that are lost", async () => {
    await place.backend.remove(key);
    await place.backend.create(key, bytes);
    const lost: [string, Uint8Array][] = [];
    for (const each of await journal(place.backend, place.id))
      if (each < key && lost.length < 5) lost.push([each, await place.backend.read(each)]);
    for (const [each] of lost) await place.backend.remove(each);
    const ledger: Ledger = await openLedger(place.backend);
    const { runs } = await ledger.searchRuns();
    expect(runs).toEqual([await ledger.getRun(place.id)]);
    expect(runs[0]!.damage).toMatchObject([{ kind: "missing" }]);
    for (const [each, content] of lost) await place.backend.create(each, content);
    expect(await readsOf(place.backend, place.id)).toEqual([key]);
  });
});
