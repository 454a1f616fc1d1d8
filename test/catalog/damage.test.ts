import { describe, expect, test } from "vitest";
import { memoryBackend, type MemoryBackend } from "../../src/backends/memory/index.ts";
import { encodePageToken } from "../../src/catalog/page-token.ts";
import { SegmentCache } from "../../src/catalog/segment-cache.ts";
import { describe as describeSegment, SegmentWriter } from "../../src/catalog/segment-write.ts";
import { directorySize, encodeDirectory } from "../../src/catalog/segment-directory.ts";
import { encodeRecord } from "../../src/catalog/record-json.ts";
import { recordRow } from "../../src/filter/filter-row.ts";
import { encodeJson } from "../../src/bytes/encode-json.ts";
import { crc32 } from "../../src/bytes/crc32.ts";
import { type Ledger, type LedgerError, openLedger, type RunQuery, type RunRecord } from "../../src/index.ts";
import { encodeTable, type TableColumn } from "../../src/parquet/table-write.ts";
import { inOneGo } from "../../src/platform/event-loop.ts";
import { PagedTableWriter } from "../../src/parquet/paged-table-write.ts";
import { createTestClock, seededIds } from "../../src/testing/index.ts";
import { record } from "../filter/rows.ts";
import { stride } from "../rounds.ts";

interface Place {
  readonly backend: MemoryBackend;
  readonly ids: readonly string[];
  /** Returns the only segment. */
  readonly key: string;
  readonly bytes: Uint8Array;
}

async function open(backend: MemoryBackend, seed: number): Promise<{ ledger: Ledger; told: LedgerError[] }> {
  const told: LedgerError[] = [];
  const clock = createTestClock();
  const ids = seededIds(seed, () => clock.now() + seed * 1000);
  return { ledger: await openLedger(backend, { clock, ids, onError: (error) => told.push(error) }), told };
}

/** Nine closed runs in one segment. One has changed since, so its row supersedes another. */
async function compacted(): Promise<Place> {
  const backend = memoryBackend();
  const { ledger } = await open(backend, 1);
  const ids: string[] = [];
  for (let i = 0; i < 9; i++) {
    const run = await ledger.startRun({
      environment: false,
      params: { i, mixed: i % 2 ? i : "x" },
      tags: { t: `${i}` },
    });
    run.log({ loss: i });
    run.logDataset("d", { digest: "aa" });
    await run.finish();
    ids.push(run.id);
  }
  await ledger.deleteRun(ids[0]!);
  await ledger.searchRuns();
  await ledger.close();
  const [key, ...more] = [...backend.snapshot().keys()].filter((each) => each.includes("/segments/"));
  expect(more).toEqual([]);
  return { backend, ids: ids.toReversed(), key: key!, bytes: backend.snapshot().get(key!)! };
}

function withBytes({ backend, key }: Place, bytes: Uint8Array): MemoryBackend {
  const copy = memoryBackend();
  copy.restore(new Map([...backend.snapshot(), [key, bytes]]));
  return copy;
}

/** Searches in every way. The results must be right, and every report must name the segment. */
async function isRight(place: Place, bytes: Uint8Array, where: string): Promise<boolean> {
  const backend = withBytes(place, bytes);
  const { ledger, told } = await open(backend, 2);
  const all = await ledger.searchRuns({ view: "all" });
  expect(
    all.runs.map(({ id }) => id),
    where,
  ).toEqual(place.ids);
  for (const record of all.runs) expect(record, where).toEqual(await ledger.getRun(record.id));
  await ledger.close();
  const found = await ledger.searchRuns({
    filter: "metrics.loss >= 3 AND params.mixed = 'x' AND datasets.name = 'd'",
    orderBy: "metrics.loss",
  });
  expect(
    found.runs.map(({ metrics }) => metrics["loss"]!.last.value),
    where,
  ).toEqual([4, 6, 8]);
  expect(
    told.every(({ code, key }) => code === "CORRUPT" && key === place.key),
    where,
  ).toBe(true);
  if (told.length === 0) return false;
  // It is rebuilt.
  await ledger.close();
  expect([...backend.snapshot().keys()], where).not.toContain(place.key);
  const again = await open(backend, 3);
  expect((await again.ledger.searchRuns({ view: "all" })).runs, where).toEqual(all.runs);
  expect(again.told, where).toEqual([]);
  return true;
}

test("a flipped bit anywhere in a segment is reported, or changes nothing", { timeout: 300_000 }, async () => {
  const place = await compacted();
  const { bytes } = place;
  let told = 0;
  let flips = 0;
  for (let at = 0; at < bytes.length; at += at < bytes.length - 16 ? stride(9) * 33 : 1) {
    const copy = new Uint8Array(bytes);
    copy[at]! ^= 1 << (at % 8);
    flips++;
    if (await isRight(place, copy, `bit ${at % 8} of byte ${at}`)) told++;
  }
  console.info(`segment damage: ${flips} flips, ${told} told of, ${flips - told} without effect`);
  // Footer and offset index are for other readers.
  expect(told).toBeGreaterThan(flips / 3);
});

test("every flipped bit of the directory is reported", async () => {
  const place = await compacted();
  const { bytes } = place;
  const end = bytes.length - 8 - new DataView(bytes.buffer, bytes.byteOffset).getUint32(bytes.length - 8, true);
  const size = directorySize(bytes.subarray(0, end));
  expect(size).toBeGreaterThan(500);
  const open = async (of: Uint8Array): Promise<unknown> =>
    await new SegmentCache(withBytes(place, of)).open({ key: place.key, size: of.length, generation: 1 }, undefined);
  await open(bytes);
  for (let bit = 0; bit < 8 * size; bit += stride(54)) {
    const copy = new Uint8Array(bytes);
    copy[end - size + (bit >> 3)]! ^= 1 << (bit & 7);
    await expect(open(copy), `bit ${bit}`).rejects.toThrow(
      expect.objectContaining({ code: "CORRUPT", key: place.key }) as Error,
    );
  }
});

test("a segment cut anywhere is reported", async () => {
  const place = await compacted();
  for (let length = 0; length < place.bytes.length; length += stride(36) + Math.floor(length / 12))
    expect(await isRight(place, place.bytes.slice(0, length), `cut to ${length}`)).toBe(true);
});

describe("hostile segments", () => {
  /** A segment as another writer might make it. */
  function forged(key: string, row: unknown, columns: readonly TableColumn[], change: object = {}): Uint8Array {
    const file = new PagedTableWriter("record");
    file.add(typeof row === "string" ? row : encodeJson(row, "row"));
    const ending = file.endInPieces(columns, (chunks, pages) =>
      encodeDirectory(key, {
        ...describeSegment(1, chunks, pages, { amends: [], incomplete: false, peers: [], replaces: [], repeats: [] }),
        ...change,
      }),
    );
    inOneGo(ending);
    return file.take();
  }
  const texts = (name: string, ...values: string[]): TableColumn => ({ name, type: "string", values });
  const ints = (name: string, ...values: number[]): TableColumn => ({
    name,
    type: "int64",
    values: Float64Array.from(values),
  });
  const usual = (id: string): TableColumn[] => [
    texts("run_id", id),
    ints("document", 1),
    ints("marker", 0),
    texts("name", "n"),
    texts("experiment", "default"),
    texts("status", "finished"),
    ints("start_time", 1),
  ];
  const sound = (place: Place): RunRecord => record({ id: place.ids[1]!, name: "n", startTime: 1 });
  /** As a segment has it. */
  const stored = (of: RunRecord): object => JSON.parse(encodeRecord(of)) as object;
  const shapes: [what: string, change: object | string | null][] = [
    ["no object", null],
    ["a list", "[]"],
    ["no JSON", "{"],
    ["tags that are none", { tags: null }],
    ["a tag that is a number", { tags: { a: 1 } }],
    ["metrics that are a text", { summaries: "x" }],
    ["a metric without points", { summaries: { a: [] } }],
    ["a metric whose point is a text", { summaries: { a: [1, 1, "1", 0, 0] } }],
    ["a metric whose best is none", { summaries: { a: [1, 1, 1, 0, 0, 1] } }],
    ["no metrics", { summaries: undefined }],
    ["metrics of another kind besides", { metrics: "x" }],
    ["params that are a list", { params: [] }],
    ["a start that is a text", { startTime: "1" }],
    ["an end that is none", { endTime: {} }],
    ["data sets that are none", { datasets: [1] }],
    ["artifacts that are none", { artifacts: {} }],
    ["damage that is none", { damage: [null] }],
    ["a note that is a number", { note: 1 }],
    ["no name", { name: undefined }],
    ["the id of another run", { id: "other" }],
    ["an invalid id", { id: "../x" }],
    ["another experiment", { experiment: "elsewhere" }],
    ["an environment that is a text", { environment: "x" }],
  ];

  test.each(shapes)("a record with %s is never returned", async (_what, change) => {
    const place = await compacted();
    const row = typeof change === "object" && change !== null ? { ...stored(sound(place)), ...change } : change;
    expect(await isRight(place, forged(place.key, row ?? "null", usual(place.ids[1]!)), "forged")).toBe(true);
  });

  const id = "01kdvdna00zzzzzzzzzzzzzzzz";
  const layouts: [what: string, columns: TableColumn[], change?: object][] = [
    ["no columns", []],
    ["ids that are numbers", [ints("run_id", 1), ...usual(id).slice(1)]],
    ["ids that are none", usual("A/../b")],
    ["ids that are missing", [{ ...texts("run_id", ""), nulls: [true] }, ...usual(id).slice(1)]],
    ["times that are texts", [...usual(id).slice(0, -1), texts("start_time", "x")]],
    ["metrics that are texts", [...usual(id), texts("metrics.loss.last", "x")]],
    ["tags that are numbers", [...usual(id), ints("tags.t", 1)]],
    ["numbers that are texts", [...usual(id), texts("numbers.mixed", "x")]],
    ["a status that is a number", [...usual(id).filter(({ name }) => name !== "status"), ints("status", 1)]],
    ["no amends", usual(id), { amends: undefined }],
    ["amends that are no list", usual(id), { amends: {} }],
    ["amends of wrong shape", usual(id), { amends: [null, [1, 2, 3]] }],
    ["more rows than it has", usual(id), { rows: 2 }],
    ["no rows", usual(id), { rows: 0 }],
    ["rows beyond all bounds", usual(id), { rows: 2 ** 40, records: { start: 4, sizes: [1], rows: [2 ** 40] } }],
    ["records beyond its end", usual(id), { records: { start: 4, sizes: [2 ** 40], rows: [1] } }],
    ["records where none are", usual(id), { records: { start: 5, sizes: [20], rows: [1] } }],
    ["no columns in its directory", usual(id), { columns: [] }],
    ["a directory of another version", usual(id), { v: 2 }],
  ];

  test.each(layouts)("a segment with %s is reported", async (_what, columns, change) => {
    const place = await compacted();
    const record = stored({ ...sound(place), id });
    expect(await isRight(place, forged(place.key, record, columns, change), "forged")).toBe(true);
  });

  test.each(["{", "{}", "[1]", '[{"name":1,"digest":"aa"}]'])("data sets that are %s are reported", async (text) => {
    const place = await compacted();
    const backend = memoryBackend();
    const columns = [...usual(id), texts("datasets", text)];
    const key = place.key.replace("000001", "000009");
    const bytes = forged(key, stored({ ...sound(place), id }), columns);
    backend.restore(new Map([...place.backend.snapshot(), [key, bytes]]));
    const { ledger, told } = await open(backend, 2);
    const { runs } = await ledger.searchRuns({ view: "all", filter: "datasets.digest = 'aa'" });
    expect(runs.map((run) => run.id)).toEqual(place.ids);
    expect(told.map(({ code, key }) => [code, key])).toEqual([["CORRUPT", key]]);
  });

  test.each([
    ["datasets", '[{"name":"d"}]'],
    ["artifacts", "["],
    ["inputs", '[{"name":"m","version":1,"digest":"d"}]'],
  ])("links that are malformed are reported, and lineage reads the runs: %s", async (column, text) => {
    const place = await compacted();
    const backend = memoryBackend();
    const key = place.key.replace("000001", "000009");
    const bytes = forged(key, stored({ ...sound(place), id }), [...usual(id), texts(column, text)]);
    backend.restore(new Map([...place.backend.snapshot(), [key, bytes]]));
    const { ledger, told } = await open(backend, 2);
    expect((await ledger.lineage(place.ids[0]!)).edges).toEqual([{ from: "d@aa", to: place.ids[0], kind: "used" }]);
    expect(told.map(({ code, key: of }) => [code, of])).toEqual([["CORRUPT", key]]);
  });

  test("a missing run in an intact segment does not affect the others", async () => {
    const place = await compacted();
    const key = place.key.replace("000001", "000009");
    const writer = new SegmentWriter(key);
    writer.add({ record: { ...sound(place), id }, document: 1, marker: 0 });
    const backend = memoryBackend();
    backend.restore(new Map([...place.backend.snapshot(), [key, writer.end()]]));
    const { ledger, told } = await open(backend, 2);
    expect((await ledger.searchRuns({ view: "all" })).runs.map((run) => run.id)).toEqual([...place.ids, id]);
    expect(told).toEqual([]);
    // Only the runs count.
    await ledger.rebuildCatalog();
    expect((await ledger.searchRuns({ view: "all" })).runs.map((run) => run.id)).toEqual(place.ids);
  });

  test("false counts and sizes take no memory", async () => {
    const place = await compacted();
    const { bytes } = place;
    // A footer as long as the file, a table of another kind, and one that inflates to far more bytes than it states.
    const long = new Uint8Array(bytes);
    new DataView(long.buffer).setUint32(bytes.length - 8, bytes.length - 12, true);
    const longest = new Uint8Array(bytes);
    new DataView(longest.buffer).setUint32(bytes.length - 8, 0xffffffff, true);
    const plain = encodeTable([ints("run_id", 1)]);
    const before = process.memoryUsage().rss;
    for (const hostile of [long, longest, plain, new Uint8Array(1 << 20), new TextEncoder().encode("PAR1PAR1")])
      expect(await isRight(place, hostile, "hostile")).toBe(true);
    expect(process.memoryUsage().rss - before).toBeLessThan(300 << 20);
  });

  test("names such as __proto__ are names", async () => {
    const backend = memoryBackend();
    const { ledger } = await open(backend, 1);
    for (let i = 0; i < 9; i++) {
      const own = JSON.parse(`{"__proto__":${i},"constructor":1,"toString":${i}}`) as object;
      const run = await ledger.startRun({ environment: false, params: own, tags: own as Record<string, string> });
      run.log(own as Record<string, number>);
      await run.finish();
    }
    for (let round = 0; round < 2; round++) {
      for (const filter of [
        "params.__proto__ > 6",
        "tags.__proto__ = '7' OR tags.__proto__ = '8'",
        "metrics.__proto__ > 6",
      ])
        expect((await ledger.searchRuns({ filter })).runs).toHaveLength(2);
      expect((await ledger.searchRuns({ filter: "params.hasOwnProperty IS NOT NULL" })).runs).toEqual([]);
      expect((await ledger.searchRuns({ filter: "tags.valueOf IS NOT NULL" })).runs).toEqual([]);
    }
  });
});

test("keys that are not entries, and entries of missing runs, are ignored", async () => {
  const place = await compacted();
  const { backend, ids } = place;
  const other = ids[1]!;
  const keys = [
    "experiments/x",
    "experiments/default/entries/x",
    "experiments/default/entries/x.c1",
    "experiments/default/entries/X.c0001",
    "experiments/default/entries/nobody.c0001",
    "experiments/default/entries/nobody.o0000",
    "experiments/default/entries/nobody.m999999999",
    `experiments/default/entries/${other}.c99999999999`,
    `experiments/default/entries/${other}.q0001`,
    `experiments/default/entries/${other}.c0001.more`,
    `experiments/default/entries/deep/${other}.c0001`,
    // Of a run that is of another experiment.
    `experiments/elsewhere/entries/${other}.c0001`,
    `experiments/default/entries/${ids[2]!}.c9999`,
    `experiments/default/entries/${ids[3]!}.o9999`,
    "experiments/default/segments/x.parquet",
    "experiments/default/segments/1-x.parquet",
    "experiments/default/segments/000001-X.parquet",
    "experiments/default/segments/000001-x.parquet.more",
    "experiments/default/rooms/000001-x.parquet",
  ];
  for (const key of keys) await backend.create(key, new Uint8Array(3));
  const { ledger, told } = await open(backend, 2);
  for (let round = 0; round < 3; round++) {
    expect((await ledger.searchRuns({ view: "all" })).runs.map(({ id }) => id)).toEqual(ids);
    expect((await ledger.searchRuns({ experiment: "elsewhere", view: "all" })).runs).toEqual([]);
    for (let i = 0; i < 8 && round === 0; i++) {
      const run = await ledger.startRun({ environment: false, experiment: "more" });
      await run.finish();
      await ledger.deleteRun(run.id);
    }
    const { runs } = await ledger.searchRuns({ experiment: "default", view: "all" });
    expect(runs.map(({ id }) => id)).toEqual(ids);
    if (round === 0) break;
  }
  expect(told).toEqual([]);
});

describe("page tokens", () => {
  const QUERY = { experiment: undefined, filter: "", view: "active", orderBy: [] };
  const forge = (data: unknown): string => {
    const text = encodeJson(data, "token");
    const sum = crc32(new TextEncoder().encode(text)).toString(16).padStart(8, "0");
    return Buffer.from(text + sum).toString("base64url");
  };
  const bad = expect.objectContaining({ code: "INVALID_ARGUMENT", field: "pageToken" }) as object;

  test("anything but a token of that query is refused", async () => {
    const { backend } = await compacted();
    const { ledger } = await open(backend, 2);
    const { nextPageToken: token } = await ledger.searchRuns({ limit: 2, orderBy: "metrics.loss" });
    const query = (JSON.parse(Buffer.from(token!, "base64url").toString().slice(0, -8)) as { query: string }).query;
    const whole = { v: 1, query, keys: [1], start: 1, id: "a" };
    expect((await ledger.searchRuns({ orderBy: "metrics.loss", pageToken: token! })).runs).toHaveLength(6);
    const first = (await ledger.searchRuns()).runs[0]!;
    const forgeries = [
      "",
      "x",
      "…",
      "a".repeat(100_000),
      token!.slice(1),
      token!.slice(0, -1),
      `${token}x`,
      forge(null),
      forge([]),
      forge({ ...whole, v: 2 }),
      forge({ ...whole, query: "" }),
      forge({ ...whole, keys: [] }),
      forge({ ...whole, keys: [1, 2] }),
      forge({ ...whole, keys: [{}] }),
      forge({ ...whole, keys: [[]] }),
      forge({ ...whole, keys: [1n] }),
      forge({ ...whole, keys: undefined }),
      forge({ ...whole, start: "1" }),
      forge({ ...whole, id: 1 }),
      encodePageToken(QUERY, recordRow(first)),
    ];
    for (const pageToken of forgeries)
      await expect(ledger.searchRuns({ orderBy: "metrics.loss", pageToken }), pageToken.slice(0, 80)).rejects.toThrow(
        bad,
      );
    const others: RunQuery[] = [
      { orderBy: [] },
      { orderBy: "metrics.loss DESC" },
      { view: "all" },
      { filter: "params.i = 1" },
      { experiment: "default" },
    ];
    for (const query of others)
      await expect(ledger.searchRuns({ orderBy: "metrics.loss", ...query, pageToken: token! })).rejects.toThrow(bad);
    // Each byte of it is checked.
    for (let at = 0; at < token!.length - 1; at++) {
      const flipped = `${token!.slice(0, at)}${token![at] === "A" ? "B" : "A"}${token!.slice(at + 1)}`;
      await expect(ledger.searchRuns({ orderBy: "metrics.loss", pageToken: flipped })).rejects.toThrow(bad);
    }
  });

  test("a page that ends with a long text still has a token", async () => {
    const { ledger } = await open(memoryBackend(), 1);
    for (const letter of "cab") {
      const run = await ledger.startRun({ environment: false, note: letter.repeat(200_000) });
      await run.finish();
    }
    const notes: string[] = [];
    for await (const { note } of ledger.iterateRuns({ orderBy: "note", limit: 1 })) notes.push(note![0]!);
    expect(notes).toEqual(["a", "b", "c"]);
  });
});
