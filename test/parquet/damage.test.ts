import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { MetricsReader, type ReadPoints } from "../../src/parquet/metrics-reader.ts";
import { bitsOf, expected, metricsFile, openBytes, series } from "./fixtures.ts";
import { v1File } from "./v1-file.ts";
import { rounds, stride } from "../rounds.ts";

const groups = [[series("a/loss", 9, 2 ** 34)], [series("b/漢字", 12, -5), series("b/漢字/x", 4), series("c", 3)]];
const right = bitsOf(expected(groups));
const justPacked = bitsOf(expected([[groups[1]![1]!]]));

/** What reading `bytes` all at once gives: the data, or the error. */
async function readAll(bytes: Uint8Array, keys?: ReadonlySet<string>): Promise<Record<string, string>[] | LedgerError> {
  try {
    const { reader } = await openBytes(bytes);
    return bitsOf(await reader.points(keys));
  } catch (error) {
    return errorOfFile(error);
  }
}

/** The error, if it is the one a damaged file has to give. */
function errorOfFile(error: unknown): LedgerError {
  const names =
    LedgerError.hasCode(error, "CORRUPT") &&
    error.key === "metrics.parquet" &&
    /^metrics\.parquet cannot be read: ./.test(error.message);
  if (!names) throw error;
  return error;
}

/** Reads every variant; returns how many were noticed. All others have to give `wanted`. */
async function noticed(
  file: Uint8Array,
  flips: Iterable<[byte: number, bit: number]>,
  wanted: unknown,
  keys?: ReadonlySet<string>,
): Promise<number> {
  let errors = 0;
  for (const [byte, bit] of flips) {
    const damaged = file.slice();
    damaged[byte]! ^= 1 << bit;
    const result = await readAll(damaged, keys);
    if (LedgerError.is(result)) errors++;
    else expect(result, `byte ${byte}, bit ${bit}`).toEqual(wanted);
  }
  return errors;
}

/** One bit in so many is flipped; in a sample another one of each byte. */
const EVERY = stride(11);

function* bits(from: number, to: number): Generator<[number, number]> {
  for (let at = 8 * from; at < 8 * to; at += EVERY) yield [at >> 3, at & 7];
}

const footerOf = (file: Uint8Array): number =>
  file.length - 8 - new DataView(file.buffer).getUint32(file.length - 8, true);

const files = {
  "v1, gzip": v1File(groups),
  "v1, gzip, checksum of the footer": v1File(groups, { checksum: true, crc: true }),
  "v1, uncompressed, page CRCs": v1File(groups, { codec: "UNCOMPRESSED", crc: true }),
  "v2, gzip": metricsFile(groups, { runId: "r" }),
};

describe.each(Object.entries(files))("%s", (_, file) => {
  test("an undamaged file is read correctly", async () => {
    expect(await readAll(file)).toEqual(right);
  });

  test("cut off anywhere: an error that names the file", async () => {
    for (let length = 0; length < file.length; length++) {
      expect(LedgerError.is(await readAll(file.subarray(0, length))), `${length} bytes`).toBe(true);
    }
  });

  test("with the beginning missing: the same", async () => {
    for (let start = 1; start < file.length; start++) {
      expect(LedgerError.is(await readAll(file.slice(start))), `from ${start}`).toBe(true);
    }
  });

  test("with one bit flipped: an error that names the file, or the right data", { timeout: 120_000 }, async () => {
    expect(await noticed(file, bits(0, file.length), right)).toBeGreaterThan((file.length * 4) / EVERY);
  });

  test("with several bytes replaced: the same", async () => {
    const replacement = fc.record({
      at: fc.nat(file.length - 1),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
    });
    await fc.assert(
      // Parts of the file that belong to no page, and to nothing the footer needs, may change unnoticed. Values may
      // not.
      fc.asyncProperty(replacement, async ({ at, bytes }) => {
        const damaged = file.slice();
        damaged.set(bytes.subarray(0, file.length - at), at);
        const result = await readAll(damaged);
        if (!LedgerError.is(result)) expect(result).toEqual(right);
      }),
      { numRuns: rounds(200, 2000) },
    );
  });
});

test("with a checksum, a flipped bit of the footer never hides a key", { timeout: 120_000 }, async () => {
  const file = files["v1, gzip, checksum of the footer"];
  const keys = new Set(["b/漢字/x"]);
  const footer = footerOf(file);
  expect(await noticed(file, bits(footer, file.length), justPacked, keys)).toBeGreaterThan(
    ((file.length - footer) * 7) / EVERY,
  );
});

test("a flip of any bit of compressed data is found", async () => {
  const groups = [[series("a", 100)]];
  const file = v1File(groups);
  // The last gzip member holds the values. Ten bytes of header, of which time, level and system mean nothing.
  const last = file.findLastIndex((_, i) => file[i] === 0x1f && file[i + 1] === 0x8b && file[i + 2] === 8);
  const data = [...bits(last + 10, footerOf(file))];
  // Deflate may end within a byte, and may describe codes it does not use: that is all a flip can change unnoticed.
  expect(await noticed(file, data, bitsOf(expected(groups)))).toBeGreaterThan(data.length - 16);
});

test("a scan, too, ends with an error that names the file", async () => {
  const file = files["v1, gzip"].slice();
  file[100]! ^= 255;
  const { reader } = await openBytes(file);
  const read: ReadPoints[] = [];
  const scan = async (): Promise<void> => {
    for await (const { points } of reader.scan()) read.push(points);
  };
  await scan().then(() => expect.unreachable(), errorOfFile);
  expect(read).toEqual([]);
});

test("a store that returns too few bytes", async () => {
  const file = files["v1, gzip"];
  const short = async (offset: number, length: number): Promise<Uint8Array> =>
    file.subarray(offset, offset + length - 1);
  await expect(MetricsReader.open(short, file.length, "metrics.parquet")).rejects.toMatchObject({ code: "CORRUPT" });
});
