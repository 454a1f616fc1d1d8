import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, openLedger } from "../../src/index.ts";
import { createTestClock, faultyBackend, recordingBackend, type TestClock } from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";
import { png } from "../media/pictures.ts";

/** A file of 2 kB that begins as a PNG does. */
function image(n: number): Uint8Array {
  const bytes = new Uint8Array(2000);
  bytes.set(png(4, 4));
  new DataView(bytes.buffer).setUint32(1996, n);
  return bytes;
}

async function keys(backend: Backend, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of backend.list(prefix)) found.push(key);
  return found;
}

/** Lets hashing and other work of the platform end, which virtual time does not wait for. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
}

async function advance(clock: TestClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    await clock.advance(100);
    await turns();
  }
}

describe("a value that nobody waits for", () => {
  test.each<[string, (logged: Promise<unknown>) => void]>([
    ["nothing", () => {}],
    ["a handler of its failure", (logged) => void logged.catch(() => {})],
  ])("is stored with others, shortly before the journal is written: %s", async (_, handle) => {
    const clock = createTestClock();
    const backend = recordingBackend(objectsOnly());
    const ledger = await openLedger(backend, { clock });
    const run = await ledger.startRun({ flush: { intervalMs: 1000 } });
    await run.logText("first", "x");
    backend.calls.length = 0;
    for (let i = 0; i < 10; i++) handle(run.logImage("a", image(i)));
    void run.logText("t", "short");
    await turns();
    expect(backend.calls).toEqual([]);
    await advance(clock, 3000);
    const created = backend.calls.filter(({ operation }) => operation === "create").map(({ key }) => key.split("/")[2]);
    expect(created).toEqual(["journal", "media", "journal"]);
    expect(await ledger.media(run.id)).toHaveLength(12);
    await run.finish();
  });

  test("does not wait longer if somebody waits for another one", async () => {
    const ledger = await openLedger(objectsOnly(), { clock: createTestClock() });
    const run = await ledger.startRun();
    const first = run.logImage("a", image(1));
    await run.logImage("a", image(2)).catch(() => {});
    await first;
    expect(await ledger.media(run.id)).toHaveLength(2);
    await run.finish();
  });
});

test("values that are awaited together are few objects, and each value is found in step order", async () => {
  const backend = objectsOnly();
  const ledger = await openLedger(backend);
  const run = await ledger.startRun();
  const entries = await Promise.all(Array.from({ length: 500 }, (_, i) => run.logImage("a", image(i), { step: i })));
  await run.finish();
  expect((await keys(backend, `runs/${run.id}/media`)).length).toBeLessThanOrEqual(4);
  expect(await ledger.media(run.id)).toEqual(entries);
  for (const i of [0, 1, 250, 499]) expect(await ledger.openMedia(entries[i]!)).toMatchObject({ bytes: image(i) });
});

test("of values that are awaited one by one, later objects repeat earlier ones, which go; old entries stay valid", async () => {
  const backend = objectsOnly();
  const ledger = await openLedger(backend);
  const run = await ledger.startRun({ flush: { intervalMs: 1e9 } });
  const entries = [];
  for (let i = 0; i < 300; i++) {
    entries.push(await run.logImage("a", image(i)));
    // The ledger remembers the packs that it lists here.
    if (i === 3) expect(await ledger.openMedia(entries[2]!)).toMatchObject({ bytes: image(2) });
  }
  run.log({ loss: 1 });
  await run.finish();
  const packs = await keys(backend, `runs/${run.id}/media`);
  expect(packs.length).toBe(2 + (300 - 256));
  for (const i of [0, 2, 127, 128, 255, 256, 299])
    expect(await ledger.openMedia(entries[i]!)).toMatchObject({ bytes: image(i) });
  const { objects } = JSON.parse(new TextDecoder().decode(await backend.read(`runs/${run.id}/run.json`))) as {
    objects: { name: string }[];
  };
  const listed = objects.filter(({ name }) => name.startsWith("media/")).map(({ name }) => `runs/${run.id}/${name}`);
  expect(listed.sort()).toEqual(packs.sort());
});

test("a process that dies at any request leaves each acknowledged value once, and no record without its content", async () => {
  let isOver = false;
  for (let at = 1; !isOver; at++) {
    const inner = objectsOnly(memoryBackend());
    const backend = faultyBackend(inner, [{ at, mode: at % 2 ? "crash-before" : "crash-after" }]);
    const acknowledged: number[] = [];
    let id = "";
    try {
      const run = await (await openLedger(backend, { clock: createTestClock(), onError: () => {} })).startRun();
      ({ id } = run);
      for (let i = 0; i < 4; i++) {
        const others = [run.logImage("a", image(10 * i + 1)), run.logText("t", `${i}`)];
        for (const each of others) each.catch(() => {});
        await run.logImage("a", image(10 * i));
        acknowledged.push(10 * i);
      }
      await run.finish();
      isOver = true;
    } catch {
      // The process is gone.
    }
    if (acknowledged.length === 0) continue;
    const ledger = await openLedger(inner);
    const found: number[] = [];
    for (const entry of await ledger.media(id, { type: "image" })) {
      const content = await ledger.openMedia(entry);
      if (content.type === "image")
        found.push(new DataView(content.bytes.buffer).getUint32(content.bytes.byteOffset + 1996));
    }
    expect(new Set(found).size).toBe(found.length);
    expect(found).toEqual(expect.arrayContaining(acknowledged));
  }
});

test("a pack that cannot be stored rejects what waits behind it, and is stored later with it", async () => {
  const clock = createTestClock();
  const faulty = faultyBackend(objectsOnly(), [
    { at: 1, mode: "error-before", only: ["create"], key: /\/media\//, error: { code: "UNAVAILABLE" } },
  ]);
  const ledger = await openLedger(faulty, { clock, onError: () => {} });
  const run = await ledger.startRun();
  const code = (error: { code: string }): string => error.code;
  const first = run.logImage("a", image(1)).then(String, code);
  const second = run.logImage("a", image(2)).then(String, code);
  expect(await Promise.all([first, second])).toEqual(["UNAVAILABLE", "UNAVAILABLE"]);
  await run.finish();
  expect(await ledger.media(run.id)).toHaveLength(2);
  for (const entry of await ledger.media(run.id)) await ledger.openMedia(entry);
});
