import { type Backend, LedgerError, openLedger } from "runledger";
import { memoryBackend } from "runledger/backends/memory";
import { expect, test } from "vitest";
import { decodeCheckedJson } from "../../src/bytes/checked-json.ts";

const KEY = "ledger.json";
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);

/** A ledger of two runs, and how to change an object of it. */
async function twoRuns() {
  const backend = memoryBackend();
  const ledger = await openLedger(backend);
  const ids: string[] = [];
  for (const loss of [1, 2]) {
    const run = await ledger.startRun({ environment: false });
    run.log({ loss });
    await run.finish();
    ids.push(run.id);
  }
  const change = (key: string, edit: (before: Uint8Array) => Uint8Array | undefined): void => {
    const objects = new Map(backend.snapshot());
    const after = edit(objects.get(key)!);
    if (after) objects.set(key, after);
    else objects.delete(key);
    backend.restore(objects);
  };
  return { backend, ids, change };
}

/** The backend with some calls of its own. */
function changed(backend: Backend, calls: Partial<Backend>): Backend {
  return new Proxy(backend, {
    get(target, name) {
      const value: unknown = Reflect.get(calls, name) ?? Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function opened(backend: Backend) {
  const told: LedgerError[] = [];
  const ledger = await openLedger(backend, { onError: (error) => told.push(error) });
  return { ledger, told };
}

const HARM: readonly (readonly [how: string, harm: (before: Uint8Array) => Uint8Array | undefined])[] = [
  ["missing", () => undefined],
  ["empty", () => new Uint8Array()],
  ["zeros", (before) => new Uint8Array(before.length)],
  ["cut", (before) => before.slice(0, 40)],
  ["a flipped bit", (before) => before.map((byte, i) => (i === before.length - 3 ? byte ^ 1 : byte))],
  ["longer", (before) => bytes(`${text(before)}}`)],
];

test.each(HARM)(
  "the runs of a ledger outlive its marker (%s), and the next run writes it again",
  async (_how, harm) => {
    const { backend, ids, change } = await twoRuns();
    change(KEY, harm);
    const before = backend.snapshot();
    const { ledger, told } = await opened(backend);
    expect(told).toMatchObject([{ code: "CORRUPT", key: KEY, operation: "openLedger" }]);
    expect(told[0]!.message).toContain("writes it again");
    expect((await ledger.searchRuns()).runs.map(({ id }) => id).sort()).toEqual(ids.toSorted());
    expect((await ledger.history(ids[1]!, "loss")).values).toEqual(Float64Array.of(2));
    // Reading changes nothing.
    expect(backend.snapshot().get(KEY)).toEqual(before.get(KEY));

    await (await ledger.startRun()).finish();
    expect(decodeCheckedJson(await backend.read(KEY))).toMatchObject({ format: "runledger", version: 1 });
    expect(told).toHaveLength(1);
    const again = await opened(backend);
    expect((await again.ledger.searchRuns()).runs).toHaveLength(3);
    expect(again.told).toEqual([]);
  },
);

test("two ledgers that were opened without the marker write it once, and what a third one writes stays", async () => {
  const { backend, change } = await twoRuns();
  change(KEY, () => bytes("{"));
  const [first, second] = [await opened(backend), await opened(backend)];
  await (await first.ledger.startRun()).finish();
  const marker = await backend.read(KEY);
  await (await second.ledger.startRun()).finish();
  expect(await backend.read(KEY)).toEqual(marker);
  expect([...first.told, ...second.told]).toHaveLength(2);
});

test("one readable run is enough, and a place where nothing can be written is enough to read", async () => {
  const { backend, ids, change } = await twoRuns();
  change(KEY, () => undefined);
  change(`runs/${ids.toSorted()[0]!}/run.created.json`, () => bytes("x"));
  const refuse = (): Promise<never> => Promise.reject(new LedgerError("PERMISSION_DENIED", "read-only"));
  const { ledger, told } = await opened(changed(backend, { create: refuse, remove: refuse }));
  expect(told).toMatchObject([{ code: "CORRUPT", key: KEY }]);
  expect((await ledger.getRun(ids.toSorted()[1]!)).status).toBe("finished");
});

test.each([
  ["missing", "NOT_A_LEDGER"],
  ["zeros", "CORRUPT"],
])("without a run that can be read, the place is refused (%s)", async (how, code) => {
  const { backend, ids, change } = await twoRuns();
  change(KEY, new Map(HARM).get(how)!);
  change(`runs/${ids[0]!}/run.created.json`, () => bytes("x"));
  change(`runs/${ids[1]!}/run.created.json`, () => bytes('{"v":2}'));
  await expect(openLedger(backend)).rejects.toMatchObject({ code, key: KEY });
});

test.each([
  ["perhaps of a later version", (before: string) => before.replace('"version":1', '"version":2'), "CORRUPT"],
  ["of a later version", () => '{"format":"runledger","version":2}', "FORMAT_TOO_NEW"],
  ["of another program", () => '{"accounts":[]}', "NOT_A_LEDGER"],
])("a marker %s refuses the ledger and stays", async (_what, edit, code) => {
  const { backend, change } = await twoRuns();
  change(KEY, (before) => bytes(edit(text(before))));
  const before = backend.snapshot();
  await expect(openLedger(backend)).rejects.toMatchObject({ code, key: KEY });
  expect([...backend.snapshot().keys()]).toEqual([...before.keys()]);
  expect(backend.snapshot().get(KEY)).toEqual(before.get(KEY));
});

test("the files of another program below runs/ are not all listed", async () => {
  const backend = memoryBackend();
  await backend.create("runs/board/x", bytes("x"));
  let listed = 0;
  async function* list(prefix: string) {
    if (prefix === "") return yield* backend.list("");
    for (; listed < 1e6; listed++) yield { key: `runs/board/${String(listed).padStart(7, "0")}`, size: 1 };
  }
  await expect(openLedger(changed(backend, { list }))).rejects.toMatchObject({ code: "NOT_A_LEDGER" });
  expect(listed).toBeLessThan(10_000);
});

test("a ledger that another process makes in the meantime, with a run, is no trouble", async () => {
  const { backend } = await twoRuns();
  let reads = 0;
  const read: Backend["read"] = (key, options) =>
    key === KEY && reads++ === 0 ? Promise.reject(new LedgerError("NOT_FOUND", "not yet")) : backend.read(key, options);
  const { ledger, told } = await opened(changed(backend, { read }));
  expect(told).toEqual([]);
  expect((await ledger.searchRuns()).runs).toHaveLength(2);
});
