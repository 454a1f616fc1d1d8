import { runInNewContext, runInThisContext } from "node:vm";
import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, type Run, openLedger } from "../../src/index.ts";
import { countingBackend, recordingBackend } from "../../src/testing/index.ts";
import { where } from "../../src/where/index.ts";

/** A value that was made in a realm of its own, as what a test in Jest hands to a library that Jest did not load. */
const foreign = <T>(code: string): T => runInNewContext(`(${code})`, { AbortController, TextEncoder }) as T;

async function run(work: (run: Run) => Promise<unknown>, backend: Backend = memoryBackend()): Promise<string> {
  const ledger = await openLedger(backend);
  const run = await ledger.startRun();
  await work(run);
  await run.finish();
  return run.id;
}

test("bytes, pixels, numbers, dates and errors of another realm are logged like those of this one", async () => {
  const backend = memoryBackend();
  const id = await run(async (run) => {
    run.log(foreign("{ loss: 1, nested: { deep: 2 } }"));
    run.setParams(foreign("{ lr: 0.1, layers: [1, 2] }"));
    const small = await run.logArtifact("small", foreign<Uint8Array>("new Uint8Array([1, 2, 3])"));
    expect(small.digest).toMatch(/^sha256:039058c6/);
    const large = await run.logArtifact("large", foreign<Uint8Array>("new Uint8Array(3_000_000)"));
    expect(large.size).toBe(3_000_000);
    await run.logArtifact(
      "stream",
      foreign<ReadableStream<Uint8Array>>("{ async *[Symbol.asyncIterator]() { yield new Uint8Array([1, 2, 3]); } }"),
    );
    await run.logImage("image", foreign("{ data: new Uint8ClampedArray(4), width: 1, height: 1 }"));
    await run.logHistogram("numbers", foreign("new Float32Array([1, 2, 3])"));
    await run.logTable("table", foreign("{ n: new Float64Array([1, 2]), at: [new Date(0), new Date(1)] }"));
    await run.fail(foreign("new RangeError('out of it')"));
  }, backend);
  const ledger = await openLedger(backend);
  const record = await ledger.getRun(id);
  expect(record.status).toBe("failed");
  expect(record.error).toMatchObject({ name: "RangeError", message: "out of it" });
  expect(record.params).toEqual({ lr: 0.1, layers: [1, 2] });
  expect(record.artifacts.map(({ name, size }) => [name, size])).toEqual([
    ["small", 3],
    ["large", 3_000_000],
    ["stream", 3],
  ]);
  const [table] = await ledger.media(id, { type: "table" });
  const columns = { n: [1, 2], at: [new Date(0), new Date(1)] };
  expect(await ledger.openMedia(table!)).toMatchObject({ type: "table", rows: 2, columns });
  const filter = where.attribute("start_time").gt(foreign("new Date(0)"));
  expect((await ledger.searchRuns({ filter })).runs).toHaveLength(1);
});

test("a backend and its layers may give and take bytes of another realm", async () => {
  const inner = memoryBackend();
  const toForeign = foreign<(bytes: Uint8Array) => Uint8Array>("(bytes) => new Uint8Array(bytes)");
  const throwing = foreign<(text: string) => never>("(text) => { throw new Error(text); }");
  let failing = false;
  const backend: Backend = {
    contract: 1,
    name: "foreign",
    capabilities: { ...inner.capabilities, move: false },
    create: (key, body, options) => (failing ? throwing("no luck") : inner.create(key, body, options)),
    append: (key, bytes, options) => inner.append!(key, toForeign(bytes), options),
    read: async (key, options) => toForeign(await inner.read(key, options)),
    stat: (key) => inner.stat(key),
    list: (prefix, options) => inner.list(prefix, options),
    remove: (key) => inner.remove(key),
  };
  const counting = countingBackend(recordingBackend(backend));
  await counting.create("k", toForeign(new Uint8Array(5)));
  expect(counting.counters.bytesIn).toBe(5);
  expect((await counting.read("k")).length).toBe(5);
  expect(counting.counters.bytesOut).toBe(5);
  await counting.remove("k");
  const id = await run(async (run) => run.log({ loss: 1 }), backend);
  const ledger = await openLedger(backend);
  expect((await ledger.history(id, "loss")).values).toEqual(new Float64Array([1]));
  failing = true;
  await expect(ledger.startRun()).rejects.toThrow("no luck");
});

test("what cannot be stored is refused with the same hint in each realm", async () => {
  for (const code of [
    "new Date(0)",
    "new Map()",
    "new Float64Array(1)",
    "new ArrayBuffer(1)",
    "new (class Model {})()",
  ]) {
    const values: unknown[] = [foreign(code), runInThisContext(`(${code})`)];
    const refusals = values.map((value) =>
      run(async (run) => run.setParams({ value })).catch((error: Error) => error.message),
    );
    const [there, here] = await Promise.all(refusals);
    expect(there).toBe(here);
  }
});
