import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Backend, Ledger, RunRecord } from "runledger";
import { openLedger } from "runledger";
import { fsBackend } from "runledger/backends/fs";
import { memoryBackend } from "runledger/backends/memory";
import { type LedgerSql, openSql } from "runledger/duckdb";
import { catalogFiles } from "runledger/files";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { flattenParams, NESTED } from "../../src/filter/flatten-params.ts";
import { makeCatalog, ODD_EXPERIMENT, ODD_KEY } from "./make-catalog.ts";

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "runledger-sql-test-"));
});
afterAll(() => rm(place, { recursive: true, force: true, maxRetries: 10 }));

const copies = (): string[] => readdirSync(tmpdir()).filter((name) => /^runledger-sql-\w{6}$/.test(name));

/** The text of a param: of a bigint its digits, also where a number holds it. */
function textOf(leaf: unknown): string {
  return new TextDecoder().decode(new TextEncoder().encode(String(leaf)));
}

/** The records as the views have to show them. */
async function expectRecords(sql: LedgerSql, ledger: Ledger, records: readonly RunRecord[]): Promise<void> {
  const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);
  const sorted = records.toSorted(byId);
  const rows = async (query: string): Promise<object[]> => (await sql.query(query)).map((row) => ({ ...row }));
  const date = (ms: number | undefined): Date | null => (ms === undefined ? null : new Date(ms));

  expect(await rows("SELECT * FROM runs ORDER BY id")).toEqual(
    sorted.map((run) => ({
      id: run.id,
      name: run.name,
      experiment: run.experiment,
      status: run.status,
      start_time: date(run.startTime),
      end_time: date(run.endTime),
      duration_ms: run.endTime === undefined ? null : run.endTime - run.startTime,
      note: run.note ?? null,
      parent: run.parent ?? null,
      group: run.group ?? null,
      job_type: run.jobType ?? null,
      deleted_at: date(run.deletedAt),
      commit: run.code?.commit ?? null,
      branch: run.code?.branch ?? null,
      dirty: run.code === undefined ? null : String(run.code.dirty),
      fork_of: run.forkOf?.run ?? null,
      fork_step: run.forkOf?.step ?? null,
    })),
  );
  const sortKeys = (keyed: { run_id: string; key: string }[]): object[] =>
    keyed.toSorted((a, b) => (a.run_id + a.key < b.run_id + b.key ? -1 : 1));
  const keyed = async (view: string): Promise<object[]> => sortKeys((await rows(`SELECT * FROM ${view}`)) as never);
  expect(await keyed("params")).toEqual(
    sortKeys(
      sorted.flatMap(({ id, params }) =>
        [...flattenParams(params)]
          .filter(([, leaf]) => leaf !== null && leaf !== NESTED)
          .map(([key, leaf]) => ({
            run_id: id,
            key,
            value: textOf(leaf),
            number: typeof leaf === "number" ? leaf : null,
          })),
      ),
    ),
  );
  expect(await keyed("tags")).toEqual(
    sortKeys(
      sorted.flatMap(({ id, tags }) => Object.entries(tags).map(([key, value]) => ({ run_id: id, key, value }))),
    ),
  );
  expect(await keyed("metric_summaries")).toEqual(
    sortKeys(
      sorted.flatMap(({ id, metrics }) =>
        Object.entries(metrics).map(([key, { last, min, max, mean, count, best }]) => ({
          run_id: id,
          key,
          last: last.value,
          min: min?.value ?? null,
          max: max?.value ?? null,
          mean,
          count,
          best: best?.value ?? null,
        })),
      ),
    ),
  );
  const versions = sorted.flatMap(({ id, artifacts, inputs }) =>
    [
      ...artifacts.map((version) => ["output", version] as const),
      ...inputs.map((version) => ["input", version] as const),
    ].map(([direction, { name, version, digest, size, type }]) => ({
      run_id: id,
      name,
      version,
      digest,
      size,
      type: type ?? null,
      direction,
    })),
  );
  expect(await rows("SELECT * FROM artifacts ORDER BY run_id, direction DESC, name")).toEqual(versions);

  for (const { id } of sorted) {
    const histories = await ledger.histories(id);
    const points = await rows(`SELECT key, step, epoch_ms(time) AS time, value FROM metrics WHERE run_id = '${id}'`);
    const wanted = [...histories].flatMap(([key, { steps, times, values }]) =>
      [...values].map((value, i) => ({ key, step: steps[i], time: times[i], value })),
    );
    const text = (point: object): string =>
      JSON.stringify(point, (_, v: unknown) => (typeof v === "number" ? String(v) : v));
    expect(points.map(text).toSorted()).toEqual(wanted.map(text).toSorted());
  }
}

async function recordsOf(
  ledger: Ledger,
  view: "active" | "deleted" | "all" = "active",
  experiment?: string,
): Promise<RunRecord[]> {
  const records: RunRecord[] = [];
  for await (const record of ledger.iterateRuns({ view, ...(experiment !== undefined && { experiment }) }))
    records.push(record);
  return records;
}

/** Adds a run that goes on, one by two writers, one without anything, and one with everything that is odd. */
async function addOddRuns(ledger: Ledger): Promise<void> {
  const odd = await ledger.startRun({
    experiment: ODD_EXPERIMENT,
    name: "'); DROP VIEW runs; --",
    params: {
      [ODD_KEY]: { list: [1, "x", true, null, { deep: ODD_KEY }] },
      $rl: 1,
      __proto__x: { $rl: "f64", v: "NaN" },
      nan: Number.NaN,
      infinite: Number.POSITIVE_INFINITY,
      negative: -0,
      exact: 2n ** 60n,
      inexact: 2n ** 60n + 1n,
      half: "\ud800x\\\udc00\udc00",
      "a.b": { c: 1 },
      a: { "b.c": 2 },
      "a.b.c": 3,
      empty: {},
    },
    tags: { [ODD_KEY]: "\\'\"" },
    code: { commit: "0123456789abcdef0123456789abcdef01234567", branch: 'it\'s/"main"', dirty: true },
  });
  odd.log({ [ODD_KEY]: Number.NaN, "a/b": -0, $rl: 1 }, { step: -5 });
  odd.log({ [ODD_KEY]: Number.NEGATIVE_INFINITY, "a/b": 5e-324, $rl: 2 }, { step: Number.MAX_SAFE_INTEGER });
  await odd.logArtifact("model", new Uint8Array([1]), { type: "it's" });
  await odd.finish();

  const running = await ledger.startRun({ experiment: ODD_EXPERIMENT });
  running.log({ loss: 1 }, { step: 1 });
  await running.useArtifact("model:v0");
  await running.flush();
  endings.push(() => running.finish());

  // Finished, and resumed: some of its points are in Parquet, some in a journal.
  const joined = await ledger.startRun();
  joined.log({ loss: 1 }, { step: 1 });
  await joined.finish();
  const again = await ledger.resumeRun(joined.id);
  again.log({ loss: 0.5 }, { step: 2 });
  await again.flush();
  endings.push(() => again.finish());
  await (await ledger.startRun()).finish();
}

const endings: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const end of endings) await end();
});

/** A directory as a backend that other programs cannot reach. */
function hidden(backend: Backend): Backend {
  return new Proxy(backend, {
    get: (target, name) => {
      if (name === "locate") return undefined;
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

describe.each([
  ["a directory", "in place", () => fsBackend(join(place, `it's "a" ünï=1 ledger`))],
  ["a directory whose name means something to DuckDB", "copies", () => fsBackend(join(place, "a*[b]?{c}"))],
  ["memory", "copies", () => memoryBackend()],
  ["a backend without locations", "copies", () => hidden(fsBackend(join(place, "hidden")))],
] as const)("%s", (_name, reads, makeBackend) => {
  let ledger: Ledger;
  beforeAll(async () => {
    ledger = await makeCatalog(makeBackend());
    await addOddRuns(ledger);
  });

  test.each(["active", "deleted", "all"] as const)("the views show the runs: %s", async (view) => {
    await using sql = await openSql(ledger, { view });
    expect(sql.reads).toBe(reads);
    const records = await recordsOf(ledger, view);
    expect(records.length).toBeGreaterThan(0);
    await expectRecords(sql, ledger, records);
  });

  test.each(["mnist", ODD_EXPERIMENT, "' OR 1 = 1 --"])("of the experiment %s", async (experiment) => {
    await using sql = await openSql(ledger, { experiment });
    await expectRecords(sql, ledger, await recordsOf(ledger, "active", experiment));
  });

  test("what was copied is removed", async () => {
    const before = copies();
    const sql = await openSql(ledger);
    expect(copies().length - before.length).toBe(reads === "copies" ? 1 : 0);
    await sql.close();
    await sql.close();
    expect(copies()).toEqual(before);
    await expect(sql.query("SELECT 1")).rejects.toMatchObject({
      code: "CLOSED",
      message: "query: this SQL connection was closed",
    });
  });
});

describe("a ledger", () => {
  const small = async (backend: Backend = memoryBackend()): Promise<Ledger> => {
    const ledger = await openLedger(backend);
    for (let i = 0; i < 10; i++) {
      const run = await ledger.startRun({ params: { i } });
      run.log({ loss: i });
      await run.finish();
    }
    return ledger;
  };

  test("that is empty has empty views", async () => {
    await using sql = await openSql(await openLedger(memoryBackend()));
    for (const view of ["runs", "params", "tags", "metrics", "metric_summaries", "artifacts"])
      expect(await sql.query(`SELECT * FROM ${view}`)).toEqual([]);
  });

  test("without metrics has no such view", async () => {
    await using sql = await openSql(await small(), { metrics: false });
    expect(await sql.query("SELECT count(*) AS n FROM runs")).toMatchObject([{ n: 10 }]);
    await expect(sql.query("SELECT * FROM metrics")).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field: "sql" });
  });

  test("that would take too much room is refused, and leaves nothing", async () => {
    const ledger = await small();
    const before = copies();
    await expect(openSql(ledger, { maxCopyBytes: 1000 })).rejects.toMatchObject({
      code: "TOO_LARGE",
      field: "maxCopyBytes",
    });
    expect(copies()).toEqual(before);
  });

  test("whose files vanish while it is opened is read all the same", async () => {
    const backend = fsBackend(join(place, "vanishing"));
    const locate = (key: string) => ({ kind: "file", path: join(place, "nowhere", key) }) as const;
    const ledger = await small(Object.assign(Object.create(backend), bound(backend), { locate }) as Backend);
    await using sql = await openSql(ledger);
    expect(sql.reads).toBe("copies");
    expect(await sql.query("SELECT sum(value) AS s FROM metrics")).toMatchObject([{ s: 45 }]);
  });

  test("whose catalogue is damaged is read all the same", async () => {
    const backend = memoryBackend();
    const [{ key, size } = { key: "", size: 0 }] = (await catalogFiles(await small(backend))).segments;
    const bytes = await backend.read(key);
    bytes.fill(0, 4, Math.floor(size / 3));
    await backend.remove(key);
    await backend.create(key, bytes);
    await using sql = await openSql(await openLedger(backend));
    expect(await sql.query("SELECT count(*) AS n, (SELECT sum(number) FROM params) AS s FROM runs")).toMatchObject([
      { n: 10, s: 45 },
    ]);
  });

  test("stays as it was when it was opened", async () => {
    const ledger = await small(fsBackend(join(place, "snapshot")));
    await using sql = await openSql(ledger);
    await small(fsBackend(join(place, "snapshot")));
    await ledger.rebuildCatalog();
    expect(await sql.query("SELECT count(*) AS n FROM runs")).toMatchObject([{ n: 10 }]);
    expect(await sql.query("SELECT count(*) AS n FROM metrics")).toMatchObject([{ n: 10 }]);
  });

  test("whose points are in other files since says so", async () => {
    const ledger = await small(fsBackend(join(place, "resumed")));
    await using sql = await openSql(ledger);
    const [{ id } = { id: "" }] = (await ledger.searchRuns({ limit: 1 })).runs;
    const run = await ledger.resumeRun(id);
    run.log({ loss: 1 });
    await run.finish();
    await expect(sql.query("SELECT sum(value) FROM metrics")).rejects.toMatchObject({ code: "IO" });
  });
});

function bound(backend: Backend): Partial<Backend> {
  const { create, read, stat, list, remove, append, move, close, changes } = backend as Required<Backend>;
  return Object.fromEntries(
    Object.entries({ create, read, stat, list, remove, append, move, close, changes }).map(([name, method]) => [
      name,
      (method as () => unknown).bind(backend),
    ]),
  ) as Partial<Backend>;
}

describe("a query", () => {
  let sql: LedgerSql;
  beforeAll(async () => {
    sql = await openSql(await openLedger(memoryBackend()));
  });
  afterAll(() => sql.close());

  test("gives plain values", async () => {
    const [row] = await sql.query(
      `SELECT 1::HUGEINT AS small, 2::BIGINT ** 60 AS real, 9007199254740993 AS large, [1, NULL] AS list, {'a': 1::BIGINT} AS struct,
         TIMESTAMPTZ '2026-01-01 00:00:00Z' AS time, true AS yes, 'é' AS "__proto__", 'x'::BLOB AS bytes, NULL AS nothing`,
    );
    expect(Object.keys(row!)).toContain("__proto__");
    expect(row).toMatchObject({
      small: 1,
      real: 2 ** 60,
      large: 9007199254740993n,
      list: [1, null],
      struct: { a: 1 },
      time: new Date("2026-01-01"),
      yes: true,
      nothing: null,
    });
  });

  test("takes parameters, which are never SQL", async () => {
    const text = "'; DROP VIEW runs; --";
    expect(await sql.query("SELECT ? AS a, $2 AS b".replace("?", "$1"), [text, 1])).toMatchObject([{ a: text, b: 1 }]);
    expect(await sql.query("SELECT $x AS x, $y AS y", { x: text, y: null })).toMatchObject([{ x: text, y: null }]);
    expect(await sql.query("SELECT count(*) AS n FROM runs")).toMatchObject([{ n: 0 }]);
  });

  test.each([
    ["selekt", [], "sql"],
    ["SELECT nothing FROM runs", [], "sql"],
    [5, [], "sql"],
    ["SELECT $1", [{}], "params.0"],
    ["SELECT $1", 5, "params"],
  ] as const)("%s with %j is refused", async (text, params, field) => {
    await expect(sql.query(text as string, params as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", field });
  });

  test.each([{ view: "x" }, { maxCopyBytes: -1 }, { experiment: "" }])("options %j are refused", async (options) => {
    const ledger = await openLedger(memoryBackend());
    await expect(openSql(ledger, options as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("an abort ends the opening", async () => {
    const ledger = await openLedger(memoryBackend());
    const reason = new Error("enough");
    await expect(openSql(ledger, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

test("a fork: where it comes from, and the points that it logged itself", async () => {
  const ledger = await openLedger(memoryBackend());
  for (const id of ["source", "fork"]) {
    const run = await ledger.startRun({ id, ...(id === "fork" && { forkOf: { run: "source", step: 1 } }) });
    for (let step = 0; step < 3; step++) run.log({ loss: step });
    await run.finish();
  }
  const sql = await openSql(ledger);
  const rows = await sql.query("SELECT id, fork_of, fork_step FROM runs ORDER BY id");
  expect(rows.map((row) => ({ ...row }))).toEqual([
    { id: "fork", fork_of: "source", fork_step: 1 },
    { id: "source", fork_of: null, fork_step: null },
  ]);
  const steps = await sql.query("SELECT step FROM metrics WHERE run_id = 'fork' ORDER BY step");
  expect(steps.map(({ step }) => Number(step))).toEqual([2, 3, 4]);
  await sql.close();
});
