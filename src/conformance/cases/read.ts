import { isPlainBytes } from "../../platform/any-realm.ts";
import { hold, rejects, same, sameBytes } from "../assertions.ts";
import type { ConformanceCase } from "../case.ts";
import { contract } from "../contract.ts";
import { sample, text } from "../samples.ts";

const MIB = 1024 * 1024;

export const readCases: readonly ConformanceCase[] = [
  {
    name: "read: a missing key is NOT_FOUND, and the error names it",
    async run({ backend, open }) {
      const other = await open();
      await backend.create("there", text("x"));
      for (const handle of [backend, other]) {
        for (const key of ["absent", "absent/deep/down", "ther", "there2"]) {
          await rejects("NOT_FOUND", key, contract.readMissing, `read of ${key}`, () => handle.read(key));
          hold((await handle.stat(key)) === undefined, contract.stat, `stat of ${key} is not undefined`);
        }
      }
    },
  },
  {
    name: "read: a range of a missing object is NOT_FOUND",
    async run({ backend }) {
      for (const range of [{ offset: 0 }, { offset: 0, length: 1 }, { offset: 5, length: 0 }]) {
        const what = `read of ${JSON.stringify(range)} of an absent object`;
        await rejects("NOT_FOUND", "absent", contract.readMissing, what, () => backend.read("absent", { range }));
      }
    },
  },
  {
    name: "read: a key that is only a prefix of others is not an object",
    async run({ backend, open }) {
      const other = await open();
      await backend.create("runs/1/meta", text("x"));
      for (const handle of [backend, other]) {
        for (const key of ["runs", "runs/1"]) {
          await rejects("NOT_FOUND", key, contract.merePrefix, `read of the mere prefix ${key}`, () =>
            handle.read(key),
          );
          await rejects("NOT_FOUND", key, contract.merePrefix, `ranged read of the mere prefix ${key}`, () =>
            handle.read(key, { range: { offset: 0, length: 1 } }),
          );
          hold(
            (await handle.stat(key)) === undefined,
            contract.merePrefix,
            `stat of the mere prefix ${key} is not undefined`,
          );
        }
      }
    },
  },
  {
    name: "read: a key below the key of an object is NOT_FOUND",
    async run({ backend }) {
      await backend.create("file", text("x"));
      await rejects("NOT_FOUND", "file/below", contract.readMissing, "read below an object", () =>
        backend.read("file/below"),
      );
      hold((await backend.stat("file/below")) === undefined, contract.stat, "stat below an object is not undefined");
    },
  },
  {
    name: "read: returned bytes belong to the caller",
    async run({ backend, open }) {
      const other = await open();
      const expected = sample(1000, 20);
      await backend.create("own", expected);
      const first = await backend.read("own");
      first.fill(0);
      const part = await backend.read("own", { range: { offset: 10, length: 20 } });
      part.fill(0);
      sameBytes(await backend.read("own"), expected, contract.output, "a read after an earlier result was changed");
      sameBytes(await other.read("own"), expected, contract.output, "the same through another handle");
    },
  },
  {
    name: "read: returned bytes are a plain Uint8Array with a buffer of its own",
    async run({ backend }) {
      await backend.create("plain/small", sample(10));
      await backend.create("plain/large", sample(70_000));
      await backend.create("plain/empty", new Uint8Array(0));
      for (const [key, range] of [
        ["plain/small", undefined],
        ["plain/large", undefined],
        ["plain/empty", undefined],
        ["plain/large", { offset: 5, length: 100 }],
        ["plain/large", { offset: 69_990, length: 100 }],
        ["plain/small", { offset: 10, length: 1 }],
      ] as const) {
        const bytes = await backend.read(key, range === undefined ? {} : { range });
        const what = `read of ${key}${range === undefined ? "" : ` ${JSON.stringify(range)}`}`;
        hold(isPlainBytes(bytes), contract.output, `${what} returns a ${bytes?.constructor?.name}`);
        const whole = bytes.byteOffset === 0 && bytes.buffer.byteLength === bytes.byteLength;
        hold(
          whole,
          contract.output,
          `${what} returns a view of ${bytes.byteLength} bytes of a buffer of ${bytes.buffer.byteLength}`,
        );
      }
    },
  },
  {
    name: "read: a range gives exactly its bytes",
    async run({ backend, open }) {
      const other = await open();
      const bytes = sample(1000, 21);
      await backend.create("ranges", bytes);
      for (const [offset, length] of [
        [0, 1],
        [0, 1000],
        [1, 998],
        [499, 2],
        [999, 1],
        [0, 0],
        [500, 0],
      ] as const) {
        const part = await other.read("ranges", { range: { offset, length } });
        sameBytes(part, bytes.slice(offset, offset + length), contract.read, `read of ${length} bytes from ${offset}`);
      }
      for (const offset of [0, 1, 999]) {
        const part = await backend.read("ranges", { range: { offset } });
        sameBytes(part, bytes.slice(offset), contract.read, `read from ${offset} to the end`);
      }
    },
  },
  {
    name: "read: a range is cut at the end of the object",
    async run({ backend }) {
      const bytes = sample(100, 22);
      await backend.create("cut", bytes);
      await backend.create("empty", new Uint8Array(0));
      const none = new Uint8Array(0);
      const far = Number.MAX_SAFE_INTEGER;
      for (const [range, expected] of [
        [{ offset: 90, length: 11 }, bytes.slice(90)],
        [{ offset: 0, length: far }, bytes],
        [{ offset: 99, length: far }, bytes.slice(99)],
        [{ offset: 100 }, none],
        [{ offset: 100, length: 1 }, none],
        [{ offset: 100, length: 0 }, none],
        [{ offset: 101, length: 5 }, none],
        [{ offset: far }, none],
        [{ offset: far, length: far }, none],
      ] as const) {
        sameBytes(
          await backend.read("cut", { range }),
          expected,
          contract.rangeCut,
          `read of ${JSON.stringify(range)} of 100 bytes`,
        );
      }
      for (const range of [{ offset: 0 }, { offset: 0, length: 1 }, { offset: 7, length: 7 }]) {
        sameBytes(
          await backend.read("empty", { range }),
          none,
          contract.rangeCut,
          `read of ${JSON.stringify(range)} of no bytes`,
        );
      }
    },
  },
  {
    name: "read: ranges of a large object, across every MiB",
    async run({ backend }) {
      const bytes = sample(3 * MIB + 1, 23);
      await backend.create("large", bytes);
      for (const [offset, length] of [
        [MIB - 1, 2],
        [2 * MIB - 5, 10],
        [3 * MIB, 10],
        [1, 3 * MIB],
      ] as const) {
        const part = await backend.read("large", { range: { offset, length } });
        sameBytes(part, bytes.slice(offset, offset + length), contract.read, `read of ${length} bytes from ${offset}`);
      }
      same(await backend.stat("large"), { size: bytes.length }, contract.stat, "stat of the large object");
    },
  },
  {
    name: "read: many reads of one object at once",
    async run({ backend }) {
      const bytes = sample(50_000, 24);
      await backend.create("busy", bytes);
      const parts = await Promise.all(
        Array.from({ length: 20 }, (_, i) => backend.read("busy", { range: { offset: i * 2500, length: 2500 } })),
      );
      for (const [i, part] of parts.entries())
        sameBytes(part, bytes.slice(i * 2500, (i + 1) * 2500), contract.read, `part ${i}`);
    },
  },
];
