import { isPlainBytes } from "../../platform/any-realm.ts";
import type { Body } from "../../backend/backend.ts";
import { hold, rejects, same, sameBytes } from "../assertions.ts";
import type { ConformanceCase } from "../case.ts";
import { contract } from "../contract.ts";
import { chunked, keysOf, listAll, sample, streamOf, text } from "../samples.ts";
import { roundTrip } from "../round-trip.ts";

/** `create` from bytes, and what both kinds of body have in common. */
export const createCases: readonly ConformanceCase[] = [
  {
    name: "create: every byte value comes back, line ends and broken UTF-8 included",
    async run({ backend, open }) {
      const other = await open();
      const all = Uint8Array.from({ length: 512 }, (_, i) => i);
      await roundTrip(backend, other, "bytes/all", all, all);
      const odd = Uint8Array.of(
        0x0d,
        0x0a,
        0x00,
        0xff,
        0xfe,
        0xc3,
        0x28,
        0xed,
        0xa0,
        0x80,
        0xef,
        0xbb,
        0xbf,
        0x1a,
        0x0a,
      );
      await roundTrip(backend, other, "bytes/odd", odd, odd);
      const mark = Uint8Array.of(0xef, 0xbb, 0xbf, 0x41);
      await roundTrip(backend, other, "bytes/mark", mark, mark);
    },
  },
  {
    name: "create: an object may be empty, from bytes and from a stream",
    async run({ backend, open }) {
      const other = await open();
      const none = new Uint8Array(0);
      await roundTrip(backend, other, "empty/bytes", none, none);
      await roundTrip(backend, other, "empty/stream", streamOf([]), none);
      await roundTrip(backend, other, "empty/sized", streamOf([], { size: 0 }), none);
      await roundTrip(backend, other, "empty/chunks", streamOf([none, none]), none);
      same(
        (await listAll(other, "empty")).map((entry) => entry.size),
        [0, 0, 0, 0],
        contract.entrySize,
        "sizes of empty objects",
      );
    },
  },
  {
    name: "create: sizes around powers of two come back whole",
    async run({ backend, open }) {
      const other = await open();
      for (const size of [1, 1023, 4096, 4097, 65_535, 65_537]) {
        await roundTrip(backend, other, `size/${size}`, sample(size, size), sample(size, size));
      }
    },
  },
  {
    name: "create: 3 MiB and one byte come back whole, from bytes and from a stream",
    async run({ backend, open }) {
      const other = await open();
      const bytes = sample(3 * 1024 * 1024 + 1);
      await roundTrip(backend, other, "large/bytes", bytes, bytes);
      await roundTrip(backend, other, "large/stream", streamOf(chunked(bytes, 100_003), { size: bytes.length }), bytes);
    },
  },
  {
    name: "create: durable objects are stored like all others",
    async run({ backend, open }) {
      const other = await open();
      const bytes = sample(70_000, 9);
      await backend.create("durable/bytes", bytes, { durable: true });
      await backend.create("durable/stream", streamOf(chunked(bytes, 999), { size: bytes.length }), { durable: true });
      for (const key of ["durable/bytes", "durable/stream"]) {
        sameBytes(await other.read(key), bytes, contract.createDurable, key);
        await rejects("EXISTS", key, contract.createNeverReplaces, "create of an existing key, with `durable`", () =>
          other.create(key, text("x"), { durable: true }),
        );
        sameBytes(await backend.read(key), bytes, contract.createNeverReplaces, key);
      }
    },
  },
  {
    name: "create: the bytes of a view are copied",
    async run({ backend, open }) {
      const other = await open();
      const whole = sample(64, 4);
      const view = whole.subarray(16, 40);
      const expected = view.slice();
      await backend.create("view/bytes", view);
      whole.fill(0);
      sameBytes(
        await backend.read("view/bytes"),
        expected,
        contract.input,
        "an object created from a view that was changed later",
      );
      sameBytes(await other.read("view/bytes"), expected, contract.input, "the same object through another handle");

      const streamed = sample(64, 5);
      const pieces = [streamed.subarray(3, 9), streamed.subarray(9, 60)];
      const joined = streamed.slice(3, 60);
      await backend.create("view/stream", streamOf(pieces));
      streamed.fill(0);
      sameBytes(await backend.read("view/stream"), joined, contract.input, "an object created from a stream of views");
    },
  },
  {
    name: "create: a subclass whose slice shares memory, such as Node's Buffer, is copied",
    async run({ backend }) {
      class Aliasing extends Uint8Array {
        override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
          return super.subarray(start, end) as Uint8Array<ArrayBuffer>;
        }
      }
      const expected = sample(40, 6);
      const bytes = new Aliasing(expected);
      const chunk = new Aliasing(expected);
      await backend.create("alias/bytes", bytes);
      await backend.create("alias/stream", streamOf([chunk]));
      bytes.fill(7);
      chunk.fill(7);
      for (const key of ["alias/bytes", "alias/stream"]) {
        const stored = await backend.read(key);
        sameBytes(stored, expected, contract.input, `${key}, whose input was changed later,`);
        hold(isPlainBytes(stored), contract.output, `${key} comes back as a subclass of Uint8Array`);
      }
    },
  },
  {
    name: "create: the caller's bytes do not change",
    async run({ backend }) {
      const bytes = sample(5000, 7);
      const chunk = sample(5000, 8);
      await backend.create("kept/bytes", bytes);
      await backend.create("kept/stream", streamOf([chunk], { size: chunk.length }));
      sameBytes(bytes, sample(5000, 7), contract.input, "the bytes passed to create");
      sameBytes(chunk, sample(5000, 8), contract.input, "the chunk passed to create");
    },
  },
  {
    name: "create: never replaces an object, whatever the new bytes",
    async run({ backend, open }) {
      const other = await open();
      await backend.create("once", text("first"));
      const bodies: [string, () => Body][] = [
        ["create of other bytes", () => text("second")],
        ["create of the same bytes", () => text("first")],
        ["create of nothing", () => new Uint8Array(0)],
        ["create from a stream", () => streamOf([text("third")])],
        ["create from a sized stream", () => streamOf([text("third")], { size: 5 })],
      ];
      for (const handle of [backend, other]) {
        for (const [what, body] of bodies) {
          await rejects("EXISTS", "once", contract.createNeverReplaces, what, () => handle.create("once", body()));
        }
        sameBytes(
          await handle.read("once"),
          text("first"),
          contract.createNeverReplaces,
          "the object after refused creates",
        );
      }
      same(
        await listAll(other, ""),
        [{ key: "once", size: 5 }],
        contract.createNeverReplaces,
        "the list after refused creates",
      );
    },
  },
  {
    name: "create: objects do not affect each other",
    async run({ backend, open }) {
      const other = await open();
      const keys = Array.from({ length: 20 }, (_, i) => `apart/${i}`);
      await Promise.all(keys.map((key, i) => backend.create(key, sample(100 + i, i + 1))));
      for (const [i, key] of keys.entries())
        sameBytes(await other.read(key), sample(100 + i, i + 1), contract.object, `read of ${key}`);
      same(await keysOf(other, "apart"), keys.toSorted(), contract.listOrder, "list of the objects");
    },
  },
];
