import fc from "fast-check";
import { expect, test } from "vitest";
import { writeChunks, type Writable } from "../../../src/backends/fs/write-behind.ts";

const KIB = 1024;

/** A file in memory. Each call writes at most `most` bytes, and calls do not end in the order in which they began. */
function fakeFile(
  most: number,
): Writable & { readonly bytes: Uint8Array; readonly sizes: number[]; buffers: Set<ArrayBufferLike> } {
  const bytes = new Uint8Array(6 * KIB * KIB);
  const sizes: number[] = [];
  const buffers = new Set<ArrayBufferLike>();
  return {
    bytes,
    sizes,
    buffers,
    write: async (buffer, offset, length, position) => {
      const bytesWritten = Math.min(length, most);
      sizes.push(length);
      buffers.add(buffer.buffer);
      for (let turns = sizes.length % 3; turns > 0; turns--) await new Promise(setImmediate);
      bytes.set(buffer.subarray(offset, offset + bytesWritten), position ?? 0);
      return { bytesWritten };
    },
  };
}

test("chunks of all sizes arrive in order, even if their source reuses its buffer", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.nat(200), fc.nat(100 * KIB), fc.nat(1500 * KIB)), { maxLength: 4 }),
      fc.constantFrom(7 * KIB, 64 * KIB, Infinity),
      async (lengths, most) => {
        const file = fakeFile(most);
        const total = lengths.reduce((sum, length) => sum + length, 0);
        const expected = Uint8Array.from({ length: total }, (_, i) => (i * 31 + (i >> 8)) & 255);
        const reused = new Uint8Array(1500 * KIB);
        async function* chunks(): AsyncGenerator<Uint8Array> {
          let at = 0;
          for (const length of lengths) {
            reused.set(expected.subarray(at, at + length));
            yield reused.subarray(0, length);
            at += length;
          }
        }
        expect(await writeChunks(file, chunks())).toBe(total);
        expect(Buffer.compare(file.bytes.subarray(0, total), expected)).toBe(0);
      },
    ),
    { numRuns: 30 },
  );
});

test("a short stream takes little memory, and a long one takes a few blocks of 1 MiB", async () => {
  const stream = async function* (count: number): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < count; i++) yield new Uint8Array(KIB);
  };
  const short = fakeFile(Infinity);
  await writeChunks(short, stream(3));
  expect([...short.buffers].map(({ byteLength }) => byteLength)).toEqual([64 * KIB]);
  const long = fakeFile(Infinity);
  await writeChunks(long, stream(6 * KIB));
  expect(long.sizes).toEqual(Array<number>(6).fill(KIB * KIB));
  expect(long.buffers.size).toBe(4);
});
