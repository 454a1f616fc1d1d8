import type { Backend, Body } from "../../backend/backend.ts";
import { LedgerError } from "../../backend/error.ts";
import { describe, hold, outcome, rejects, same, sameBytes } from "../assertions.ts";
import type { ConformanceCase } from "../case.ts";
import { contract } from "../contract.ts";
import { chunked, keysOf, listAll, pausedStream, sample, streamOf, text } from "../samples.ts";

/** Creates, and reads back through another handle what must be there. */
async function roundTrip(
  backend: Backend,
  other: Backend,
  key: string,
  body: Body,
  expected: Uint8Array,
): Promise<void> {
  await backend.create(key, body);
  sameBytes(await other.read(key), expected, contract.object, `read of ${key}`);
  same(await other.stat(key), { size: expected.byteLength }, contract.stat, `stat of ${key}`);
}

/** Nothing of `key` may be seen, by any way of looking. */
async function absent(handles: readonly Backend[], key: string, when: string): Promise<void> {
  for (const handle of handles) {
    hold((await handle.stat(key)) === undefined, contract.createWhole, `stat shows the object ${when}`);
    await rejects("NOT_FOUND", key, contract.createWhole, `read ${when}`, () => handle.read(key));
    same(await listAll(handle, ""), [], contract.createWhole, `list ${when}`);
  }
}

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
    name: "create: a stream of unknown size comes back whole, 9 MiB and three bytes",
    async run({ backend, open }) {
      const bytes = sample(9 * 1024 * 1024 + 3, 2);
      await roundTrip(backend, await open(), "large/unknown", streamOf(chunked(bytes, 700_001)), bytes);
    },
  },
  {
    name: "create: a stream may yield many small chunks and empty ones",
    async run({ backend, open }) {
      const bytes = sample(3000, 3);
      const chunks = chunked(bytes, 7).flatMap((chunk) => [chunk, new Uint8Array(0)]);
      const other = await open();
      await roundTrip(backend, other, "small/unknown", streamOf(chunks), bytes);
      await roundTrip(backend, other, "small/sized", streamOf(chunks, { size: bytes.length }), bytes);
    },
  },
  {
    name: "create: bytes are taken from where a view says, and copied",
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
    name: "create: a subclass whose slice aliases, as Node's Buffer does, is copied all the same",
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
        hold(
          Object.getPrototypeOf(stored) === Uint8Array.prototype,
          contract.output,
          `${key} comes back as a subclass of Uint8Array`,
        );
      }
    },
  },
  {
    name: "create: the caller's bytes are left as they were",
    async run({ backend }) {
      const bytes = sample(5000, 7);
      const chunk = sample(5000, 8);
      await backend.create("kept/bytes", bytes);
      await backend.create("kept/stream", streamOf([chunk], { size: chunk.length }));
      sameBytes(bytes, sample(5000, 7), contract.input, "the bytes handed to create");
      sameBytes(chunk, sample(5000, 8), contract.input, "the chunk handed to create");
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
    name: "create: nothing is visible while a stream is still coming in",
    async run({ backend, open }) {
      const other = await open();
      const [first, rest] = [sample(300_000, 9), sample(1000, 10)];
      for (const size of [undefined, first.length + rest.length]) {
        const paused = pausedStream(first, rest, size);
        const created = outcome("create", () => backend.create("half/way", paused.body));
        const early = await Promise.race([paused.reached.then(() => undefined), created]);
        if (early === undefined) {
          try {
            await absent([backend, other], "half/way", "while its stream is half way");
          } finally {
            paused.release();
          }
        }
        const result = await created;
        if (!result.resolved) throw result.error;
        same(
          await other.stat("half/way"),
          { size: first.length + rest.length },
          contract.createWhole,
          "stat once the stream has ended",
        );
        await backend.remove("half/way");
      }
    },
  },
  {
    name: "create: a stream that fails leaves nothing, and its failure is what the call rejects with",
    async run({ backend, open }) {
      const other = await open();
      const failures: unknown[] = [
        new LedgerError("CORRUPT", "the source is broken", { key: "elsewhere" }),
        new Error("the source is broken"),
      ];
      for (const failure of failures) {
        for (const chunks of [[], [sample(10)], [sample(300_000), sample(10)]]) {
          const what = `create from a stream that fails behind ${chunks.length} chunks`;
          const result = await outcome(what, () => backend.create("failing/stream", streamOf(chunks, { failure })));
          hold(!result.resolved, contract.failedStream, `${what} resolved`);
          const { error } = result;
          const passed =
            error === failure || (!LedgerError.is(failure) && LedgerError.is(error) && error.cause === failure);
          hold(passed, contract.failedStream, () => `${what} rejected with ${describe(error)}`);
          await absent([backend, other], "failing/stream", "after its stream failed");
        }
      }
      await backend.create("failing/stream", text("now"));
      sameBytes(
        await other.read("failing/stream"),
        text("now"),
        contract.failedStream,
        "the object created after failures",
      );
    },
  },
  {
    name: "create: a stream with more or fewer bytes than its size is refused and leaves nothing",
    async run({ backend, open }) {
      const other = await open();
      const bytes = sample(10_000, 11);
      for (const size of [0, 1, 9_999, 10_001, 1_000_000]) {
        const what = `create from a stream of 10000 bytes that states ${size}`;
        await rejects("INVALID_ARGUMENT", "wrong/size", contract.wrongSize, what, () =>
          backend.create("wrong/size", streamOf(chunked(bytes, 3000), { size })),
        );
        await absent([backend, other], "wrong/size", "after a stream of the wrong size");
      }
    },
  },
  {
    name: "create: a ReadableStream is a body where the platform can iterate it",
    async run({ backend }) {
      if (typeof ReadableStream !== "function" || !(Symbol.asyncIterator in ReadableStream.prototype)) return;
      const bytes = sample(200_000, 12);
      const pieces = chunked(bytes, 65_536);
      const body = new ReadableStream<Uint8Array>({
        pull(controller) {
          const next = pieces.shift();
          if (next === undefined) controller.close();
          else controller.enqueue(next);
        },
      });
      await backend.create("readable/stream", body as ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>);
      sameBytes(
        await backend.read("readable/stream"),
        bytes,
        contract.object,
        "an object created from a ReadableStream",
      );
    },
  },
  {
    name: "create: objects are apart from each other",
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
