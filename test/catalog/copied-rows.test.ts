import fc from "fast-check";
import { expect, test } from "vitest";
import { type MemoryBackend, memoryBackend } from "../../src/backends/memory/index.ts";
import type { CatalogContext } from "../../src/catalog/catalog-context.ts";
import type { CatalogRow } from "../../src/catalog/catalog-row.ts";
import { experimentPrefix } from "../../src/catalog/catalog-entry.ts";
import { listCatalog } from "../../src/catalog/list-catalog.ts";
import type { Segment } from "../../src/catalog/segment.ts";
import { SegmentCache } from "../../src/catalog/segment-cache.ts";
import { storeRows } from "../../src/catalog/segment-write.ts";
import { type CopiedRows, copyRows } from "../../src/catalog/copied-rows.ts";
import { metric, record } from "../filter/rows.ts";
import { rounds } from "../rounds.ts";

const PREFIX = experimentPrefix("default");

const number = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(Number.NaN, -0, Infinity));
const text = fc.oneof(fc.constantFrom("", "adam", "指标", "\0"), fc.string({ unit: "grapheme", maxLength: 8 }));
const leaf = fc.oneof(number, text, fc.boolean());
const key = fc.constantFrom("a", "b", "lr", "x.y", "numbers", "__proto__");
const fields = fc.record(
  {
    params: fc.dictionary(key, fc.oneof(leaf, fc.dictionary(key, leaf, { maxKeys: 2 })), { maxKeys: 4 }),
    tags: fc.dictionary(key, text, { maxKeys: 3 }),
    metrics: fc.dictionary(
      key,
      fc.array(number, { minLength: 1, maxLength: 3 }).map((all) => metric(...all)),
      {
        maxKeys: 3,
      },
    ),
    // Long records fill a page, and so does one that is as long as several.
    note: fc.oneof(
      fc.string({ maxLength: 9 }),
      fc.nat(9).map((k) => `${k}`.repeat(3000)),
      fc.nat(9).map((k) => `${k}`.repeat(40_000)),
    ),
    endTime: fc.oneof(fc.nat(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(-0)),
    deletedAt: fc.nat(),
    datasets: fc.constant([{ name: "d", digest: "aa", time: 1 }]),
  },
  { requiredKeys: [] },
);
const rowsOf = (salt: string): fc.Arbitrary<CatalogRow[]> =>
  fc
    .array(fc.record({ fields, document: fc.integer({ min: 1, max: 3 }), marker: fc.nat(2) }), {
      minLength: 1,
      maxLength: 12,
    })
    .map((all) =>
      all.map(({ fields, document, marker }, i) => ({
        record: record({ ...(fields as object), id: `${salt}${String(i).padStart(25, "0")}` }),
        document,
        marker,
      })),
    );
const pick = fc.infiniteStream(fc.boolean());

interface Place {
  readonly backend: MemoryBackend;
  readonly context: Pick<CatalogContext, "backend" | "newId" | "segments" | "onError">;
}

function newPlace(): Place {
  const backend = memoryBackend();
  let made = 0;
  const newId = (): string => `id${made++}`;
  return { backend, context: { backend, segments: new SegmentCache(backend), newId, onError: () => {} } };
}

async function store(
  { context }: Place,
  generation: number,
  rows: () => Iterable<CatalogRow> | AsyncIterable<CatalogRow | CopiedRows>,
): Promise<Segment> {
  const iterate = async function* (): AsyncGenerator<CatalogRow | CopiedRows> {
    yield* rows();
  };
  const [key] = await storeRows(context, PREFIX, generation, iterate(), undefined);
  const {
    experiments: [listing],
  } = await listCatalog(context.backend, "default", () => {}, undefined);
  return await context.segments.open(
    listing!.segments.find((name) => name.key === key)!,
    undefined,
  );
}

/** Returns everything in a segment, in an order that does not depend on that of its columns. */
async function contentOf({ backend }: Place, segment: Segment): Promise<unknown> {
  const { rows, amends, incomplete, columns } = segment.directory;
  await segment.load(
    backend,
    columns.map(({ name }) => name),
    1,
    undefined,
  );
  const all = Array.from({ length: rows }, (_, row) => row);
  return {
    rows,
    amends,
    incomplete,
    columns: new Map(
      columns.map(({ name, type, nulls, min, max }) => {
        const cells = segment.cells(name)!;
        return [name, { type, nulls, min, max, cells: all.map((row) => cells.at(row)) }];
      }),
    ),
    records: await segment.records(backend, all, 1, undefined),
  };
}

test("rows copied from segments equal rows written from their records", async () => {
  const seen = { pages: 0, texts: 0 };
  await fc.assert(
    fc.asyncProperty(rowsOf("a"), rowsOf("b"), rowsOf("c"), pick, async (loose, left, right, picks) => {
      const place = newPlace();
      const sources = [await store(place, 1, () => left), await store(place, 1, () => right)];
      const wanted = [left, right].map((rows) => rows.map((_, at) => at).filter(() => picks.next().value));
      const expected = [left, right].flatMap((rows, i) => wanted[i]!.map((at) => rows[at]!));
      const merged = await store(place, 2, async function* () {
        yield* loose;
        for (const [i, source] of sources.entries()) {
          for await (const some of copyRows(source, place.backend, wanted[i]!, undefined)) {
            seen["gzip" in some.records ? "pages" : "texts"]++;
            yield some;
          }
        }
      });
      const direct = await store(place, 3, () => [...loose, ...expected]);
      expect(await contentOf(place, merged)).toEqual(await contentOf(place, direct));
    }),
    { numRuns: rounds(40, 150) },
  );
  console.log(`copied rows: ${JSON.stringify(seen)}`);
  expect(Math.min(seen.pages, seen.texts)).toBeGreaterThan(rounds(12, 50));
});

test("a damaged page is not copied", async () => {
  const place = newPlace();
  const rows = Array.from({ length: 40 }, (_, i) => ({
    record: record({ id: String(i).padStart(26, "0"), note: `${i}${"x".repeat(4000)}${i * i}` }),
    document: 1,
    marker: 0,
  }));
  const { name, directory } = await store(place, 1, () => rows);
  const { start, sizes } = directory.records;
  const end = sizes.reduce((sum, size) => sum + size, start);
  expect(sizes.length).toBeGreaterThan(5);
  const whole = place.backend.snapshot();
  const bytes = whole.get(name.key)!;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: start, max: end - 1 }), fc.nat(7), async (at, bit) => {
      const flipped = new Uint8Array(bytes);
      flipped[at]! ^= 1 << bit;
      const backend = memoryBackend();
      backend.restore(new Map([...whole, [name.key, flipped]]));
      const {
        experiments: [listing],
      } = await listCatalog(backend, "default", () => {}, undefined);
      const segment = await new SegmentCache(backend).open(listing!.segments[0]!, undefined);
      const all = rows.map((_, row) => row);
      const taken = async (): Promise<CopiedRows[]> => {
        const some: CopiedRows[] = [];
        for await (const each of copyRows(segment, backend, all, undefined)) some.push(each);
        return some;
      };
      // Some bits have no meaning. Then every record must be unchanged.
      const outcome = await taken().catch((error: unknown) => error);
      if (!Array.isArray(outcome)) {
        expect(outcome).toMatchObject({ code: "CORRUPT", key: name.key });
        return;
      }
      const place = newPlace();
      const merged = await store(place, 2, async function* () {
        yield* outcome as CopiedRows[];
      });
      const records = await merged.records(place.backend, all, 1, undefined);
      expect(all.map((row) => records.get(row))).toEqual(rows.map(({ record: each }) => each));
    }),
    { numRuns: rounds(80, 300) },
  );
});
