import type { Backend } from "../../backend/backend.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { describe, hold, outcome, rejects, same, sameBytes } from "../assertions.ts";
import type { ConformanceCase } from "../case.ts";
import { contract } from "../contract.ts";
import { chunked, listAll, pausedStream, sample, streamOf, text } from "../samples.ts";
import { roundTrip } from "../round-trip.ts";

/** Throws if any method shows the object. */
async function absent(handles: readonly Backend[], key: string, when: string): Promise<void> {
  for (const handle of handles) {
    hold((await handle.stat(key)) === undefined, contract.createWhole, `stat shows the object ${when}`);
    await rejects("NOT_FOUND", key, contract.createWhole, `read ${when}`, () => handle.read(key));
    same(await listAll(handle, ""), [], contract.createWhole, `list ${when}`);
  }
}

/** `create` from a stream. */
export const createStreamCases: readonly ConformanceCase[] = [
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
    name: "create: nothing is visible while a stream is being read",
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
    name: "create: a stream that fails leaves nothing, and the call rejects with its failure",
    async run({ backend, open }) {
      const other = await open();
      const failures: unknown[] = [
        new LedgerError("CORRUPT", "the source is broken", { key: "elsewhere" }),
        new Error("the source is broken"),
      ];
      for (const failure of failures) {
        for (const chunks of [[], [sample(10)], [sample(300_000), sample(10)]]) {
          const what = `create from a stream that fails after ${chunks.length} chunks`;
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
];
