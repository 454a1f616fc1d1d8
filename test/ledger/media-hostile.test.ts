import { beforeEach, describe, expect, test } from "vitest";
import type { MemoryBackend } from "../../src/backends/memory/index.ts";
import type { Ledger, MediaEntry, Run } from "../../src/index.ts";
import { createTestLedger, recordingBackend } from "../../src/testing/index.ts";
import { openLedger } from "../../src/index.ts";
import { decodeEvent } from "../../src/journal/decode-event.ts";
import { png, webp } from "../media/pictures.ts";

const corrupt = expect.objectContaining({ code: "CORRUPT" });

let ledger: Ledger;
let backend: MemoryBackend;
let run: Run;
beforeEach(async () => {
  ({ ledger, backend } = await createTestLedger());
  run = await ledger.startRun();
});

/** Returns the key of the object with a content that is alone in it. */
const keyOf = ({ digest = "", packed, size }: MediaEntry): string =>
  packed
    ? `runs/${packed.run}/media/${packed.stream}.${packed.offset}-${packed.offset + size}.${digest.slice(7)}`
    : `blobs/sha256/${digest.slice(7, 9)}/${digest.slice(7)}`;

/** A PNG file that is too large for a pack. */
const large = (bytes: Uint8Array): Uint8Array => new Uint8Array([...bytes, ...new Uint8Array(70_000)]);

async function replace(entry: MediaEntry, bytes: Uint8Array): Promise<void> {
  await backend.remove(keyOf(entry));
  await backend.create(keyOf(entry), bytes);
}

/** An entry whose blob is stored under its true digest, as a hostile store can have it. */
async function entryOf(bytes: Uint8Array, rest: Partial<MediaEntry>): Promise<MediaEntry> {
  const { digest } = await run.logArtifact("x", bytes);
  return { key: "k", type: "image", step: 0, time: 0, mediaType: "image/png", size: bytes.length, digest, ...rest };
}

describe.each([
  ["a pack", png(4, 4)],
  ["a blob", large(png(4, 4))],
])("%s that is not what was logged is an error that names it", (kind, image) => {
  test.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ["changed", (bytes) => bytes.map((byte, i) => (i === 40 ? byte ^ 1 : byte))],
    ["shorter", (bytes) => bytes.subarray(1)],
    ["empty", () => new Uint8Array(0)],
    // A pack may hold more.
    ["longer", (bytes) => new Uint8Array(kind === "a pack" ? [0, ...bytes] : [...bytes, 0])],
  ])("%s", async (_, change) => {
    const entry = await run.logImage("a", image);
    await replace(entry, change(image));
    await expect(ledger.openMedia(entry)).rejects.toThrow(
      expect.objectContaining({ code: "CORRUPT", key: keyOf(entry) }),
    );
  });

  test("missing", async () => {
    const entry = await run.logImage("a", image);
    await backend.remove(keyOf(entry));
    await expect(ledger.openMedia(entry)).rejects.toThrow(corrupt);
    // Others replace a pack by one that repeats it.
    if (entry.packed === undefined) return;
    const { run: id, stream } = entry.packed;
    await backend.create(
      `runs/${id}/media/${stream}.0-${image.length + 5}.${"0".repeat(64)}`,
      new Uint8Array([...image, 1, 2, 3, 4, 5]),
    );
    expect(await ledger.openMedia(entry)).toMatchObject({ bytes: image });
  });
});

describe("a record that says something else than the content is an error", () => {
  const image = { width: 4, height: 4 };
  test.each<[string, Uint8Array, Partial<MediaEntry>]>([
    ["another size in pixels", png(4, 4), { width: 4, height: 5 }],
    ["no size in pixels", png(4, 4), {}],
    ["another format", png(4, 4), { ...image, mediaType: "image/webp" }],
    ["no image", new Uint8Array(100), image],
    ["a huge image", webp("VP8X", 2 ** 24, 2 ** 24), { mediaType: "image/webp", width: 2 ** 24, height: 2 ** 24 }],
    ["a text that is no UTF-8", new Uint8Array([0xff, 0xfe]), { type: "text" }],
    ["a histogram that is none", new TextEncoder().encode('{"counts":[1]}'), { type: "histogram" }],
    ["a table that is none", png(4, 4), { type: "table", rows: 1, columns: 1 }],
    ["a table without a size", png(4, 4), { type: "table" }],
    ["a table of too many cells", png(4, 4), { type: "table", rows: 2 ** 50, columns: 2 ** 50 }],
    ["a size that no value has", png(4, 4), { ...image, size: 2 ** 40 }],
    ["a negative size", png(4, 4), { ...image, size: -1 }],
  ])("%s", async (_, bytes, rest) => {
    await expect(ledger.openMedia(await entryOf(bytes, rest))).rejects.toThrow(corrupt);
  });

  test("a size far beyond the bound is refused before anything is read", async () => {
    const recording = recordingBackend(backend);
    const other = await openLedger(recording);
    recording.calls.length = 0;
    const entry = await entryOf(png(4, 4), { size: 2 ** 40 });
    await expect(other.openMedia(entry)).rejects.toThrow(corrupt);
    expect(recording.calls).toEqual([]);
  });

  test.each([
    [{ run: "../x", stream: "s", offset: 0 }, "RUN_NOT_FOUND"],
    [{ run: "x", stream: "../s", offset: 0 }, "INVALID_ARGUMENT"],
    [{ run: "x", stream: "s", offset: -1 }, "INVALID_ARGUMENT"],
    [{ run: "x", stream: "s", offset: 2 ** 60 }, "INVALID_ARGUMENT"],
    ["x", "INVALID_ARGUMENT"],
    [null, "INVALID_ARGUMENT"],
  ])("a place that no content has: %j", async (packed, expected) => {
    const entry = await entryOf(png(4, 4), image);
    await expect(ledger.openMedia({ ...entry, packed } as MediaEntry)).rejects.toMatchObject({ code: expected });
  });

  test("a packed content of more than 8 MiB is refused before anything is read", async () => {
    const entry = await run.logImage("a", png(4, 4));
    const recording = recordingBackend(backend);
    const other = await openLedger(recording);
    recording.calls.length = 0;
    await expect(other.openMedia({ ...entry, size: 2 ** 23 + 1 })).rejects.toThrow(corrupt);
    expect(recording.calls).toEqual([]);
  });

  test("packs with other bytes of the same range are tried, but only a few", async () => {
    const entry = await run.logImage("a", png(4, 4));
    const { run: id, stream } = entry.packed!;
    const name = (n: number): string => `runs/${id}/media/${stream}.0-${entry.size}.${String(n).padStart(64, "0")}`;
    await backend.create(name(0), new Uint8Array(entry.size));
    expect(await ledger.openMedia(entry)).toMatchObject({ bytes: png(4, 4) });
    await backend.remove(keyOf(entry));
    for (let n = 1; n < 50; n++) await backend.create(name(n), new Uint8Array(entry.size));
    const recording = recordingBackend(backend);
    await expect((await openLedger(recording)).openMedia(entry)).rejects.toThrow(corrupt);
    expect(recording.calls.filter(({ operation }) => operation === "read").length).toBeLessThan(12);
  });

  test("an inline text of another size", async () => {
    const entry = await run.logText("a", "short");
    await expect(ledger.openMedia({ ...entry, inline: "shorter" })).rejects.toThrow(corrupt);
  });
});

test("an event that no writer makes is skipped as unknown", () => {
  const digest = `sha256:${"0".repeat(64)}`;
  const event = { kind: "media", v: 1, order: 1, time: 1, key: "k", type: "text", step: 0, at: 1, n: 0, size: 5 };
  const read = (rest: object): object =>
    decodeEvent(new TextEncoder().encode(JSON.stringify({ ...event, mediaType: "text/plain", ...rest })));
  expect(read({ digest })).toHaveProperty("event");
  expect(read({ inline: "short" })).toHaveProperty("event");
  expect(read({ digest, packed: { stream: "s", offset: 0 } })).toHaveProperty("event");
  for (const rest of [
    {},
    { digest, inline: "short" },
    { digest: `sha256:../${"0".repeat(61)}` },
    { digest: digest.toUpperCase() },
    { digest, step: 0.5 },
    { digest, n: -1 },
    { digest, size: 1e300 },
    { digest, width: "4" },
    { digest, type: "video" },
    { digest, dates: [-1] },
    { digest, key: 5 },
    { digest, v: 2 },
    { inline: "short", packed: { stream: "s", offset: 0 } },
    { digest, packed: { stream: "../s", offset: 0 } },
    { digest, packed: { stream: "s", offset: -1 } },
    { digest, packed: null },
  ]) {
    expect(read(rest)).toHaveProperty("unknown");
  }
});

test("a damaged journal is CORRUPT, unless the caller wants what is intact", async () => {
  void run.logText("a", "first");
  await run.flush();
  void run.logText("a", "second");
  await run.flush();
  void run.logText("a", "third");
  await run.flush();
  const segments: string[] = [];
  for await (const { key } of backend.list(`runs/${run.id}/journal`)) segments.push(key);
  const key = segments[0] as string;
  const bytes = await backend.read(key);
  const at = new TextDecoder("latin1").decode(bytes).indexOf("second");
  bytes[at]! ^= 1;
  await backend.remove(key);
  await backend.create(key, bytes);
  await expect(ledger.media(run.id)).rejects.toThrow(expect.objectContaining({ code: "CORRUPT", key }));
  expect((await ledger.media(run.id, { damaged: "skip" })).map(({ inline }) => inline)).toEqual(["first", "third"]);
});
