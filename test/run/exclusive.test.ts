import { beforeEach, describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, type Ledger, LedgerError, openLedger } from "../../src/index.ts";
import {
  createTestClock,
  faultyBackend,
  recordingBackend,
  seededIds,
  type TestClock,
} from "../../src/testing/index.ts";
import { intercept } from "../../src/testing/intercept.ts";
import { objectsOnly } from "../journal/records.ts";

const code = (expected: string): object => expect.objectContaining({ code: expected });
const flush = { intervalMs: 1e9 };

let clock: TestClock;
let seed: number;
beforeEach(() => {
  clock = createTestClock();
  seed = 1;
});
/** A ledger as another process opens it. */
const open = async (place: Backend, onError?: (error: LedgerError) => void): Promise<Ledger> =>
  await openLedger(place, { clock, ids: seededIds(seed++, () => clock.now()), ...(onError && { onError }) });
/** As a process has it that others can ask about. */
const inProcess = (place: Backend, token: string, answers: Record<string, boolean>): Backend =>
  Object.assign(intercept(place, { call: (_call, proceed) => proceed(), list: (_call, proceed) => proceed() }), {
    liveness: { token, isAlive: async (other: string) => answers[other] },
  });
const keys = async (place: Backend, prefix: string): Promise<string[]> => {
  const found: string[] = [];
  for await (const { key } of place.list(prefix)) found.push(key);
  return found;
};
const fences = async (place: Backend, id: string): Promise<string[]> =>
  (await keys(place, `runs/${id}/fences`)).filter((key) => key.endsWith(".json"));

describe.each([
  ["appends", (): Backend => memoryBackend()],
  ["takes whole objects only", (): Backend => objectsOnly()],
])("where the backend %s", (_name, newPlace) => {
  test("an earlier writer gets FENCED every time, and writes nothing more", async () => {
    const place = recordingBackend(newPlace());
    const errors: LedgerError[] = [];
    const run = await (await open(place, (error) => errors.push(error))).startRun({ environment: false });
    run.log({ a: 1 });
    await run.flush();
    const heir = await (await open(place)).resumeRun(run.id, { mode: "exclusive" });
    run.log({ a: 2 });
    await expect(run.flush()).rejects.toThrow(code("FENCED"));

    heir.log({ a: 3 });
    await heir.flush();
    place.calls.length = 0;
    run.log({ a: 4 });
    run.setTags({ late: "yes" });
    for (let i = 0; i < 2; i++) {
      await expect(run.flush()).rejects.toThrow(code("FENCED"));
      await expect(run.logArtifact("late", { text: "late" })).rejects.toThrow(code("FENCED"));
      await expect(run.useArtifact("late:v0")).rejects.toThrow(code("FENCED"));
      await expect(run.finish()).rejects.toThrow(code("FENCED"));
      await expect(run.fail(new Error("late"))).rejects.toThrow(code("FENCED"));
    }
    heir.log({ a: 5 });
    await heir.finish();
    const before = place.calls.length;
    await clock.advance(3_600_000);
    expect(place.calls.slice(before)).toEqual([]);
    expect(run.stats).toMatchObject({ points: 3, acknowledged: 1, buffered: 2, dropped: 0, lastError: code("FENCED") });
    expect(errors.map((error) => error.code)).toEqual(["FENCED"]);
    const ledger = await open(place);
    const { status, tags, damage } = await ledger.getRun(run.id);
    expect({ status, tags: { ...tags }, damage }).toEqual({ status: "finished", tags: {}, damage: [] });
    const { values } = await ledger.history(run.id, "a");
    expect([...values].filter((value) => value !== 2)).toEqual([1, 3, 5]);
  });

  test("finish of a writer that does not know of the fence yet writes nothing", async () => {
    const place = recordingBackend(newPlace());
    const run = await (await open(place)).startRun({ environment: false });
    run.log({ a: 1 });
    await run.flush();
    await (await open(place)).resumeRun(run.id, { mode: "exclusive" });
    place.calls.length = 0;
    await expect(run.finish()).rejects.toThrow(code("FENCED"));
    expect(place.calls.map(({ operation }) => operation)).toEqual(["list"]);
  });

  test("finish that got as far as its record before the claim writes no run document after it", async () => {
    const place = newPlace();
    const backend = faultyBackend(place, { mode: "error-before", at: 1, key: /run\.json$/ });
    const run = await (await open(backend)).startRun({ environment: false });
    await expect(run.finish()).rejects.toThrow(code("IO"));
    await (await open(place)).resumeRun(run.id, { mode: "exclusive" });
    await expect(run.finish()).rejects.toThrow(code("FENCED"));
    expect(await place.stat(`runs/${run.id}/run.json`)).toBeUndefined();
    expect((await (await open(place)).getRun(run.id)).status).toBe("running");
  });

  test("a flush costs one request more than storing it: the look for a fence, before it is acknowledged", async () => {
    const place = recordingBackend(newPlace());
    const run = await (await open(place)).startRun({ environment: false, flush });
    const other = await (await open(place)).resumeRun(run.id, { flush });
    // The first one also looks whether the run is still there.
    run.log({ a: -1 });
    await run.flush();
    place.calls.length = 0;
    for (let i = 0; i < 10; i++) {
      for (const each of [run, other]) {
        each.log({ a: i });
        await each.flush();
      }
    }
    const store = place.capabilities.append ? "append" : "create";
    expect(place.calls.map(({ operation }) => operation)).toEqual(
      Array.from({ length: 20 }, () => [store, "stat"]).flat(),
    );
    expect(new Set(place.calls.filter(({ operation }) => operation === "stat").map(({ key }) => key))).toEqual(
      new Set([`runs/${run.id}/fences/000001.json`]),
    );
  });

  test("a claim continues where the run was, others may join it, and the next claim shuts all of them out", async () => {
    const place = newPlace();
    const first = await (await open(place)).startRun({ environment: false, params: { a: 1 } });
    first.log({ m: 1 });
    await first.flush();
    const second = await (await open(place)).resumeRun(first.id, { mode: "exclusive" });
    expect(() => second.setParams({ a: 2 })).toThrow(code("PARAM_CONFLICT"));
    second.log({ m: 2 });
    await second.flush();
    const joined = await (await open(place)).resumeRun(first.id);
    joined.log({ m: 3 }, { step: 7 });
    await joined.flush();
    second.log({ m: 4 });
    await second.flush();
    const third = await (await open(place)).resumeRun(first.id, { mode: "exclusive" });
    for (const run of [first, second, joined]) {
      run.log({ m: 0 }, { step: 100 });
      await expect(run.flush()).rejects.toThrow(code("FENCED"));
    }
    third.log({ m: 5 });
    await third.finish();
    const ledger = await open(place);
    const { steps, values } = await ledger.history(first.id, "m");
    expect([...steps].filter((step) => step < 100)).toEqual([0, 1, 2, 7, 8]);
    expect([...values].filter((value) => value > 0)).toEqual([1, 2, 4, 3, 5]);
    expect((await ledger.getRun(first.id)).status).toBe("finished");
    expect(await fences(place, first.id)).toHaveLength(2);
  });

  test("a claim whose answer is lost finds its own fence; one that comes second takes the next number", async () => {
    const place = newPlace();
    const { id } = await (await open(place)).startRun({ environment: false });
    const shaky = faultyBackend(place, { mode: "lost-ack", at: 1, key: /fences/, error: { code: "OUTCOME_UNKNOWN" } });
    await (await open(shaky)).resumeRun(id, { mode: "exclusive" });
    expect(await fences(place, id)).toEqual([`runs/${id}/fences/000001.json`]);
    // It listed no fence, as if the other had been put up just then.
    const blind = intercept(place, {
      call: (_call, proceed) => proceed(),
      async *list(_call, proceed) {
        for await (const entry of proceed()) if (!entry.key.includes("/fences/")) yield entry;
      },
    });
    await (await open(blind)).resumeRun(id, { mode: "exclusive" });
    expect(await fences(place, id)).toHaveLength(2);
  });

  test("a writer that was shut out does not keep the run from being closed, however long its process lives", async () => {
    const place = newPlace();
    const living = (token: string): Backend => inProcess(place, token, { alive: true });
    const old = await (await open(living("alive"))).startRun({ environment: false, flush });
    old.log({ a: 1 });
    await old.flush();
    const heir = await (await open(living("slow"))).resumeRun(old.id, { mode: "exclusive", flush });
    const watcher = await open(living("watcher"));
    // Without the claim it would be running: its process lives.
    expect(await watcher.recover(old.id, { graceMs: 0 })).toEqual({ interrupted: [old.id], running: [] });
    expect((await watcher.getRun(old.id)).status).toBe("interrupted");
    // It may still store what it is told at once is not accepted.
    old.log({ a: 2 });
    await expect(old.flush()).rejects.toThrow(code("FENCED"));
    expect((await watcher.getRun(old.id)).status).toBe("interrupted");
    // The claim's own session was only slow.
    heir.log({ a: 3 });
    await heir.flush();
    expect((await watcher.getRun(old.id)).status).toBe("running");
  });

  test("a ledger in which a run was shut out can close it for others", async () => {
    const place = newPlace();
    const ledger = await open(place);
    const run = await ledger.startRun({ environment: false });
    await (await open(place)).resumeRun(run.id, { mode: "exclusive", flush, heartbeatMs: 1e9 });
    expect(await ledger.recover(run.id, { graceMs: 0 })).toMatchObject({ running: [run.id] });
    await expect(run.finish()).rejects.toThrow(code("FENCED"));
    expect(await ledger.recover(run.id, { graceMs: 0 })).toMatchObject({ interrupted: [run.id] });
  });

  test("a run whose claim is under way is not taken for abandoned at once", async () => {
    const place = newPlace();
    const dead = inProcess(place, "dead", { dead: false });
    // Its own time stands still for ever.
    const run = await (await openLedger(dead, { clock: createTestClock() })).startRun({ heartbeatMs: 1000 });
    const backend = faultyBackend(place, { mode: "crash-before", at: 2, only: ["list"], key: /^runs/ });
    await expect((await open(backend)).resumeRun(run.id, { mode: "exclusive" })).rejects.toThrow(code("IO"));
    expect(await fences(place, run.id)).toHaveLength(1);
    const before = clock.monotonic();
    expect(await (await open(inProcess(place, "watcher", { dead: false }))).recover(run.id)).toEqual({
      interrupted: [run.id],
      running: [],
    });
    expect(clock.monotonic() - before).toBeGreaterThanOrEqual(3000);
  });
});

describe("where each flush is an object", () => {
  test("a claim takes no segment's name, and what a writer stores behind its recorded end does not count", async () => {
    const inner = objectsOnly();
    const place = recordingBackend(inner);
    const run = await (await open(place)).startRun({ environment: false, flush });
    run.log({ a: 1 });
    await run.flush();
    place.calls.length = 0;
    const heir = await (await open(place)).resumeRun(run.id, { mode: "exclusive", flush });
    const created = place.calls.filter(({ operation }) => operation === "create").map(({ key }) => key.split("/"));
    const fences = created.filter((parts) => parts[2] === "fences").map((parts) => parts[3]);
    expect(fences).toEqual([
      "000001.json",
      expect.stringMatching(/^000001\.claim\.[0-9a-f]{32}$/),
      expect.stringMatching(/^000001\.end\.[0-9a-z]+\.1$/),
    ]);
    const [old, ...others] = new Set((await keys(inner, `runs/${run.id}/journal`)).map((key) => key.slice(0, -7)));
    expect(others).toHaveLength(1);
    // Its own, and not a segment of the writer that it shuts out.
    expect(created.filter((parts) => parts[2] === "journal").map((parts) => parts.join("/"))).toEqual([
      `${others[0]}.000000`,
    ]);
    run.log({ a: 2 });
    await expect(run.flush()).rejects.toThrow(code("FENCED"));
    expect(await inner.stat(`${old}.000001-2`)).toBeDefined();
    heir.log({ a: 3 });
    await heir.flush();
    const reader = await open(inner);
    for (const _ of ["open", "closed"]) {
      expect([...(await reader.history(run.id, "a")).values]).toEqual([1, 3]);
      expect(await reader.getRun(run.id)).toMatchObject({ damage: [], metrics: { a: { count: 2 } } });
      await heir.finish();
    }
  });

  test("a session that had stored nothing when it was shut out leaves nothing", async () => {
    const place = objectsOnly();
    const run = await (await open(place)).startRun({ environment: false, flush });
    const heir = await (await open(place)).resumeRun(run.id, { mode: "exclusive", flush });
    run.log({ a: 1 });
    run.setTags({ late: "yes" });
    await expect(run.flush()).rejects.toThrow(code("FENCED"));
    await heir.finish();
    const record = await (await open(place)).getRun(run.id);
    expect({ metrics: { ...record.metrics }, tags: { ...record.tags } }).toEqual({ metrics: {}, tags: {} });
  });

  test("a create that is refused for an object that is not visible yet is tried again, for a fence and for a run document", async () => {
    const inner = objectsOnly();
    let refused = 0;
    // As versitygw answers while another create of the key is under way, which then fails.
    const place = intercept(inner, {
      call: async ({ operation, key }, proceed) => {
        if (operation === "create" && /fences|run\.json$/.test(key) && refused++ % 3 < 2)
          throw new LedgerError("EXISTS", "the key exists", { key });
        return await proceed();
      },
      list: (_call, proceed) => proceed(),
    });
    const { id } = await (await open(inner)).startRun({ environment: false });
    const heir = await (await open(place)).resumeRun(id, { mode: "exclusive", flush });
    heir.log({ a: 1 });
    await heir.finish();
    expect(refused).toBeGreaterThan(6);
    expect(await (await open(inner)).getRun(id)).toMatchObject({ status: "finished", metrics: { a: { count: 1 } } });
  });

  test("two sessions that a store lets create one fence see each other's claims: one of them continues", async () => {
    // Both look for the fence before either has created it, and the later create replaces the earlier one.
    const inner = objectsOnly();
    const { id } = await (await open(inner)).startRun({ environment: false });
    let waiting: (() => void)[] = [];
    const racy = (): Backend =>
      intercept(inner, {
        call: async ({ operation, key }, proceed) => {
          if (operation !== "create" || !key.endsWith("/fences/000001.json")) return await proceed();
          await new Promise<void>((go) => {
            waiting.push(go);
            if (waiting.length === 2) for (const each of waiting.splice(0)) each();
          });
          await inner.remove(key);
          return await proceed();
        },
        list: (_call, proceed) => proceed(),
      });
    for (let round = 0; round < 20; round++) {
      waiting = [];
      for (const key of await keys(inner, `runs/${id}/fences`)) await inner.remove(key);
      const claims = [0, 1].map(async () => (await open(racy())).resumeRun(id, { mode: "exclusive", flush }));
      const ended = await Promise.allSettled(claims);
      const won = ended.flatMap((end) => (end.status === "fulfilled" ? [end.value] : []));
      for (const end of ended) if (end.status === "rejected") expect(end.reason).toMatchObject({ code: "FENCED" });
      const told = await Promise.allSettled(
        won.map(async (run) => {
          run.log({ a: round });
          await run.flush();
        }),
      );
      expect(told.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    }
  });

  test("a writer that flushes as fast as it can is shut out, and everything acknowledged is there", async () => {
    const place = objectsOnly();
    const run = await (await open(place)).startRun({ environment: false, flush });
    run.log({ a: 0 });
    await run.flush();
    let flushes = 0;
    let burst: Promise<void> | undefined;
    const flushALot = async (): Promise<void> => {
      for (let i = 0; i < 10 && flushes < 1000; i++) {
        run.log({ a: ++flushes });
        await run.flush().catch(() => {});
      }
      burst = undefined;
    };
    // As if the requests of the claim took ten times as long as the writer's: ten flushes go on before each of them.
    const slow = intercept(place, {
      call: async (_call, proceed) => {
        await (burst ??= flushALot());
        return await proceed();
      },
      async *list(_call, proceed) {
        await (burst ??= flushALot());
        yield* proceed();
      },
    });
    const heir = await (await open(slow)).resumeRun(run.id, { mode: "exclusive" });
    expect(flushes).toBeLessThan(1000);
    const { acknowledged } = run.stats;
    expect(acknowledged).toBeGreaterThan(10);
    run.log({ a: -1 });
    await expect(run.flush()).rejects.toThrow(code("FENCED"));
    heir.log({ a: -2 });
    await heir.flush();
    const { values, steps } = await (await open(place)).history(run.id, "a");
    // The row that was stored when the writer met the fence may be there: the claim had read it.
    const stored = values.length - 1;
    expect([acknowledged, acknowledged + 1]).toContain(stored);
    expect([...values]).toEqual([...Array.from({ length: stored }, (_, i) => i), -2]);
    expect(steps.at(-1)).toBe(stored);
  });

  test("after a clash of writer ids the session stands behind the same fence under its new name", async () => {
    const place = objectsOnly();
    const begun = await (await open(place)).startRun({ environment: false });
    await (await open(place)).resumeRun(begun.id, { mode: "exclusive" });
    // Two copies of one machine.
    const copies = await Promise.all(
      [0, 1].map(() => openLedger(place, { clock, ids: seededIds(99, () => clock.now()) })),
    );
    const [a, b] = await Promise.all(copies.map((ledger) => ledger.resumeRun(begun.id, { flush })));
    for (const run of [a, b]) run?.log({ m: 1 }, { step: 1 });
    await a?.flush();
    b?.log({ m: 2 }, { step: 2 });
    await b?.flush();
    await b?.finish();
    const ledger = await open(place);
    // Were it told of in front of the claim's session, that would have opened the run again.
    expect((await ledger.getRun(begun.id)).status).toBe("finished");
    const heir = await ledger.resumeRun(begun.id, { mode: "exclusive" });
    a?.log({ m: 3 });
    await expect(a?.flush()).rejects.toThrow(code("FENCED"));
    heir.log({ m: 4 });
    await heir.finish();
    expect((await ledger.getRun(begun.id)).metrics["m"]?.count).toBe(4);
  });

  test("a writer that gets a new name while somebody claims the run is shut out too", async () => {
    const place = objectsOnly();
    const begun = await (await open(place)).startRun({ environment: false });
    const copies = await Promise.all(
      [0, 1].map(() => openLedger(place, { clock, ids: seededIds(99, () => clock.now()) })),
    );
    const [a, b] = await Promise.all(copies.map((ledger) => ledger.resumeRun(begun.id, { flush })));
    a?.log({ m: 1 });
    await a?.flush();
    await (await open(place)).resumeRun(begun.id, { mode: "exclusive" });
    b?.log({ m: 2 });
    await expect(b?.flush()).rejects.toThrow(code("FENCED"));
  });
});

test("without exclusive creates a claim is refused, and nothing is left of it", async () => {
  const inner = memoryBackend();
  const place: Backend = {
    ...objectsOnly(inner),
    capabilities: { append: false, exclusiveCreate: false, durable: false },
  };
  const run = await (await open(place)).startRun({ environment: false });
  const before = inner.snapshot();
  const error = await (await open(place)).resumeRun(run.id, { mode: "exclusive" }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: "UNSUPPORTED",
    field: "mode",
    message: expect.stringContaining("of two creates"),
  });
  expect(inner.snapshot()).toEqual(before);
  run.log({ a: 1 });
  await run.finish();
});

test("a backend that learns with its first create that creates are exclusive is asked first", async () => {
  const inner = objectsOnly();
  const { id } = await (await open(inner)).startRun({ environment: false });
  let known = false;
  const place: Backend = {
    ...inner,
    get capabilities() {
      return { append: false, exclusiveCreate: known, durable: true };
    },
    create: async (key, body, options) => {
      known = true;
      await inner.create(key, body, options);
    },
  };
  const run = await (await open(place)).resumeRun(id, { mode: "exclusive" });
  await run.finish();
  expect((await (await open(inner)).getRun(id)).status).toBe("finished");
});
