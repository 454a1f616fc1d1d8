import { expect, test } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import { memoryBackend, type MemoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, openLedger } from "../../src/index.ts";
import { encodeCheckedJson, decodeCheckedJson } from "../../src/bytes/checked-json.ts";
import { keepingJournals } from "./kept-journals.ts";

function change(backend: MemoryBackend, key: string, bytes: Uint8Array | undefined): void {
  const objects = new Map(backend.snapshot());
  if (bytes) objects.set(key, bytes);
  else objects.delete(key);
  backend.restore(objects);
}

async function keysOf(backend: Backend, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of backend.list(prefix)) keys.push(key);
  return keys;
}

async function finished(points: number, backend = memoryBackend()): Promise<{ backend: MemoryBackend; id: string }> {
  const ledger = await openLedger(backend);
  const run = await ledger.startRun();
  for (let i = 0; i < points; i++) run.log({ loss: i }, { step: i, time: 1_700_000_000_000 + i });
  await run.finish();
  return { backend, id: run.id };
}

test("a lost Parquet file is damage, of the history and of the record", async () => {
  const { backend, id } = await finished(10);
  change(backend, `runs/${id}/metrics.parquet`, undefined);
  const ledger = await openLedger(backend);
  await expect(ledger.history(id, "loss")).rejects.toMatchObject({
    code: "CORRUPT",
    key: `runs/${id}/metrics.parquet`,
  });
  await expect(ledger.media(id)).rejects.toMatchObject({ code: "CORRUPT" });
  expect((await ledger.history(id, "loss", { damaged: "skip" })).values).toHaveLength(0);
  const record = await ledger.getRun(id);
  expect(record.damage).toMatchObject([{ kind: "missing", key: `runs/${id}/metrics.parquet` }]);
  expect(record.metrics["loss"]?.count).toBe(10);
  // A later session goes on, and nothing is passed off as whole.
  const run = await ledger.resumeRun(id);
  run.log({ loss: 7 });
  await run.finish();
  await ledger.recover();
  const again = await (await openLedger(backend)).getRun(id);
  expect(again.metrics["loss"]?.count).toBe(11);
  expect(again.damage).toMatchObject([{ kind: "missing" }]);
});

test("a lost newest document is damage, and recover() keeps what only that document named", async () => {
  const { backend, id } = await finished(10);
  const run = await (await openLedger(backend)).resumeRun(id);
  run.log({ loss: 7 });
  await run.finish();
  change(backend, `runs/${id}/run.0002.json`, undefined);
  const before = await keysOf(backend, `runs/${id}`);
  expect(before).toContain(`runs/${id}/metrics.0002.parquet`);
  const ledger = await openLedger(backend);
  expect((await ledger.getRun(id)).damage).toMatchObject([{ kind: "missing", key: `runs/${id}/metrics.parquet` }]);
  await ledger.recover();
  await ledger.recover(id);
  expect(await keysOf(backend, `runs/${id}`)).toEqual(before);
});

test("the only document and the journals lost: CORRUPT wherever the run is read, and recover() names the run at once", async () => {
  const { backend, id } = await finished(10);
  const key = `runs/${id}/run.json`;
  change(backend, key, undefined);
  const before = await keysOf(backend, `runs/${id}`);
  const told: unknown[] = [];
  const clock = { sleep: () => Promise.reject(new Error("recover() waits")) };
  const ledger = await openLedger(backend, { clock, onError: (error) => told.push(error) });
  const corrupt = { code: "CORRUPT", key };
  await expect(ledger.getRun(id)).rejects.toMatchObject(corrupt);
  await expect(ledger.history(id, "loss")).rejects.toMatchObject(corrupt);
  await expect(ledger.history(id, "loss", { damaged: "skip" })).rejects.toMatchObject(corrupt);
  await expect(ledger.media(id)).rejects.toMatchObject(corrupt);
  await expect(ledger.watchRun(id).next()).rejects.toMatchObject(corrupt);
  await expect(ledger.watchRun(id, { points: false }).next()).rejects.toMatchObject(corrupt);
  await expect(ledger.resumeRun(id)).rejects.toMatchObject(corrupt);
  expect(await ledger.recover()).toMatchObject({ interrupted: [], running: [], unreadable: [{ id, error: corrupt }] });
  expect(told).toMatchObject([corrupt]);
  expect(await keysOf(backend, `runs/${id}`)).toEqual(before);
});

test("another run's Parquet file of equal size is refused", async () => {
  const one = await finished(10);
  const key = `runs/${one.id}/metrics.parquet`;
  const { size } = (await one.backend.stat(key))!;
  // How well ids and times deflate differs by a byte or two.
  let foreign: Uint8Array = new Uint8Array();
  for (let tries = 0; tries < 200 && foreign.length !== size; tries++) {
    const two = await finished(10);
    foreign = await two.backend.read(`runs/${two.id}/metrics.parquet`);
  }
  expect(foreign).toHaveLength(size);
  change(one.backend, key, foreign);
  const ledger = await openLedger(one.backend);
  await expect(ledger.history(one.id, "loss")).rejects.toMatchObject({ code: "CORRUPT", key });
});

test("another run's overview is refused", async () => {
  const [one, two] = [await finished(17_000), await finished(17_000)];
  const nameOf = (id: string): string => `runs/${id}/metrics.overview`;
  const key = nameOf(one.id);
  change(one.backend, key, await two.backend.read(nameOf(two.id)));
  const ledger = await openLedger(one.backend);
  await expect(ledger.histories(one.id, undefined, { samples: 10 })).rejects.toMatchObject({ code: "CORRUPT", key });
  expect((await ledger.history(one.id, "loss")).values).toHaveLength(17_000);
});

test("a document whose objects are missing is ignored while all journals exist", async () => {
  const place = memoryBackend();
  const { id } = await finished(10, keepingJournals(place) as MemoryBackend);
  change(place, `runs/${id}/metrics.parquet`, undefined);
  const ledger = await openLedger(place);
  expect((await ledger.history(id, "loss")).values).toHaveLength(10);
  expect(await ledger.getRun(id)).toMatchObject({ status: "finished", damage: [], metrics: { loss: { count: 10 } } });
  await ledger.recover();
  const documents = (await keysOf(place, `runs/${id}`)).filter((key) => /run\.\d+\.json$/.test(key));
  expect(documents).toHaveLength(1);
  expect((await (await openLedger(place)).history(id, "loss")).values).toHaveLength(10);
});

test.each(["lost", "cut"])("a journal that a later session had read and that is %s is damage", async (what) => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend);
  const first = await ledger.startRun();
  first.log({ loss: 1 });
  await first.flush();
  const [key] = await keysOf(backend, `runs/${first.id}/journal`);
  const short = await backend.read(key!);
  first.log({ loss: 2 });
  await first.flush();
  const second = await ledger.resumeRun(first.id);
  second.log({ loss: 3 });
  await second.flush();
  expect((await ledger.getRun(first.id)).damage).toEqual([]);
  change(backend, key!, what === "cut" ? short : undefined);
  const reader = await openLedger(backend);
  expect((await reader.getRun(first.id)).damage).toMatchObject([{ kind: "missing" }]);
  await expect(reader.history(first.id, "loss")).rejects.toMatchObject({ code: "CORRUPT" });
  const { values } = await reader.history(first.id, "loss", { damaged: "skip" });
  expect([...values]).toEqual(what === "cut" ? [1, 3] : [3]);
});

test("a journal that a document covers and that is lost is damage", async () => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend);
  const run = await ledger.startRun();
  run.setTags({ a: 1 });
  await run.finish();
  expect((await ledger.getRun(run.id)).damage).toEqual([]);
  const [key] = await keysOf(backend, `runs/${run.id}/journal`);
  change(backend, key!, undefined);
  const record = await (await openLedger(backend)).getRun(run.id);
  expect(record).toMatchObject({ tags: { a: "1" }, status: "finished", damage: [{ kind: "missing", key }] });
  // The document says that there were no points.
  expect((await ledger.history(run.id, "loss")).values).toHaveLength(0);
  // Nothing but the document tells of the run as it was.
  const later = await openLedger(backend, {
    clock: { ...systemClock, sleep: () => Promise.reject(new Error("waits")) },
  });
  for (let i = 0; i < 2; i++) expect(await later.recover()).toEqual({ interrupted: [], running: [] });
  expect(await later.getRun(run.id)).toEqual(record);
});

test("a document of a later version is FORMAT_TOO_NEW", async () => {
  const { backend, id } = await finished(3);
  const key = `runs/${id}/run.json`;
  const document = decodeCheckedJson(await backend.read(key)) as object;
  change(backend, key, encodeCheckedJson({ ...document, v: 2 }, "run"));
  await expect((await openLedger(backend)).getRun(id)).rejects.toMatchObject({ code: "FORMAT_TOO_NEW" });
});

test("a lost Parquet file is damage also where an overview is left, or another file of points", async () => {
  const { backend, id } = await finished(17_000);
  const file = `runs/${id}/metrics.parquet`;
  const whole = new Map(backend.snapshot());
  change(backend, file, undefined);
  const left = (await keysOf(backend, `runs/${id}`)).filter((key) => key.includes("metrics"));
  expect(left).toEqual([`runs/${id}/metrics.overview`]);
  const missing = { code: "CORRUPT", key: file };
  await expect((await openLedger(backend)).history(id, "loss")).rejects.toMatchObject(missing);
  await expect((await openLedger(backend)).histories(id, undefined, { samples: 10 })).rejects.toMatchObject(missing);

  const document = decodeCheckedJson(whole.get(`runs/${id}/run.json`)!) as {
    objects: { name: string; size: number; digest: string }[];
    compacted: { metrics: string[] };
  };
  const first = document.objects.find(({ name }) => name === "metrics.parquet");
  document.objects.push({ ...first!, name: "metrics.0001.0002.parquet" });
  document.compacted.metrics.push("metrics.0001.0002.parquet");
  whole.set(`runs/${id}/run.json`, encodeCheckedJson(document, "run"));
  whole.set(`runs/${id}/metrics.0001.0002.parquet`, whole.get(file)!);
  whole.delete(file);
  backend.restore(whole);
  await expect((await openLedger(backend)).history(id, "loss")).rejects.toMatchObject(missing);
  whole.set(file, whole.get(`runs/${id}/metrics.0001.0002.parquet`)!);
  whole.delete(`runs/${id}/metrics.0001.0002.parquet`);
  backend.restore(whole);
  await expect((await openLedger(backend)).getRun(id)).resolves.toMatchObject({ damage: [{ kind: "missing" }] });
});

test("a document may state any number of segments: no more of them are looked at than are listed", async () => {
  const { backend, id } = await finished(10);
  const key = `runs/${id}/run.json`;
  const document = decodeCheckedJson(await backend.read(key)) as {
    compacted: { ends: { [writer: string]: { segments: number; bytes: number } } };
  };
  for (const end of Object.values(document.compacted.ends)) end.segments = Number.MAX_SAFE_INTEGER;
  change(backend, key, encodeCheckedJson(document, "run"));
  change(backend, `runs/${id}/metrics.parquet`, undefined);
  const record = await (await openLedger(backend)).getRun(id);
  expect(record.damage).toMatchObject([{ kind: "missing", key: `runs/${id}/metrics.parquet` }]);
});

test.each([true, false])("summaries are lost, and journals are there: %s", async (isWhole) => {
  const backend = memoryBackend();
  const ledger = await openLedger(isWhole ? keepingJournals(backend) : backend);
  const run = await ledger.startRun({ environment: false });
  run.log(Object.fromEntries(Array.from({ length: 2001 }, (_, i) => [`m${i}`, i])));
  await run.finish();
  const record = await ledger.getRun(run.id);
  const key = (await keysOf(backend, `runs/${run.id}`)).find((each) => each.endsWith(".summaries"));
  change(backend, key!, undefined);
  const again = (await openLedger(backend)).getRun(run.id);
  if (isWhole) expect(await again).toEqual(record);
  else await expect(again).rejects.toMatchObject({ code: "CORRUPT", key });
});
