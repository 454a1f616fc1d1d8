import { expect, onTestFinished, test, vi } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { openLedger, type TableSource } from "../../src/index.ts";
import { toMediaEntries } from "../../src/journal/media-entries.ts";
import type { MediaRecord } from "../../src/journal/event.ts";
import { imageContent } from "../../src/media/image.ts";
import { tableContent } from "../../src/media/table.ts";
import type { MediaContent } from "../../src/media/content.ts";
import { copyInput } from "../../src/run/copy-input.ts";
import { turnsDuring } from "../turns.ts";
import { countYields } from "../yields.ts";

const ROWS = 20_000;

/** Tables of every form, with two texts a row. */
const tables: Record<string, TableSource> = {
  columns: {
    a: Float64Array.from({ length: ROWS }, (_, i) => i),
    b: Array.from({ length: ROWS }, (_, i) => `text ${i}`.padEnd(100, ".")),
    c: Array.from({ length: ROWS }, (_, i) => BigInt(i)),
    d: Array.from({ length: ROWS }, (_, i) => `image ${i}.png`),
  },
  rows: {
    columns: ["a", "b", "c", "d"],
    rows: Array.from({ length: ROWS }, (_, i) => [i, `text ${i}`.padEnd(100, "."), BigInt(i), `image ${i}.png`]),
  },
  objects: Array.from({ length: ROWS }, (_, i) => {
    return { a: i, b: `text ${i}`.padEnd(100, "."), c: BigInt(i), d: `image ${i}.png` };
  }),
};

test.each(Object.keys(tables))(
  "a table as %s is checked and copied without an exception for any row or cell",
  (form) => {
    const getTime = vi.spyOn(Date.prototype, "getTime");
    onTestFinished(() => void vi.restoreAllMocks());
    // A call that throws takes microseconds: half a second for 100,000 rows.
    tableContent(copyInput(tables[form], () => {}));
    expect(getTime.mock.calls.length).toBeLessThan(10);
  },
);

test("every form of a table has the same bytes, and they are made with breaks after some ten thousand cells", async () => {
  const made: Uint8Array[] = [];
  for (const table of Object.values(tables)) {
    const { encode } = tableContent(table);
    const turns = await turnsDuring(async () => made.push(await encode()));
    // For each of two groups of rows: two for each column, and one for each 64 KiB of text, written and compressed.
    const textBytes = ROWS * 104;
    expect(turns).toBeGreaterThan(2 * 4 * 2 + textBytes / 65_536 + textBytes / 131_072);
  }
  expect(Buffer.compare(made[0]!, made[1]!)).toBe(0);
  expect(Buffer.compare(made[0]!, made[2]!)).toBe(0);
});

test("pixels and image files that are copies already are not copied again", async () => {
  const data = new Uint8Array(64 * 64 * 4);
  const image = { data, width: 64, height: 64 };
  const bytesOf = async (content: unknown): Promise<Uint8Array> => await (content as MediaContent).encode();
  const [own, theirs] = [imageContent(image, undefined, true), imageContent(image, undefined)];
  const black = await bytesOf(imageContent(image, undefined));
  data.fill(255);
  const white = await bytesOf(imageContent(image, undefined));
  // The change shows only where nothing was copied.
  expect(Buffer.compare(await bytesOf(own), white)).toBe(0);
  expect(Buffer.compare(await bytesOf(theirs), black)).toBe(0);
  expect(await bytesOf(imageContent(white, undefined, true))).toBe(white);
  expect(await bytesOf(imageContent(white, undefined))).not.toBe(white);
});

test("a large artifact lets other work run after each MiB that is hashed", async () => {
  const ledger = await openLedger(memoryBackend());
  const run = await ledger.startRun({ environment: false });
  await run.logArtifact("small", new Uint8Array(10));
  const mebibytes = 64;
  const turns = await turnsDuring(() => run.logArtifact("large", new Uint8Array(mebibytes * 1024 * 1024)));
  expect(turns).toBeGreaterThanOrEqual(mebibytes);
  await run.finish();
});

test("a list of many values is sorted and made with breaks after at most 2,048 of them", () => {
  const length = 20_000;
  const event = (n: number): MediaRecord =>
    ({ kind: "media", n, at: n, key: "k", type: "text", step: (n * 7919) % length, size: 1 }) as never;
  const { value, yields } = countYields(toMediaEntries("run", [Array.from({ length }, (_, i) => event(length - i))]));
  expect(yields).toBeGreaterThan((2 * length) / 2048 + length / 1024);
  expect(value).toHaveLength(length);
  const steps = value.map(({ step }) => step);
  expect(steps).toEqual(steps.toSorted((a, b) => a - b));
});
