import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, type Ledger, type LedgerError, type MediaEntry, openLedger, type Run } from "../../src/index.ts";
import { createTestClock, createTestLedger } from "../../src/testing/index.ts";
import { jpeg, png } from "../media/pictures.ts";

const code = (expected: string, field?: string): object =>
  expect.objectContaining({ code: expected, ...(field !== undefined && { field }) });

async function blobs(backend: Backend): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of backend.list("blobs")) keys.push(key);
  return keys;
}

const long = "line of text\n".repeat(1000);

test("each kind comes back as it was logged, with its step and time, while the run is open and after", async () => {
  const { ledger, clock } = await createTestLedger({ clock: createTestClock() });
  const run = await ledger.startRun();
  const now = clock.now();
  const entries = [
    await run.logText("t", "short"),
    await run.logText("t", long, { step: 7, time: 5.4 }),
    await run.logImage("i", png(3, 2), { caption: "a digit" }),
    await run.logImage("i", { data: new Uint8ClampedArray(2 * 2 * 4).fill(9), width: 2, height: 2 }),
    await run.logHistogram("h", [1, 2, 3, Number.NaN], { bins: 2 }),
    await run.logTable("x", { n: [1, null], s: ["a", "b"], t: [new Date(1), new Date(2)] }),
  ];
  const check = async (): Promise<void> => {
    const listed = await ledger.media(run.id);
    expect(listed).toEqual(entries);
    expect(listed.map(({ key, type, step, time }) => [key, type, step, time])).toEqual([
      ["t", "text", 0, now],
      ["t", "text", 7, 5],
      ["i", "image", 7, now],
      ["i", "image", 7, now],
      ["h", "histogram", 7, now],
      ["x", "table", 7, now],
    ]);
    const opened = await Promise.all(listed.map((entry) => ledger.openMedia(entry)));
    expect(opened[0]).toEqual({ type: "text", text: "short" });
    expect(opened[1]).toEqual({ type: "text", text: long });
    expect(opened[2]).toEqual({
      type: "image",
      bytes: png(3, 2),
      mediaType: "image/png",
      width: 3,
      height: 2,
      caption: "a digit",
    });
    expect(opened[3]).toMatchObject({ type: "image", mediaType: "image/png", width: 2, height: 2 });
    expect(opened[4]).toMatchObject({ type: "histogram", counts: [1, 2], edges: [1, 2, 3], nan: 1 });
    expect(opened[5]).toMatchObject({ type: "table", names: ["n", "s", "t"], rows: 2 });
    expect(opened[5]).toHaveProperty("columns.t", [new Date(1), new Date(2)]);
    expect((await ledger.getRun(run.id)).media).toEqual({
      t: {
        type: "text",
        count: 2,
        last: { step: 7, time: 5, size: long.length, mediaType: "text/plain;charset=utf-8" },
      },
      i: { type: "image", count: 2, last: { step: 7, time: now, size: entries[3]?.size, mediaType: "image/png" } },
      h: { type: "histogram", count: 1, last: expect.objectContaining({ step: 7 }) },
      x: { type: "table", count: 1, last: expect.objectContaining({ step: 7 }) },
    });
  };
  await check();
  await run.finish();
  await check();
  expect((await ledger.getRun(run.id)).dropped).toBe(0);
});

test("what a canvas, a Blob and rows as objects hold at the call is stored, also as the first values of a process", async () => {
  for (const isFirst of [true, false]) {
    const { ledger } = await createTestLedger();
    const run = await ledger.startRun();
    if (!isFirst) await run.logText("t", "x");
    let shown = png(4, 2, 1);
    const canvas = { width: 4, height: 2, convertToBlob: async () => new Blob([shown as BlobPart]) };
    const rows = [{ prompt: "hi \ud83d", score: 0.5 }, { score: 1 }];
    void run.logImage("canvas", canvas);
    void run.logImage("blob", new Blob([jpeg(3, 5) as BlobPart]), { caption: "c\ud83d" });
    void run.logImage("floats", { data: Float32Array.of(0, 1, 1, 0), width: 2, height: 2 });
    void run.logTable("rows", rows);
    shown = png(4, 2, 2);
    rows[0]!.score = 7;
    await run.finish();
    const open = async (key: string): Promise<unknown> =>
      await ledger.openMedia((await ledger.media(run.id, { key }))[0] as MediaEntry);
    expect(await open("canvas")).toMatchObject({ bytes: png(4, 2, 1), width: 4, height: 2 });
    expect(await open("blob")).toMatchObject({ bytes: jpeg(3, 5), mediaType: "image/jpeg", caption: "c\ufffd" });
    expect(await open("floats")).toMatchObject({ mediaType: "image/png", width: 2 });
    expect(await open("rows")).toMatchObject({ columns: { prompt: ["hi \ufffd", null], score: [0.5, 1] } });
  }
});

test("texts that were cut inside a character are kept with U+FFFD: values, tags, notes; names are refused", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun({ tags: { sample: "a\ud83d" }, note: "\ude00b" });
  await run.logText("t", "The model says hi 👋".slice(0, 19));
  run.setTags({ other: "\ud83dx" });
  run.setNote("n\ud83d");
  expect(() => run.setTags({ "k\ud83d": "x" })).toThrow(code("INVALID_ARGUMENT", "tags key"));
  await run.finish();
  expect(await ledger.getRun(run.id)).toMatchObject({ tags: { sample: "a\ufffd", other: "\ufffdx" }, note: "n\ufffd" });
  const [entry] = await ledger.media(run.id);
  expect(await ledger.openMedia(entry as MediaEntry)).toEqual({ type: "text", text: "The model says hi \ufffd" });
});

test("the same content is stored once in a session, a large one once in a ledger, short texts only in the record", async () => {
  const { ledger, backend } = await createTestLedger();
  const run = await ledger.startRun();
  const other = await ledger.startRun();
  for (let i = 0; i < 3; i++) void run.logImage("a", png(3, 2));
  void other.logImage("b", png(3, 2));
  void run.logText("short", "x".repeat(1024));
  void run.logText("long", "x".repeat(1025));
  void run.logText("large", "x".repeat(65_537));
  void other.logText("large", "x".repeat(65_537));
  await run.finish();
  await other.finish();
  expect(await blobs(backend)).toHaveLength(1);
  const packs: number[] = [];
  for await (const { size } of backend.list(`runs/${run.id}/media`)) packs.push(size);
  expect(packs).toEqual([png(3, 2).length + 1025]);
  const digests = (await ledger.media(run.id, { key: "a" })).map(({ digest }) => digest);
  expect(new Set(digests).size).toBe(1);
  expect((await ledger.media(run.id, { type: "text" })).map(({ inline, digest }) => [!!inline, !!digest])).toEqual([
    [true, false],
    [false, true],
    [false, true],
  ]);
});

test("listed in step order, ties in the order of logging, whatever was stored first; key, type and steps choose", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: -2, max: 2 }), fc.constantFrom("a", "b"), fc.boolean()), { maxLength: 20 }),
      fc.integer({ min: -2, max: 2 }),
      async (values, from) => {
        const { ledger } = await createTestLedger();
        const run = await ledger.startRun();
        values.forEach(([step, key, isLong], i) => void run.logText(key, `${i} ${isLong ? long : ""}`, { step }));
        await run.flush();
        const expected = values
          .map(([step, key, isLong], i) => ({ step, key, i, isLong }))
          .sort((a, b) => a.step - b.step || a.i - b.i);
        const read = async (entries: MediaEntry[]): Promise<number[]> =>
          await Promise.all(entries.map(async (entry) => Number.parseInt((await textOf(entry)) ?? "", 10)));
        const textOf = async (entry: MediaEntry): Promise<string | undefined> => {
          const opened = await ledger.openMedia(entry);
          return opened.type === "text" ? opened.text : undefined;
        };
        expect(await read(await ledger.media(run.id))).toEqual(expected.map(({ i }) => i));
        expect(await read(await ledger.media(run.id, { key: "a", from, to: 1 }))).toEqual(
          expected.filter(({ key, step }) => key === "a" && step >= from && step <= 1).map(({ i }) => i),
        );
        expect(await ledger.media(run.id, { type: "image" })).toEqual([]);
        await run.finish();
      },
    ),
    { numRuns: 40 },
  );
});

test.each(["the first call", "later calls"])("input may be changed right after %s", async (when) => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  if (when === "later calls") await run.logText("first", "x");
  const image = Buffer.from(png(4, 4, 7));
  /** As a canvas gives them. */
  class Canvas {
    readonly #data = new Uint8ClampedArray(2 * 2 * 4).fill(3);
    get data(): Uint8ClampedArray {
      return this.#data;
    }
    get width(): number {
      return 2;
    }
    get height(): number {
      return 2;
    }
  }
  const canvas = new Canvas();
  const pixels = { data: new Uint8Array([1, 2, 3, 4]), width: 2, height: 2, channels: 1 as const };
  const numbers = new Float32Array([1, 1, 1]);
  const counted = { counts: [1, 2], edges: new Float64Array([0, 1, 2]) };
  const column = [1, 2];
  const day = new Date(5);
  const rows = [[1, day]];
  void run.logImage("i", image);
  void run.logImage("c", canvas);
  void run.logImage("p", pixels);
  void run.logHistogram("h", numbers);
  void run.logHistogram("e", counted);
  void run.logTable("t", { column });
  void run.logTable("r", { columns: ["n", "day"], rows });
  image.fill(0);
  canvas.data.fill(0);
  pixels.data.fill(0);
  pixels.channels = 4 as never;
  numbers.fill(5);
  counted.counts.fill(5);
  counted.edges.fill(5);
  column.fill(0);
  rows[0]?.fill(0);
  day.setTime(9);
  await run.finish();
  const listed = (await ledger.media(run.id)).filter(({ key }) => key !== "first");
  const [i, c, p, h, e, t, r] = await Promise.all(listed.map((entry) => ledger.openMedia(entry)));
  expect(i).toMatchObject({ bytes: png(4, 4, 7) });
  const { decode } = await import("fast-png");
  expect([...decode((c as { bytes: Uint8Array }).bytes).data]).toEqual(new Array(16).fill(3));
  expect([...decode((p as { bytes: Uint8Array }).bytes).data]).toEqual([1, 2, 3, 4]);
  expect(h).toMatchObject({ counts: [3], edges: [0.5, 1.5] });
  expect(e).toMatchObject({ counts: [1, 2], edges: [0, 1, 2] });
  expect(t).toHaveProperty("columns.column", [1, 2]);
  expect(r).toMatchObject({ columns: { n: [1], day: [new Date(5)] } });
});

describe("a value that cannot be stored rejects its own promise, and nothing of it is logged", () => {
  let ledger: Ledger;
  let run: Run;
  let errors: LedgerError[];
  beforeEach(async () => {
    errors = [];
    ledger = await openLedger(memoryBackend(), { onError: (error) => void errors.push(error) });
    run = await ledger.startRun();
  });
  const tensor = { dataSync: () => [1] };
  test.each([
    ["logText", "k", 5, undefined, "text"],
    ["logText", "k", tensor, undefined, "text"],
    ["logText", "", "x", undefined, "key"],
    ["logText", 5, "x", undefined, "key"],
    ["logText", "a\nb", "x", undefined, "key"],
    ["logText", "x".repeat(251), "x", undefined, "key"],
    ["logText", "k", "x", { step: 0.5 }, "step"],
    ["logText", "k", "x", { step: "1" }, "step"],
    ["logText", "k", "x", { time: Number.NaN }, "time"],
    ["logText", "k", "x", 5, "at"],
    ["logText", "k", "x", null, "at"],
    ["logImage", "k", new Uint8Array(10), undefined, "image"],
    ["logImage", "k", tensor, undefined, "image"],
    ["logImage", "k", png(1, 1), { caption: 5 }, "caption"],
    ["logHistogram", "k", tensor, undefined, "data"],
    ["logHistogram", "k", [1], { bins: 0 }, "bins"],
    ["logTable", "k", { a: [1, "b"] }, undefined, "table.a[1]"],
  ] as const)("%s %#", async (method, key, value, at, field) => {
    const log = (run[method] as (...args: unknown[]) => unknown).bind(run);
    const bad = code("INVALID_ARGUMENT", field);
    // The second call is one that need not wait for anything to be loaded.
    for (let call = 1; call <= 2; call++) {
      await expect(log(key, value, at)).rejects.toThrow(bad);
      await run.flush();
      // Who caught it hears no more of it.
      expect(errors).toEqual([]);
      await run.logText("fine", "x");
    }
    for (let call = 1; call <= 2; call++) {
      void log(key, value, at);
      await run.flush();
      // Nobody caught it.
      expect(errors).toEqual(new Array(call).fill(bad));
    }
    expect(run.stats).toMatchObject({ points: 0, dropped: 0, lastError: bad });
    await run.finish();
    expect((await ledger.media(run.id)).map((entry) => entry.key)).toEqual(["fine", "fine"]);
  });

  test("a text too long for a value", async () => {
    await expect(run.logText("k", "x".repeat(2 ** 24 + 1))).rejects.toThrow(code("TOO_LARGE", "text"));
    await run.finish();
  });

  test("a Tensor is told how to give its numbers", async () => {
    for (const method of ["logText", "logImage", "logHistogram"] as const)
      await expect(run[method]("k", tensor as never)).rejects.toThrow(/Tensor.*dataSync\(\)/);
  });

  test("what cannot even be read", async () => {
    const broken = {
      width: 1,
      height: 1,
      get data(): never {
        throw new Error("gone");
      },
    };
    for (const start of [undefined, "x"]) {
      if (start) await run.logText("t", start);
      await expect(run.logImage("k", broken)).rejects.toThrow(code("INVALID_ARGUMENT"));
      await run.flush();
    }
  });

  test("however it is caught, nobody hears more of it", async () => {
    const bad = (): Promise<unknown> => run.logText("t", 1 as never);
    const returned = async (): Promise<unknown> => bad();
    await run.logText("t", "fine");
    await bad().catch(() => {});
    await bad().then(undefined, () => {});
    await Promise.allSettled([bad(), Promise.race([bad(), bad()]), returned()]);
    try {
      await bad();
    } catch {
      // As most programs do.
    }
    await expect(bad().finally(() => {})).rejects.toThrow(code("INVALID_ARGUMENT"));
    await run.finish();
    expect(errors).toEqual([]);
  });

  test("nobody waits: the rest is stored, onError is told, and finish closes the run", async () => {
    void run.logText("t", 1 as never);
    void run.logText("t", "fine");
    void run.logImage("i", 2 as never);
    await run.finish();
    expect(errors).toEqual([code("INVALID_ARGUMENT", "text"), code("INVALID_ARGUMENT", "image")]);
    expect(await ledger.getRun(run.id)).toMatchObject({ status: "finished", dropped: 0, media: { t: { count: 1 } } });
  });

  test("withRun gives back the value of its callback", async () => {
    let id = "";
    const value = await ledger.withRun({}, (own) => {
      ({ id } = own);
      void own.logTable("t", { a: [undefined as never] });
      void own.logImage("i", new Blob(["no image"]));
      return "trained";
    });
    expect(value).toBe("trained");
    expect(errors).toEqual([code("INVALID_ARGUMENT", "table.a[0]"), code("INVALID_ARGUMENT", "image")]);
    expect(await ledger.getRun(id)).toMatchObject({ status: "finished", dropped: 1 });
    await run.finish();
  });

  test("after the run is finished: onError is told", async () => {
    await run.finish();
    await expect(run.logText("k", "x")).rejects.toThrow(code("RUN_CLOSED"));
    void run.logImage("k", png(1, 1));
    await run.finish();
    await run.flush();
    await expect.poll(() => errors).toEqual([expect.objectContaining({ code: "RUN_CLOSED", operation: "logImage" })]);
  });

  test("queries", async () => {
    const { id } = run;
    await expect(ledger.media("none")).rejects.toThrow(code("RUN_NOT_FOUND"));
    await expect(ledger.media(id, { key: 5 as never })).rejects.toThrow(code("INVALID_ARGUMENT", "key"));
    await expect(ledger.media(id, { type: "video" as never })).rejects.toThrow(code("INVALID_ARGUMENT", "type"));
    await expect(ledger.media(id, { from: Number.NaN })).rejects.toThrow(code("INVALID_ARGUMENT", "from"));
    await expect(ledger.openMedia({} as never)).rejects.toThrow(code("INVALID_ARGUMENT", "entry"));
    await expect(ledger.openMedia("x" as never)).rejects.toThrow(code("INVALID_ARGUMENT", "entry"));
    const entry: MediaEntry = { key: "k", type: "text", step: 0, time: 0, size: 1, mediaType: "text/plain" };
    await expect(ledger.openMedia({ ...entry, digest: "sha256:../x" })).rejects.toThrow(
      code("INVALID_ARGUMENT", "entry.digest"),
    );
    await expect(ledger.media(id, { signal: AbortSignal.abort("enough") })).rejects.toBe("enough");
    await expect(ledger.openMedia({ ...entry, inline: "x" }, { signal: AbortSignal.abort("enough") })).rejects.toBe(
      "enough",
    );
  });
});

test("keys and columns called __proto__ are keys like others", async () => {
  const ledger = await openLedger(memoryBackend());
  const run = await ledger.startRun();
  void run.logText("__proto__", "x");
  void run.logTable("t", JSON.parse('{"__proto__":[1]}'));
  void run.logImage("j", jpeg(20, 10));
  await run.finish();
  const { media } = await ledger.getRun(run.id);
  expect(Object.keys(media ?? {}).sort()).toEqual(["__proto__", "j", "t"]);
  const table = await ledger.openMedia((await ledger.media(run.id, { type: "table" }))[0] as MediaEntry);
  expect(table).toMatchObject({ names: ["__proto__"] });
  expect(({} as Record<string, unknown>)["count"]).toBeUndefined();
});
