import { failOnUnhandledRejections } from "./unhandled-rejections.ts";
import { describe, expect, test, vi } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, type Ledger, type LedgerError, openLedger, type Run } from "../../src/index.ts";
import {
  createTestClock,
  type Fault,
  faultyBackend,
  recordingBackend,
  type TestClock,
} from "../../src/testing/index.ts";
import { png } from "../media/pictures.ts";

const code = (expected: string): object => expect.objectContaining({ code: expected });
const blob = /^blobs\/|\/media\//;
const long = (n: number): string => `${n} `.repeat(2000);

interface Place {
  readonly run: Run;
  readonly errors: LedgerError[];
  readonly clock: TestClock;
  readonly keys: () => Promise<string[]>;
  readonly ledger: Ledger;
}

async function place(faults: Fault[], inner: Backend = memoryBackend()): Promise<Place> {
  const errors: LedgerError[] = [];
  const clock = createTestClock();
  const ledger = await openLedger(faultyBackend(inner, faults), { clock, onError: (error) => void errors.push(error) });
  const run = await ledger.startRun();
  const keys = async (): Promise<string[]> => (await ledger.media(run.id)).map(({ key }) => key);
  return { run, errors, clock, keys, ledger };
}

failOnUnhandledRejections();

test("a failure nobody waits for shows in onError, stats and flush; a later flush stores the value", async () => {
  const { run, errors, keys } = await place([
    { at: 1, mode: "error-before", only: ["create"], key: blob, error: { code: "UNAVAILABLE" } },
  ]);
  void run.logText("a", long(1));
  run.log({ loss: 1 });
  await expect(run.flush()).rejects.toThrow(code("UNAVAILABLE"));
  expect(errors).toEqual([code("UNAVAILABLE")]);
  expect(run.stats.lastError).toEqual(code("UNAVAILABLE"));
  // The metrics did not wait for it.
  expect(run.stats).toMatchObject({ acknowledged: 1, dropped: 0 });
  expect(await keys()).toEqual([]);
  await run.flush();
  expect(await keys()).toEqual(["a"]);
  await run.finish();
});

test("the promise of a call rejects with the first failure; finish tries again, rejects, and can be called again", async () => {
  const { run, keys } = await place([
    { at: 1, times: 2, mode: "error-before", only: ["create"], key: blob, error: { code: "UNAVAILABLE" } },
  ]);
  await expect(run.logImage("a", png(2, 2))).rejects.toThrow(code("UNAVAILABLE"));
  await expect(run.finish()).rejects.toThrow(code("UNAVAILABLE"));
  expect(run.status).toBe("running");
  await run.finish();
  expect(run.status).toBe("finished");
  expect(await keys()).toEqual(["a"]);
});

test.each(["PERMISSION_DENIED", "NO_SPACE", "IO", "TOO_LARGE"] as const)(
  "a value that the store refuses for ever does not keep the run from finishing: %s",
  async (refusal) => {
    const { run, errors, keys, ledger } = await place([
      { at: 1, times: 1000, mode: "error-before", only: ["create"], key: blob, error: { code: refusal } },
    ]);
    void run.logText("a", long(1));
    void run.logText("b", long(2));
    void run.logText("short", "kept");
    run.log({ loss: 1 });
    await run.finish();
    expect(run.status).toBe("finished");
    expect(await keys()).toEqual(["short"]);
    expect(run.stats.dropped).toBe(2);
    const record = await ledger.getRun(run.id);
    expect([record.status, record.dropped, record.metrics["loss"]?.count]).toEqual(["finished", 2, 1]);
    expect(new Set(errors.map((error) => error.code))).toEqual(new Set([refusal]));
    expect(errors.at(-1)?.message).toMatch(/^logText\("[ab]"\): /);
  },
);

test("finish gives a value up only after another try, and only if the store takes other records", async () => {
  const faults = (times: number): Fault => ({
    at: 1,
    times,
    mode: "error-before",
    only: ["create"],
    key: blob,
    error: { code: "PERMISSION_DENIED" },
  });
  const once = await place([faults(2)]);
  await once.run.logText("a", long(1)).catch(() => {});
  await once.run.finish();
  expect(await once.keys()).toEqual(["a"]);

  const shut = await place([
    faults(2),
    { at: 1, times: 1, mode: "error-before", only: ["append"], error: { code: "PERMISSION_DENIED" } },
  ]);
  void shut.run.logText("a", long(1));
  await expect(shut.run.finish()).rejects.toThrow(code("PERMISSION_DENIED"));
  expect(shut.run.stats.dropped).toBe(0);
  expect(shut.run.status).toBe("running");
  await shut.run.finish();
  expect(await shut.keys()).toEqual(["a"]);
});

test("flush keeps a value that the store refuses, and tries it again", async () => {
  const { run, keys } = await place([
    { at: 1, times: 5, mode: "error-before", only: ["create"], key: blob, error: { code: "PERMISSION_DENIED" } },
  ]);
  void run.logText("a", long(1));
  for (let i = 0; i < 5; i++) await expect(run.flush()).rejects.toThrow(code("PERMISSION_DENIED"));
  await run.flush();
  expect(await keys()).toEqual(["a"]);
  await run.finish();
});

test("left alone, a value is tried again by itself, and what is logged meanwhile waits with it", async () => {
  const { run, errors, clock, keys } = await place([
    { at: 1, times: 3, mode: "error-before", only: ["create"], key: blob, error: { code: "UNAVAILABLE" } },
  ]);
  await run.logText("a", long(1)).catch(() => {});
  void run.logText("b", long(2));
  void run.logText("inline", "short");
  await clock.advance(30_000);
  expect(await keys()).toEqual(["a", "b", "inline"]);
  // As many failures as there were, no storm of attempts.
  expect(errors).toHaveLength(3);
  await run.finish();
});

test("a journal that fails after the blob is stored: the record waits in the buffer as any other", async () => {
  const { run, keys } = await place([
    { at: 1, mode: "error-before", only: ["append"], error: { code: "UNAVAILABLE" } },
  ]);
  await expect(run.logText("a", "short")).rejects.toThrow(code("UNAVAILABLE"));
  void run.logText("b", long(2));
  await run.flush();
  expect(await keys()).toEqual(["a", "b"]);
  await run.finish();
});

test("while the journal fails, texts wait for the timer: each is no attempt of its own", async () => {
  const { run, errors, clock, keys } = await place([
    { at: 1, times: 2, mode: "error-before", only: ["append"], error: { code: "UNAVAILABLE" } },
  ]);
  await run.logText("t", "0").catch(() => {});
  for (let i = 1; i < 20; i++) {
    void run.logText("t", `${i}`);
    await clock.advance(1);
  }
  expect(errors).toHaveLength(1);
  await clock.advance(30_000);
  expect(errors).toHaveLength(2);
  expect(await keys()).toHaveLength(20);
  await run.finish();
});

test("a value that can never be stored is given up and counted, and rejects its own promise alone", async () => {
  const large = "x".repeat(70_000);
  const probe = await place([]);
  const { digest } = await probe.run.logText("a", large);
  const hex = (digest as string).slice(7);
  const refused: Fault = { at: 1, times: 100, mode: "error-before", only: ["create"], error: { code: "CORRUPT" } };
  const { run, errors, keys } = await place([{ ...refused, key: new RegExp(hex) }]);
  const a = run.logText("a", large).catch((error: unknown) => error);
  void run.logText("b", long(2));
  await run.flush();
  expect(await a).toEqual(code("CORRUPT"));
  expect(errors).toEqual([]);
  void run.logText("a", large);
  await run.flush();
  expect(errors).toEqual([code("CORRUPT")]);
  expect(run.stats).toMatchObject({ dropped: 2, points: 2, lastError: code("CORRUPT") });
  await run.finish();
  expect(await keys()).toEqual(["b"]);
});

describe("what waits is bounded", () => {
  /** A backend whose creates of blobs stand still until they are let go. */
  function gated(): { inner: Backend; open: () => void } {
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    const inner = memoryBackend();
    const backend: Backend = Object.create(inner, {
      create: {
        value: async (key: string, body: Uint8Array) => {
          if (blob.test(key)) await gate;
          await inner.create(key, body);
        },
      },
      read: { value: inner.read.bind(inner) },
      stat: { value: inner.stat.bind(inner) },
      list: { value: inner.list.bind(inner) },
      remove: { value: inner.remove.bind(inner) },
      append: { value: inner.append?.bind(inner) },
      capabilities: { value: inner.capabilities },
    }) as Backend;
    return { inner: backend, open };
  }
  /** A file of so many MiB that begins as a PNG does. */
  const file = (mib: number, grey: number): Uint8Array => {
    const bytes = new Uint8Array(mib * 1024 * 1024);
    bytes.set(png(2, 2, grey));
    return bytes;
  };

  test("beyond 64 MiB a value is dropped and counted, training goes on, and the rest is stored", async () => {
    const { inner, open } = gated();
    const { run, errors, keys } = await place([], inner);
    const a = run.logImage("a", file(30, 1));
    void run.logImage("b", file(30, 2));
    const c = run.logImage("c", file(30, 3));
    void run.logText("d", long(4));
    void run.logText("e", "short");
    await expect(c).rejects.toThrow(code("TOO_LARGE"));
    expect(run.stats).toMatchObject({ dropped: 1, points: 1 });
    void run.logImage("f", file(30, 3));
    open();
    await a;
    await run.finish();
    expect(errors).toEqual([expect.objectContaining({ code: "TOO_LARGE", field: "f" })]);
    expect(await keys()).toEqual(["a", "b", "d", "e"]);
  });

  test("one larger value is taken when nothing else waits", async () => {
    const { run, keys } = await place([]);
    await run.logImage("a", file(70, 1));
    await run.finish();
    expect(await keys()).toEqual(["a"]);
  });

  test("short texts are bounded by the journal's buffer, and the record says how many are missing", async () => {
    const faults: Fault[] = [
      { at: 1, times: 3, mode: "error-before", only: ["append"], error: { code: "UNAVAILABLE" } },
    ];
    const ledger = await openLedger(faultyBackend(memoryBackend(), faults), { clock: createTestClock() });
    const run = await ledger.startRun({ flush: { maxBufferedBytes: 5000 } });
    for (let i = 0; i < 100; i++) void run.logText("t", `text ${i}`);
    await run.flush().catch(() => {});
    await run.flush().catch(() => {});
    await run.flush().catch(() => {});
    await run.finish();
    const { dropped } = run.stats;
    expect(dropped).toBeGreaterThan(0);
    expect(await ledger.media(run.id)).toHaveLength(100 - dropped);
    expect((await ledger.getRun(run.id)).dropped).toBe(dropped);
  });
});

test("the same image again uploads nothing; a large one asks whether it is there", async () => {
  const backend = recordingBackend(memoryBackend());
  const { run } = await place([], backend);
  const large = new Uint8Array(70_000);
  large.set(png(3, 3));
  // The second request of each looks whether somebody claimed the run meanwhile.
  for (const [bytes, requests] of [
    [png(3, 3), ["append runs", "stat runs"]],
    [large, ["stat blobs", "list gc", "append runs", "stat runs"]],
  ] as const) {
    await run.logImage("a", bytes);
    backend.calls.length = 0;
    await run.logImage("b", bytes);
    expect(backend.calls.map(({ operation, key }) => `${operation} ${key.split("/")[0]}`)).toEqual(requests);
  }
  await run.finish();
});

test("texts logged in one go are one write to the journal", async () => {
  const backend = recordingBackend(memoryBackend());
  const { run } = await place([], backend);
  backend.calls.length = 0;
  const all = Array.from({ length: 100 }, (_, i) => run.logText("t", `${i}`));
  await Promise.all(all);
  expect(backend.calls.filter(({ operation }) => operation === "append").length).toBeLessThanOrEqual(2);
  expect(backend.calls.length).toBeLessThanOrEqual(5);
  await run.finish();
});

test("pixels that cannot be encoded are given up, not tried for ever", async () => {
  vi.doMock("../../src/media/png.ts", () => ({
    encodePng: () => {
      throw new Error("no memory");
    },
  }));
  try {
    const backend = recordingBackend(memoryBackend());
    const { run, keys } = await place([], backend);
    const pixels = { data: new Uint8Array(4), width: 1, height: 1 };
    await expect(run.logImage("a", pixels)).rejects.toThrow(code("UNSUPPORTED"));
    await run.finish();
    expect(run.status).toBe("finished");
    backend.calls.length = 0;
    await run.finish();
    expect(backend.calls).toEqual([]);
    expect(run.stats.dropped).toBe(1);
    expect(await keys()).toEqual([]);
  } finally {
    vi.doUnmock("../../src/media/png.ts");
  }
});

test("values wait in the order of logging for what stores them, and those behind it stay behind", async () => {
  const { run, keys } = await place([]);
  void run.logImage("a", png(2, 2), { step: 0 });
  void run.logText("b", "short", { step: 0 });
  const c = run.logTable("c", { n: [1] }, { step: 0 }).then(() => void run.logText("e", long(1), { step: 0 }));
  void run.logText("d", "short", { step: 0 });
  await c;
  void run.logText("f", "short", { step: 0 });
  await run.finish();
  expect(await keys()).toEqual(["a", "b", "c", "d", "e", "f"]);
});

test("a session that was shut out rejects what it is given, and stores nothing of it", async () => {
  const place = recordingBackend(memoryBackend());
  const errors: LedgerError[] = [];
  const run = await (await openLedger(place, { onError: (error) => void errors.push(error) })).startRun();
  const heir = await (await openLedger(place)).resumeRun(run.id, { mode: "exclusive" });
  void run.logText("unnoticed", long(1));
  await expect(run.flush()).rejects.toThrow(code("FENCED"));
  place.calls.length = 0;
  await expect(run.logText("a", long(2))).rejects.toThrow(code("FENCED"));
  void run.logText("b", "short");
  await expect(run.flush()).rejects.toThrow(code("FENCED"));
  await expect(run.finish()).rejects.toThrow(code("FENCED"));
  expect(place.calls).toEqual([]);
  expect(errors).toEqual([code("FENCED")]);
  await heir.finish();
});
