import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { decodeDirectory, directorySize, encodeDirectory } from "../../src/catalog/segment-directory.ts";
import { decodeCells } from "../../src/catalog/column-cells.ts";
import { type LedgerError, openLedger } from "../../src/index.ts";
import { ByteSink } from "../../src/parquet/byte-sink.ts";
import { CODEC, ENCODING, TYPE } from "../../src/parquet/thrift-enums.ts";
import { PagedChunk } from "../../src/parquet/column-chunk-write.ts";
import { inflatesTooFar } from "../../src/parquet/page-read.ts";
import { processorMs } from "../processor-time.ts";

const MIB = 1024 * 1024;

/** Returns a page of texts, each after its length, as a separate chunk. */
function page(texts: readonly Uint8Array[]): Uint8Array {
  const plain = Buffer.concat(
    texts.flatMap((text) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(text.length);
      return [length, text];
    }),
  );
  const out = new ByteSink();
  const chunk = new PagedChunk(
    out,
    { name: "record", type: TYPE.byteArray, optional: false },
    { compress: ({ bytes }) => gzipSync(bytes, { level: 9 }), reset: () => {} },
  );
  chunk.add({ encoding: ENCODING.plain, count: texts.length, bytes: plain });
  return out.written.slice();
}

/** Nine runs in a segment, whose records are replaced by one page. */
async function withPage(hostile: Uint8Array) {
  const backend = memoryBackend();
  const ledger = await openLedger(backend);
  for (let i = 0; i < 9; i++) {
    const run = await ledger.startRun({ environment: false });
    run.log({ a: i });
    await run.finish();
  }
  await ledger.searchRuns();
  await ledger.close();
  const objects = new Map(backend.snapshot());
  const key = [...objects.keys()].find((each) => each.includes("/segments/"))!;
  const bytes = objects.get(key)!;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const end = bytes.length - 8 - view.getUint32(bytes.length - 8, true);
  const start = end - directorySize(bytes.subarray(0, end));
  const directory = decodeDirectory(key, bytes.subarray(start, end), start);
  const records = { start, sizes: [hostile.length], rows: [9] };
  const parts = [
    bytes.subarray(0, start),
    hostile,
    encodeDirectory(key, { ...directory, records }),
    bytes.subarray(end),
  ];
  objects.set(key, new Uint8Array(Buffer.concat(parts)));
  backend.restore(objects);
  const told: LedgerError[] = [];
  return { ledger: await openLedger(backend.open(), { onError: (error) => told.push(error) }), told };
}

describe("a small segment that would inflate to a huge size", () => {
  const json = (bytes: number): Uint8Array => Buffer.from(`[${"[],".repeat(bytes / 3)}0]`);
  test.each<[string, Uint8Array]>([
    ["JSON of many arrays", json(30 * MIB)],
    ["spaces", Buffer.alloc(30 * MIB, " ")],
    ["JSON of many arrays that is not refused by its ratio", json(900_000)],
  ])("%s: the runs themselves are read, and a new segment replaces it", async (_, body) => {
    const empty = new Uint8Array();
    const { ledger, told } = await withPage(page([body, ...Array.from({ length: 7 }, () => empty), body]));
    expect((await ledger.searchRuns()).runs).toHaveLength(9);
    expect(told.map(({ code }) => code)).toEqual(["CORRUPT"]);
    await ledger.close();
    expect((await ledger.searchRuns()).runs).toHaveLength(9);
    expect(told).toHaveLength(1);
  });

  test("columns inflate to no more than their rows can take, or their bytes", () => {
    const many = new Uint8Array(40 * MIB);
    const bytes = page([many]);
    const column = { codec: CODEC.gzip, nulls: 0 };
    expect(() => decodeCells(bytes, { ...column, type: "string" }, 1)).toThrow(/inflates to too many bytes/);
    const small = page([new Uint8Array(900_000)]);
    expect(decodeCells(small, { ...column, type: "string" }, 1).at(0)).toHaveLength(900_000);
    for (const type of ["double", "int64", "boolean"] as const)
      expect(() => decodeCells(small, { ...column, type }, 1)).toThrow(/inflates to too many bytes/);
  });
});

test("records and texts that compress very well come back, in a form that readers accept", async () => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend);
  const note = "a".repeat(MIB);
  for (let i = 0; i < 9; i++) {
    const run = await ledger.startRun({ environment: false, note: i === 4 ? note : "short" });
    await run.finish();
  }
  await ledger.searchRuns();
  await ledger.close();
  const told: LedgerError[] = [];
  const again = await openLedger(backend.open(), { onError: (error) => told.push(error) });
  expect((await again.searchRuns({ filter: 'attributes.note LIKE "aaa%"' })).runs.map((run) => run.note)).toEqual([
    note,
  ]);
  expect(told).toEqual([]);
  const segments = [...backend.snapshot()].filter(([key]) => key.includes("/segments/"));
  expect(segments).toHaveLength(1);
  expect(inflatesTooFar(segments[0]![1].length, 2 * note.length)).toBe(false);
});

describe("page tokens", () => {
  test("are at most 8 kB, even if a page ends with a long text", async () => {
    const ledger = await openLedger(memoryBackend());
    for (const letter of "cab") {
      const run = await ledger.startRun({
        environment: false,
        note: letter.repeat(200_000),
        tags: { t: `${letter}é` },
      });
      await run.finish();
    }
    const first = await ledger.searchRuns({ orderBy: "note", limit: 1 });
    expect(first.nextPageToken!.length).toBeLessThan(8192);
    const second = await ledger.searchRuns({ orderBy: "note", limit: 1, pageToken: first.nextPageToken! });
    expect([...first.runs, ...second.runs].map((run) => run.note?.[0])).toEqual(["a", "b"]);
  });

  test("a long one is refused before it is decoded", async () => {
    const ledger = await openLedger(memoryBackend());
    const pageToken = "a".repeat(30 * MIB);
    const took = await processorMs(() =>
      expect(ledger.searchRuns({ pageToken })).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field: "pageToken" }),
    );
    expect(took).toBeLessThan(1000);
  });
});
