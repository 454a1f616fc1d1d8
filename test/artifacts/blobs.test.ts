import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BlobStore, blobKey } from "../../src/artifacts/blobs.ts";
import { SourceReader } from "../../src/artifacts/source-reader.ts";
import type { Content } from "../../src/artifacts/source.ts";
import { normalizeSource } from "../../src/artifacts/source.ts";
import { abortable } from "../../src/platform/abort.ts";
import type { Backend } from "../../src/backend/backend.ts";
import { bodyChunks } from "../../src/backend/body.ts";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { countingBackend } from "../../src/testing/index.ts";
import { MiB, chunked, endless, failure, override, replace, sampleBytes, sha256, spied } from "./fixtures.ts";

let counter = 0;
const store = (backend: Backend): BlobStore => new BlobStore(backend, () => `s${counter++}`);

function content(source: unknown): Content {
  const normal = normalizeSource(source);
  if (normal.kind !== "content") throw new Error("files");
  return normal.content;
}

/** A file that gives `reads[i]` when opened for the i-th time. */
function file(...reads: Uint8Array[]): Content {
  let opened = 0;
  return {
    kind: "reopenable",
    size: (reads[0] as Uint8Array).byteLength,
    stable: false,
    open: () => chunked(reads[Math.min(opened++, reads.length - 1)] as Uint8Array, 300_000),
  };
}

const writes = (calls: readonly string[]): string[] =>
  calls.filter((call) => /^(create|move|remove|append)/.test(call));
const large = sampleBytes(9 * MiB);
const largeKey = blobKey(sha256(large));

describe("every form of source", () => {
  const small = sampleBytes(100_000, 2);
  const cases: readonly [string, () => unknown, Uint8Array][] = [
    ["no bytes", () => new Uint8Array(), new Uint8Array()],
    ["small bytes", () => small, small],
    ["large bytes", () => large, large],
    [
      "a Buffer on a larger one",
      () => Buffer.from(Buffer.concat([Buffer.from("x"), small]).buffer, 1).subarray(0, 0),
      new Uint8Array(),
    ],
    ["a view", () => large.subarray(5, 99), large.subarray(5, 99)],
    ["text", () => ({ text: "hé\u{1f600}" }), new TextEncoder().encode("hé\u{1f600}")],
    ["large text", () => ({ text: "x".repeat(9 * MiB) }), new Uint8Array(9 * MiB).fill(120)],
    ["a small Blob", () => new Blob([small.slice()]), small],
    ["a large Blob", () => new Blob([large.slice()]), large],
    ["a small stream", () => new Blob([small.slice()]).stream(), small],
    ["a large stream", () => new Blob([large.slice()]).stream(), large],
    ["a stream of single bytes", () => chunked(small.subarray(0, 999), 1), small.subarray(0, 999)],
    ["mixed chunks", () => mixed(large), large],
    ["an empty stream", () => chunked(new Uint8Array(), 1), new Uint8Array()],
    ["exactly the limit", () => chunked(large.subarray(0, 8 * MiB), MiB), large.subarray(0, 8 * MiB)],
    ["one byte more", () => chunked(large.subarray(0, 8 * MiB + 1), MiB), large.subarray(0, 8 * MiB + 1)],
    ["one huge chunk", () => chunked(large, 9 * MiB), large],
    ["a large stream in one reused buffer", () => reused(large, 50_000), large],
    ["a small stream in one reused buffer", () => reused(small, 7), small],
  ];
  describe.each([
    ["move", true],
    ["no move", false],
  ])("%s", (_name, move) => {
    test.each(cases)("%s", async (_case, make, expected) => {
      const { backend, calls, keys } = spied({ move });
      const blobs = store(backend);
      const told: number[] = [];
      const stored = await blobs.put(content(make()), { onBytes: (bytes) => told.push(bytes) });
      expect(stored).toEqual({ hex: sha256(expected), size: expected.byteLength });
      expect(await keys()).toEqual([blobKey(stored.hex)]);
      expect(Buffer.compare(await backend.read(blobKey(stored.hex)), expected)).toBe(0);
      expect(told.reduce((sum, bytes) => sum + bytes, 0)).toBe(expected.byteLength);
      if (!move) expect(calls.some((call) => call.startsWith("move"))).toBe(false);
    });
  });

  async function* reused(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
    const buffer = new Uint8Array(size);
    for (const at of Array.from({ length: Math.ceil(bytes.byteLength / size) }, (_, i) => i * size)) {
      const part = bytes.subarray(at, at + size);
      buffer.set(part);
      yield buffer.subarray(0, part.byteLength);
    }
    buffer.fill(0);
  }

  async function* mixed(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    for (let at = 0, i = 0; at < bytes.byteLength; i++) {
      const size = [1, 40_000, 0, 31_000, 230_000, 5, 300_000][i % 7] as number;
      yield bytes.subarray(at, at + size);
      at += size;
    }
  }
});

describe("the same content again", () => {
  test("uploads nothing if it can be read twice", async () => {
    const { backend, calls } = spied();
    const blobs = store(backend);
    await blobs.put(content(large));
    calls.length = 0;
    for (const source of [large, new Blob([large.slice()])]) await blobs.put(content(source));
    await blobs.put(file(large));
    expect(calls).toEqual([`stat ${largeKey}`, `stat ${largeKey}`, `stat ${largeKey}`]);
  });

  test("small streams too; large ones are spooled and the spool removed", async () => {
    const { backend, calls, keys } = spied();
    const blobs = store(backend);
    await blobs.put(content({ text: "abc" }));
    await blobs.put(content(large));
    calls.length = 0;
    await blobs.put(content(chunked(new TextEncoder().encode("abc"), 1)));
    expect(writes(calls)).toEqual([]);
    await blobs.put(content(chunked(large, MiB)));
    expect(writes(calls).map((call) => call.replace(/s\d+$/, "*"))).toEqual([
      "create blobs/incoming/*",
      "remove blobs/incoming/*",
    ]);
    expect(await keys("blobs/incoming")).toEqual([]);
  });

  test("at once: one upload", async () => {
    const { backend, calls } = spied();
    const blobs = store(backend);
    const results = await Promise.all(Array.from({ length: 10 }, () => blobs.put(content(large))));
    expect(new Set(results.map((stored) => stored.hex)).size).toBe(1);
    expect(writes(calls)).toEqual([`create ${largeKey}`]);
  });

  test("at once, and the first is aborted: another one uploads", async () => {
    const { backend } = spied();
    const abort = new AbortController();
    let creates = 0;
    let second: Promise<unknown> | undefined;
    const stuck = override(backend, (inner) => ({
      create: async (key, body, options) => {
        if (creates++ > 0) return inner.create(key, body, options);
        second = blobs.put(content({ text: "abc" }));
        setImmediate(() => abort.abort(new Error("enough")));
        await abortable(new Promise(() => {}), options?.signal);
      },
    }));
    const blobs = store(stuck);
    await expect(blobs.put(content({ text: "abc" }), { signal: abort.signal })).rejects.toThrow("enough");
    expect(await second).toEqual({ hex: sha256("abc"), size: 3 });
    expect(creates).toBe(2);
  });

  test("from two handles at once: EXISTS is as good as stored", async () => {
    const { backend } = spied();
    const late = override(backend, (inner) => ({
      stat: async (key) => (arrived++ === 0 ? undefined : inner.stat(key)),
    }));
    let arrived = 0;
    await backend.create(largeKey, large);
    expect((await store(late).put(content(large))).size).toBe(large.byteLength);
    arrived = 0;
    expect((await store(late).put(content(chunked(large, MiB)))).size).toBe(large.byteLength);
  });

  test("a lost acknowledgement is noticed", async () => {
    const { backend, keys } = spied();
    const lossy = override(backend, (inner) => ({
      create: async (key, body) => {
        await inner.create(key, body);
        if (!key.startsWith("blobs/incoming")) throw new LedgerError("OUTCOME_UNKNOWN", "lost");
      },
      move: async (from, to) => {
        await inner.move?.(from, to);
        throw new LedgerError("OUTCOME_UNKNOWN", "lost");
      },
    }));
    await store(lossy).put(content(large));
    await store(lossy).put(content(chunked(large.subarray(1), MiB)));
    expect(await keys()).toHaveLength(2);
  });

  test("the content replaces a blob of another size under its digest, as a power cut may leave it", async () => {
    for (const move of [true, false]) {
      for (const wrong of [new Uint8Array(0), large.slice(0, 1000), new Uint8Array(large.length + 1)]) {
        for (const source of [large, chunked(large, MiB)]) {
          const { backend, keys } = spied({ move });
          await replace(backend, largeKey, wrong);
          await store(backend).put(content(source));
          expect(Buffer.compare(await backend.read(largeKey), large)).toBe(0);
          expect(await keys()).toEqual([largeKey]);
        }
      }
    }
  });

  test.each([
    { move: true, handles: 2 },
    { move: false, handles: 2 },
    { move: true, handles: 3 },
    { move: false, handles: 3 },
  ])("$handles handles that replace a broken blob at once all resolve, and it is whole: move $move", async (given) => {
    const bytes = sampleBytes(20, 3);
    const key = blobKey(sha256(bytes));
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.boolean(), async (scheduler, longer) => {
        const { backend, keys, calls } = spied({ move: given.move });
        await replace(backend, key, new Uint8Array(longer ? 21 : 10));
        const methods = ["stat", "create", "remove", "move"] as const;
        const slow = override(backend, (inner) => {
          const scheduled = methods.map((name) => {
            const method = inner[name]?.bind(inner) as (...args: unknown[]) => Promise<unknown>;
            return [name, scheduler.scheduleFunction(method)];
          });
          return Object.fromEntries(scheduled) as Partial<Backend>;
        });
        const puts = Array.from({ length: given.handles }, () => store(slow).put(content(bytes)));
        const all = Promise.all(puts);
        await scheduler.waitFor(all);
        expect(await all).toHaveLength(given.handles);
        expect(Buffer.compare(await backend.read(key), bytes)).toBe(0);
        expect(await keys()).toEqual([key]);
        expect(calls.filter((call) => call.startsWith("create")).length).toBeLessThanOrEqual(5 * given.handles);
      }),
      { numRuns: 300 },
    );
  });

  test.each([true, false])("one that others break again and again is CORRUPT, move: %s", async (move) => {
    const { backend, keys } = spied({ move });
    await replace(backend, largeKey, Uint8Array.of(1));
    const stubborn = override(backend, (inner) => ({
      remove: async () => {},
      move: async (from, to) => {
        await inner.move?.(from, to);
        if (from === largeKey) await inner.create(largeKey, Uint8Array.of(1));
      },
    }));
    for (const source of [large, chunked(large, MiB)]) {
      const error = await failure(store(stubborn).put(content(source)));
      expect([error.code, error.key]).toEqual(["CORRUPT", largeKey]);
    }
    expect((await keys()).filter((key) => !key.startsWith("blobs/incoming/"))).toEqual([largeKey]);
  });

  test("finding a stored content costs one request, for any size", async () => {
    const { backend } = spied();
    const counting = countingBackend(backend);
    await store(counting).put(content(large));
    counting.reset();
    await store(counting).put(content(large));
    expect(counting.counters).toMatchObject({ requests: 1, stat: 1 });
  });
});

describe("sources that change", () => {
  const other = large.slice();
  other[other.length - 1] = (other[other.length - 1] as number) ^ 1;

  test.each<[string, Content]>([
    ["another byte", file(large, other)],
    ["shorter the second time", file(large, large.subarray(1))],
    ["longer the second time", file(large, new Uint8Array(large.byteLength + 1))],
    ["shorter than it said", { ...file(large), size: large.byteLength + 1 } as Content],
    ["longer than it said", { ...file(large), size: large.byteLength - 1 } as Content],
    ["small, shorter than it said", { ...file(large.subarray(0, 9)), size: 10 } as Content],
    ["small, longer than it said", { ...file(large.subarray(0, 9)), size: 8 } as Content],
  ])("%s: CONFLICT, and nothing stored", async (_name, source) => {
    const { backend, keys } = spied();
    expect((await failure(store(backend).put(source))).code).toBe("CONFLICT");
    expect(await keys()).toEqual([]);
  });

  test("even if the backend stops reading at the stated size", async () => {
    const { backend, keys } = spied();
    const exact = override(backend, (inner) => ({
      create: async (key, body) => {
        const parts: Uint8Array[] = [];
        let bytes = 0;
        for await (const chunk of body as AsyncIterable<Uint8Array>) {
          parts.push(chunk.slice());
          bytes += chunk.byteLength;
          if (bytes === large.byteLength) break;
        }
        await inner.create(key, Buffer.concat(parts));
      },
    }));
    expect((await failure(store(exact).put(file(large, other)))).code).toBe("CONFLICT");
    expect(await keys()).toEqual([]);
  });

  test("small bytes may be changed right after the call, and changes of large ones are detected", async () => {
    const { backend, keys } = spied();
    const small = sampleBytes(1000);
    const before = sha256(small);
    const putting = store(backend).put(content(small));
    small.fill(0);
    expect((await putting).hex).toBe(before);

    const big = sampleBytes(20 * MiB);
    const changing = override(backend, (inner) => ({
      create: (key, body) => {
        big.fill(9);
        return inner.create(key, body);
      },
    }));
    expect((await failure(store(changing).put(content(big)))).code).toBe("CONFLICT");
    expect(await keys()).toEqual([blobKey(before)]);
  });

  test("a spool with other bytes than were written is CORRUPT if it must be copied", async () => {
    const { backend, keys } = spied({ move: false });
    const rotten = override(backend, (inner) => ({
      read: async (key, options) => {
        const bytes = await inner.read(key, options);
        if (options?.range?.offset === 0) bytes[0] = (bytes[0] as number) ^ 1;
        return bytes;
      },
    }));
    expect((await failure(store(rotten).put(content(chunked(large, MiB))))).code).toBe("CORRUPT");
    expect(await keys()).toEqual([]);
  });
});

describe("sources that fail", () => {
  async function* failing(after: number, error: unknown): AsyncGenerator<Uint8Array> {
    yield* endless(after, MiB);
    throw error;
  }

  test.each([0, 3 * MiB, 20 * MiB])("after %i bytes: IO with the cause, and nothing stored", async (after) => {
    const { backend, keys } = spied();
    const cause = new Error("disk on fire");
    const error = await failure(store(backend).put(content(failing(after, cause))));
    expect([error.code, error.cause, error.field]).toEqual(["IO", cause, "source"]);
    expect(error.message).toContain("disk on fire");
    expect(await keys()).toEqual([]);
  });

  test.each([0, 20 * MiB])("a LedgerError of the source is passed on, after %i bytes", async (after) => {
    const { backend } = spied();
    const own = new LedgerError("PERMISSION_DENIED", "no");
    await expect(store(backend).put(content(failing(after, own)))).rejects.toBe(own);
  });

  test.each<[string, unknown]>([
    ["text", "abc"],
    ["undefined", undefined],
    ["a Float32Array", new Float32Array(2)],
  ])("a chunk that is %s: INVALID_ARGUMENT, and the source is closed", async (_name, chunk) => {
    const { backend, keys } = spied();
    let closed = false;
    async function* bad(): AsyncGenerator<unknown> {
      try {
        yield* endless(10 * MiB, MiB);
        yield chunk;
      } finally {
        closed = true;
      }
    }
    const error = await failure(store(backend).put(content(bad())));
    expect([error.code, error.field]).toEqual(["INVALID_ARGUMENT", "source"]);
    expect(await keys()).toEqual([]);
    await expect.poll(() => closed).toBe(true);
  });

  test("a backend that fails: its error, no spool, the stream cancelled", async () => {
    const { backend, keys } = spied();
    const full = new LedgerError("NO_SPACE", "full");
    const broken = override(backend, () => ({
      create: async (_key, body) => {
        for await (const _ of body as AsyncIterable<Uint8Array>) throw full;
      },
    }));
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(MiB)),
      cancel: () => {
        cancelled = true;
      },
    });
    await expect(store(broken).put(content(stream))).rejects.toBe(full);
    expect(cancelled).toBe(true);
    expect(await keys()).toEqual([]);
  });
});

describe("abort", () => {
  const reason = new Error("user said stop");

  test("before: nothing is read or stored", async () => {
    const { backend, calls } = spied();
    let read = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      read = true;
      yield new Uint8Array(1);
    }
    const signal = AbortSignal.abort(reason);
    for (const input of [source(), new Uint8Array(3), large]) {
      await expect(store(backend).put(content(input), { signal })).rejects.toBe(reason);
    }
    expect(read).toBe(false);
    expect(writes(calls)).toEqual([]);
  });

  test.each([0, 20])("while a source stalls after %i MiB", async (megabytes) => {
    const { backend, keys } = spied();
    const abort = new AbortController();
    async function* stuck(): AsyncGenerator<Uint8Array> {
      yield* endless(megabytes * MiB, MiB);
      queueMicrotask(() => abort.abort(reason));
      await new Promise(() => {});
    }
    await expect(store(backend).put(content(stuck()), { signal: abort.signal })).rejects.toBe(reason);
    await expect.poll(() => keys()).toEqual([]);
  });

  test("in the middle of each way", async () => {
    for (const move of [true, false]) {
      for (const source of [large, new Blob([large.slice()]), chunked(large, MiB)]) {
        const { backend, keys } = spied({ move });
        const abort = new AbortController();
        const onBytes = (): void => abort.abort(reason);
        await expect(store(backend).put(content(source), { signal: abort.signal, onBytes })).rejects.toBe(reason);
        await expect.poll(() => keys()).toEqual([]);
      }
    }
  });
});

describe("values that are not sources", () => {
  class Tensor {
    dataSync(): Float32Array {
      return new Float32Array(1);
    }
  }
  const locked = new Blob(["x"]).stream();
  locked.getReader();
  test.each<[string, unknown, string]>([
    ["undefined", undefined, "undefined"],
    ["a number", 5, "number"],
    ["an object", { a: 1 }, "{ json }"],
    ["an array", [1], "{ json }"],
    ["a Tensor", new Tensor(), "dataSync()"],
    ["a text", "./model.json", "fromPath(path)"],
    ["no kind of source", {}, "{ files }"],
    ["a promise", Promise.resolve("x"), "await"],
    ["a locked stream", locked, "locked"],
  ])("%s", async (_name, source, hint) => {
    const error = await failure(() => content(source));
    expect([error.code, error.field]).toEqual(["INVALID_ARGUMENT", "source"]);
    expect(error.message).toContain(hint);
  });
});

test("an invalid digest makes no key", async () => {
  for (const hex of ["", "..", `../${"a".repeat(61)}`, "A".repeat(64), `${"a".repeat(63)}/`, `${"a".repeat(64)}\n`]) {
    expect((await failure(() => blobKey(hex))).code).toBe("CORRUPT");
  }
});

test("small chunks are joined, in order, and large ones are passed on unchanged", async () => {
  const bytes = sampleBytes(3 * MiB);
  const intake = new SourceReader(() => chunked(bytes, 1000), undefined);
  const sizes: number[] = [];
  const parts: Uint8Array[] = [];
  for (let chunk = await intake.next(); chunk !== undefined; chunk = await intake.next()) {
    sizes.push(chunk.byteLength);
    parts.push(chunk.slice());
  }
  expect(Buffer.compare(Buffer.concat(parts), bytes)).toBe(0);
  expect(Math.min(...sizes.slice(0, -1))).toBeGreaterThan(250_000);
});

test("a stream of 200 MiB takes no more memory than one of 20", async () => {
  const { backend } = spied();
  const sizes = new Map<string, number>();
  const discarding = override(backend, () => ({
    create: async (key, body) => {
      let size = 0;
      for await (const chunk of bodyChunks(body)) size += chunk.byteLength;
      sizes.set(key, size);
    },
    stat: async (key) => (sizes.has(key) ? { size: sizes.get(key) as number } : undefined),
    move: async (from, to) => void sizes.set(to, sizes.get(from) as number),
  }));
  const peakOf = async (total: number): Promise<number> => {
    globalThis.gc?.();
    const before = process.memoryUsage();
    let peak = 0;
    let next = 0;
    let seen = 0;
    const onBytes = (bytes: number): void => {
      seen += bytes;
      if (seen < next) return;
      next = seen + 8 * MiB;
      const { arrayBuffers, heapUsed } = process.memoryUsage();
      peak = Math.max(peak, arrayBuffers + heapUsed - before.arrayBuffers - before.heapUsed);
    };
    await store(discarding).put(content(endless(total, MiB, total)), { onBytes });
    expect(seen).toBe(total);
    return peak;
  };
  await peakOf(20 * MiB);
  expect(await peakOf(200 * MiB)).toBeLessThan(48 * MiB);
});
