import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { Backend } from "../../../src/backend/backend.ts";
import { httpBackend, publish } from "../../../src/backends/http/index.ts";
import { encodePage, storedPage } from "../../../src/backends/http/index-page.ts";
import { encodeIndex, type PublishedIndex } from "../../../src/backends/http/published-index.ts";
import { memoryBackend, type MemoryBackend } from "../../../src/backends/memory/index.ts";
import { crc32 } from "../../../src/bytes/crc32.ts";
import { type Ledger, LedgerError, openLedger } from "../../../src/index.ts";
import { intercept } from "../../../src/testing/intercept.ts";
import { asFetch, type Quirks } from "../../servers/static-host.ts";

const empty = new Uint8Array();

/** Returns a new reader of a place, as a page that is opened now. */
function reader(place: MemoryBackend, quirks: Quirks = {}): Backend {
  return httpBackend("https://host.example/some/place/", {
    fetch: asFetch(place, quirks),
    refreshMs: 0,
    retry: { attempts: 1 },
  });
}

async function keysOf(backend: Backend, prefix = ""): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of backend.list(prefix)) keys.push(key);
  return keys;
}

async function withRuns(place: Backend, count = 3): Promise<{ ledger: Ledger; ids: string[] }> {
  const ledger = await openLedger(place);
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    const run = await ledger.startRun({ name: `run ${n}`, environment: false });
    for (let step = 0; step < 10; step++) run.log({ loss: n + 1 / (step + 1) });
    if (n === 0) {
      await run.logArtifact("model", { text: "weights" }, { aliases: ["best"] });
      await run.logText("sample", "a text that is long enough for a blob. ".repeat(100));
    }
    await run.finish();
    ids.push(run.id);
  }
  return { ledger, ids };
}

test("everything of a ledger is read over HTTP as where it was written", async () => {
  const place = memoryBackend();
  const { ledger, ids } = await withRuns(place, 12);
  const running = await ledger.startRun({ name: "going on", environment: false });
  running.log({ loss: 7 });
  await running.flush();
  const { objects, written } = await publish(ledger);
  expect(objects).toBe((await keysOf(place)).filter((key) => !key.startsWith("published/")).length);
  expect(written).toBeGreaterThan(1);

  const troubles: LedgerError[] = [];
  const there = await openLedger(reader(place), { onError: (error) => troubles.push(error) });
  const before = place.snapshot();
  expect(await there.searchRuns()).toEqual(await ledger.searchRuns());
  expect(await there.searchRuns({ filter: "metrics.loss > 5", orderBy: "metrics.loss DESC" })).toEqual(
    await ledger.searchRuns({ filter: "metrics.loss > 5", orderBy: "metrics.loss DESC" }),
  );
  for (const id of [...ids, running.id]) {
    expect(await there.getRun(id)).toEqual(await ledger.getRun(id));
    expect(await there.history(id, "loss")).toEqual(await ledger.history(id, "loss"));
  }
  expect(await (await there.openArtifact("model:best")).read()).toEqual(new TextEncoder().encode("weights"));
  await expect(there.startRun()).rejects.toMatchObject({ code: "UNSUPPORTED" });
  expect(place.snapshot()).toEqual(before);
  expect(troubles).toEqual([]);
  await running.finish();
});

test("publishing again stores only what changed, and nothing if nothing did", async () => {
  const place = memoryBackend();
  for (let n = 0; n < 2500; n++) await place.create(`runs/r${n}/run.json`, empty);
  await publish(place);
  expect((await publish(place)).written).toBe(0);
  const pages = (await keysOf(place, "published")).length;
  expect(pages).toBeGreaterThan(4);
  for (const id of ["r77", "rA", "zz"]) {
    await place.create(`runs/${id}/new`, empty);
    expect((await publish(place)).written).toBeLessThanOrEqual(3);
    expect(await keysOf(reader(place))).toContain(`runs/${id}/new`);
  }
  // Only the pages of this index and of the one before are left.
  expect((await keysOf(place, "published")).length).toBeLessThanOrEqual(pages + 3);
});

test("keys come in order across pages of several groups", async () => {
  const place = memoryBackend();
  const keys = ["a", "a.b", "artifacts/x", "b/c", "blobs/1", "blobs/2", "experiments/e", "ledger.json", "runs", "z"];
  for (let n = 0; n < 300; n++) keys.push(`runs/r${n}/run.json`, `runs/r${n}/journal/w.000000`);
  keys.push("runs-x/1", "runs.json", "runs0", "公/式");
  for (const key of keys) await place.create(key, empty);
  await publish(place);
  const http = reader(place);
  expect(await keysOf(http)).toEqual(keys.toSorted());
  for (const prefix of ["runs", "runs/r7", "blobs", "b", "none"])
    expect(await keysOf(http, prefix)).toEqual(keys.filter((key) => key.startsWith(`${prefix}/`)).toSorted());
  for (const startAfter of ["", "a", "blobs/1", "runs/r150", "z", "\uffff"]) {
    const found: string[] = [];
    for await (const { key } of http.list("", { startAfter })) found.push(key);
    expect(found).toEqual(keys.toSorted().filter((key) => key > startAfter));
  }
});

test("whatever call is the last of a publish, readers see the old index or the new one", async () => {
  const states = new Set<string>();
  for (let calls = 0; ; calls++) {
    const place = memoryBackend();
    await place.create("runs/r1/run.json", empty);
    await publish(place);
    await place.create("runs/r2/run.json", empty);
    let left = calls;
    const mortal = intercept(place, {
      call: async ({ operation }, proceed) => {
        if (["create", "remove"].includes(operation) && left-- <= 0) throw new LedgerError("IO", "the process died");
        return await proceed();
      },
      list: (_call, proceed) => proceed(),
    });
    const isWhole = await publish(mortal).then(
      () => true,
      () => false,
    );
    const seen = await keysOf(reader(place));
    states.add(seen.join());
    expect(["runs/r1/run.json", "runs/r1/run.json,runs/r2/run.json"]).toContain(seen.join());
    // The next one puts everything in order.
    await publish(place);
    expect(await keysOf(reader(place))).toEqual(["runs/r1/run.json", "runs/r2/run.json"]);
    expect(await keysOf(place, "published")).not.toContain("published/next.json");
    if (isWhole) break;
  }
  expect(states.size).toBe(2);
});

test("a reader that is at work while the ledger is published twice goes on with the new index", async () => {
  const place = memoryBackend();
  for (let n = 0; n < 2000; n++) await place.create(`runs/r${n}/run.json`, empty);
  await publish(place);
  const seen: string[] = [];
  for await (const { key } of reader(place).list("runs")) {
    seen.push(key);
    if (seen.length !== 1) continue;
    for (const added of ["runs/y/run.json", "runs/z/run.json"]) {
      for (let n = 1; n < 2000; n += 3) await place.remove(`runs/r${n}/run.json`);
      await place.create(added, empty);
      await publish(place);
    }
  }
  expect(seen).toEqual(seen.toSorted());
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.slice(-2)).toEqual(["runs/y/run.json", "runs/z/run.json"]);
});

test("a run that is closed while the ledger is published is whole in the index", async () => {
  const place = memoryBackend();
  const ledger = await openLedger(place);
  const run = await ledger.startRun({ environment: false });
  for (let step = 0; step < 10; step++) run.log({ loss: step });
  await run.flush();
  let closed = false;
  const slow = intercept(place, {
    call: (_call, proceed) => proceed(),
    list: async function* ({ key }, proceed) {
      for await (const entry of proceed()) {
        yield entry;
        // What was listed of the run so far is removed by its end.
        if (key !== "runs" || closed) continue;
        closed = true;
        await run.finish();
      }
    },
  });
  await publish(slow);
  const there = await openLedger(reader(place));
  expect((await there.history(run.id, "loss")).values).toEqual((await ledger.history(run.id, "loss")).values);
});

test("a run that is closed after the ledger was published is read as it is, and again as published later", async () => {
  const place = memoryBackend();
  const ledger = await openLedger(place);
  const runs = [await ledger.startRun({ environment: false }), await ledger.startRun({ environment: false })] as const;
  for (const run of runs) {
    for (let step = 0; step < 10; step++) run.log({ loss: step });
    await run.flush();
  }
  await publish(ledger);
  const there = await openLedger(reader(place));
  expect((await there.getRun(runs[0].id)).status).toBe("running");
  for (const run of runs) await run.finish();
  expect(await there.getRun(runs[0].id)).toEqual(await ledger.getRun(runs[0].id));
  // History first: the reader does not know yet that this run was closed.
  expect(await there.history(runs[1].id, "loss")).toEqual(await ledger.history(runs[1].id, "loss"));
  const found = await there.searchRuns();
  expect(found.runs.map(({ status }) => status)).toEqual(["finished", "finished"]);
  expect(found.unreadable).toBeUndefined();

  const again = await ledger.resumeRun(runs[0].id);
  again.log({ loss: 10 });
  await again.flush();
  await publish(ledger);
  expect((await there.history(runs[0].id, "loss")).values).toHaveLength(11);
  await again.finish();
  expect((await there.getRun(runs[0].id)).metrics["loss"]?.count).toBe(11);
});

test("a ledger that is uploaded in part: each run is right, or is named with what is missing", async () => {
  const place = memoryBackend();
  const { ledger, ids } = await withRuns(place);
  await publish(ledger);
  const whole = place.snapshot();
  const expected = await ledger.searchRuns();
  for (const missing of [...whole.keys()].filter((key) => !key.startsWith("published/") && whole.get(key)?.length)) {
    place.restore(new Map([...whole].filter(([key]) => key !== missing)));
    const troubles: LedgerError[] = [];
    const there = await openLedger(reader(place), { onError: (error) => troubles.push(error) });
    const found = await there.searchRuns();
    const lost = (found.unreadable ?? []).map(({ id }) => id);
    expect(found.runs).toEqual(expected.runs.filter(({ id }) => !lost.includes(id)));
    for (const { error } of found.unreadable ?? []) expect(error.message).toContain("uploaded only in part");
    for (const id of ids) {
      const history = await there.history(id, "loss").catch((error: LedgerError) => error);
      if (LedgerError.is(history)) expect(history.message, missing).toContain("uploaded only in part");
      else expect(history).toEqual(await (await openLedger(memoryOf(whole))).history(id, "loss"));
    }
  }
});

function memoryOf(snapshot: ReadonlyMap<string, Uint8Array>): MemoryBackend {
  const place = memoryBackend();
  place.restore(snapshot);
  return place;
}

test("a part of the index that is missing, cut or another one: an error that says what to do", async () => {
  const place = memoryBackend();
  await place.create("runs/r1/run.json", empty);
  await publish(place);
  const key = (await keysOf(place, "published")).find((each) => each.endsWith(".keys"))!;
  const page = await place.read(key);
  const damages = [undefined, page.slice(0, -1), page.slice(0, 5), new TextEncoder().encode("<html>"), empty];
  for (const damaged of damages) {
    await place.remove(key);
    if (damaged) await place.create(key, damaged);
    const error: LedgerError = await keysOf(reader(place)).then(
      () => expect.unreachable(),
      (reason: LedgerError) => reason,
    );
    expect(error).toMatchObject({ code: "IO", key });
    expect(error.message).toContain("Publish it again");
  }
  await place.remove(key);
  await place.create(key, page);

  const index = await place.read("published/index.json");
  const http = reader(place);
  expect(await keysOf(http)).toEqual(["runs/r1/run.json"]);
  await place.remove("published/index.json");
  await place.create("published/index.json", index.slice(0, 50));
  // One that has read the index before goes on with it while the next one is uploaded.
  expect(await keysOf(http)).toEqual(["runs/r1/run.json"]);
  await expect(keysOf(reader(place))).rejects.toMatchObject({ code: "IO" });
});

test("files with odd characters in their names are listed as they are", async () => {
  const place = memoryBackend();
  const names = ["\u2028", "a\u2028b", "\u2029", "\ufeff", " ", "%20", "#&", "🙂", "\u00e9"];
  const keys: string[] = [];
  for (const name of names) {
    const key = `runs/r1/${name}x`;
    await place.create(key, empty).then(() => keys.push(key));
  }
  expect(keys).toHaveLength(names.length);
  await publish(place);
  expect(await keysOf(reader(place))).toEqual(keys.toSorted());
});

test("a page of more than 4,096 keys is damage", async () => {
  for (const count of [4096, 4097]) {
    const keys = Array.from({ length: count }, (_, n) => `runs/${String(n).padStart(5, "0")}`);
    const text = encodePage(keys.map((key) => ({ key, size: 0 })));
    const page = { name: "0".repeat(32), first: "runs/00000", size: text.length, crc32: crc32(text) };
    const sums = { number: 1, publishedAt: 0, objects: count, bytes: 0, contents: new Map(), old: [] };
    const place = memoryBackend();
    await place.create("published/index.json", encodeIndex({ ...sums, pages: [page] }));
    await place.create(`published/${page.name}.keys`, storedPage(text));
    if (count === 4096) expect(await keysOf(reader(place))).toEqual(keys);
    else await expect(keysOf(reader(place))).rejects.toMatchObject({ code: "IO", key: `published/${page.name}.keys` });
  }
});

test("an index that is not one, or of a later version", async () => {
  const texts: [text: string, code: string][] = [
    ['{"format":"runledger-index","v":2}', "FORMAT_TOO_NEW"],
    ['{"format":"other","v":1}', "IO"],
    ["[]", "IO"],
    ["<!doctype html>", "UNSUPPORTED"],
    ["", "IO"],
  ];
  for (const [text, code] of texts) {
    const place = memoryBackend();
    await place.create("published/index.json", new TextEncoder().encode(text));
    await expect(keysOf(reader(place)), text).rejects.toMatchObject({ code });
  }
});

test("the index is asked for again only if it changed", async () => {
  const place = memoryBackend();
  await place.create("runs/r1/run.json", empty);
  await publish(place);
  const asked: string[] = [];
  const inner = asFetch(place);
  const clock = { now: 0 };
  const http = httpBackend("https://host.example/some/place", {
    fetch: async (input, init) => {
      const answer = await inner(input, init);
      asked.push(`${String(input).slice(-10)} ${answer.status}`);
      return answer;
    },
    clock: { monotonic: () => clock.now },
    refreshMs: 1000,
  });
  const look = async (ms: number): Promise<string[]> => {
    clock.now += ms;
    asked.length = 0;
    await keysOf(http);
    return [...asked];
  };
  expect((await look(0))[0]).toBe("index.json 200");
  expect(await look(999)).toEqual([]);
  expect(await look(1)).toEqual(["index.json 304"]);
  await place.create("runs/r2/run.json", empty);
  await publish(place);
  expect(await look(1000)).toHaveLength(2);
  expect(await keysOf(http)).toEqual(["runs/r1/run.json", "runs/r2/run.json"]);
});

test("publish: wrong arguments, an abort, and another program that publishes", async () => {
  await expect(publish(7 as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(publish({} as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  const place = memoryBackend();
  await expect(publish(place, { pause: 1 } as never)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  await expect(publish(place, { signal: AbortSignal.abort(new Error("stopped")) })).rejects.toThrow("stopped");
  await place.create("runs/r1/run.json", empty);
  await publish(place);
  await place.create("runs/r2/run.json", empty);
  const crowded = intercept(place, {
    call: async ({ operation, key }, proceed) => {
      if (operation === "create" && key === "published/next.json") await place.create(key, empty);
      return await proceed();
    },
    list: (_call, proceed) => proceed(),
  });
  await expect(publish(crowded)).rejects.toMatchObject({ code: "CONFLICT", key: "published/next.json" });
});

test("an index that claims too much is refused before anything is read or inflated", async () => {
  const page = { name: "0".repeat(32), first: "a", size: 5, crc32: 0 };
  const whole: PublishedIndex = {
    number: 1,
    publishedAt: 0,
    objects: 1,
    bytes: 0,
    pages: [page],
    contents: new Map(),
    old: [],
  };
  const wrong: [what: string, index: Partial<PublishedIndex>][] = [
    ["a page of 8 MiB and a byte", { pages: [{ ...page, size: 8 * 1024 * 1024 + 1 }] }],
    ["a page with another name", { pages: [{ ...page, name: "../../secret" }] }],
    ["pages in no order", { pages: [page, page] }],
    ["half an object", { objects: 0.5 }],
    ["a negative number", { number: -1 }],
    ["a long content", { contents: new Map([["a", new Uint8Array(4096)]]) }],
    ["an old page with another name", { old: ["x"] }],
  ];
  for (const [what, index] of wrong) {
    const place = memoryBackend();
    await place.create("published/index.json", encodeIndex({ ...whole, ...index }));
    await expect(keysOf(reader(place)), what).rejects.toMatchObject({ code: "IO", key: "published/index.json" });
  }
  // A page that inflates to more than the index states.
  const place = memoryBackend();
  await place.create("published/index.json", encodeIndex(whole));
  await place.create(`published/${page.name}.keys`, gzipSync(new Uint8Array(16 * 1024 * 1024)));
  await expect(keysOf(reader(place))).rejects.toMatchObject({ code: "IO" });
  // An index without an end.
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      sent += 1024 * 1024;
      controller.enqueue(new Uint8Array(1024 * 1024));
    },
  });
  const http = httpBackend("https://host.example", { fetch: async () => new Response(endless) });
  await expect(keysOf(http)).rejects.toMatchObject({ code: "IO" });
  expect(sent).toBeLessThan(40 * 1024 * 1024);
});
