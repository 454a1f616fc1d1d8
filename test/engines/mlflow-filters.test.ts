import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { compareRows, parseOrderBy } from "../../src/filter/order-by.ts";
import { compileFilter } from "../../src/filter/compile-filter.ts";
import { parseFilter } from "../../src/filter/parse-filter.ts";
import { recordRow } from "../../src/filter/filter-row.ts";
import { randomFrom } from "../filter/reference.ts";
import { type MlflowRun, type Query, randomQuery, randomRun, recordOf } from "./mlflow-runs.ts";
import { PYTHON } from "./programs.ts";

const SCRIPT = join(import.meta.dirname, "mlflow-filters.py");
const STORES = ["file", "sqlite"] as const;
type Store = (typeof STORES)[number];
/** Numbers of the runs that were found, in order, or an error. */
type Found = readonly number[] | string;

function whyNot(): string | undefined {
  const { status, stdout, error } = spawnSync(PYTHON, ["-B", SCRIPT, "--check"], { encoding: "utf8" });
  if (status === 0) return undefined;
  let reason = error ? `${PYTHON}: ${error.message}` : `${PYTHON} ended with ${status}`;
  if (status === 3) reason = `not installed: ${(JSON.parse(stdout) as { missing: string[] }).missing.join(", ")}`;
  if (process.env["ENGINES"] === "required") throw new Error(`MLflow is required, but ${reason}`);
  return reason;
}

/** On these both are of one mind: they are errors. */
const ERRORS: readonly string[] = [
  "foo.a > 1",
  "Metrics.a > 1",
  "foo = 'x'",
  "experiment_id = '1'",
  "lifecycle_stage = 'x'",
  "run name = 'x'",
  "'run name' = 'x'",
  '"metrics".a > 1',
  "metrics . a > 1",
  "datasets.foo = 'x'",
  "params.a = x",
  "params.a = `x`",
  "params.a = params.b",
  "params.a = NULL",
  "params.a > 'x'",
  "params.a IN ('x')",
  "params.a = 'x",
  "params.a like 5",
  "tags.a = 5",
  "tags.a > 'x'",
  "tags.a IN ('x')",
  "tags.a NOT IN ('x')",
  "tags.a NOT LIKE 'x'",
  "metrics.a = 'x'",
  'metrics.a = "1"',
  "metrics.a < metrics.b",
  "metrics.a LIKE 'x'",
  "metrics.a IS NULL",
  "metrics.a > nan",
  "metrics.a > inf",
  "metrics.a > +5",
  "metrics.a > 0x10",
  "metrics.a > 1_000",
  "metrics.a == 1",
  "metrics.a <> 1",
  "metrics.a ! = 1",
  "metrics.a >= 1and metrics.b > 2",
  "metrics.a",
  "metrics.a >",
  "> 1",
  "1 < metrics.a",
  "metrics.a > 1; metrics.b > 1",
  "metrics.a > 1;",
  "metrics.a > 1 -- c",
  "metrics.a > 1 /* c */",
  "metrics.a#b > 1",
  "status IS NULL",
  "status IN ('FINISHED')",
  "status > 'a'",
  "run_name IN ('a')",
  "run_id IN ()",
  "run_id IN (1)",
  "run_id IN ('a', 'b'",
  "start_time > '5'",
  "start_time LIKE '5'",
  "datasets.name > 'a'",
  "datasets.name IS NULL",
];

/** What only we take: docs/search.md says so. */
const OURS: readonly string[] = [
  "metrics.a > 1 OR metrics.b > 1",
  "NOT metrics.a > 1",
  "(metrics.a > 1)",
  "metrics.val/loss > 1",
  "metrics.val-loss > 1",
  "metrics.a:b > 1",
  "metrics.a@b > 1",
  "metrics.a > Infinity",
  "params.a > 5",
  "params.a = 5",
  "params.a = true",
  "params.a is  not  null",
  "start_time > '2026-01-01'",
  "start_time > 2026-01-01",
  "duration > 5m",
  "group = 'x'",
  " ",
];

/** What only MLflow takes: docs/search.md says so. */
const THEIRS: readonly string[] = [
  "metrics.a > 1 AND",
  "AND metrics.a > 1",
  "metrics.a > 1 AND AND metrics.b > 1",
  "params.a != 'q' metrics.b > 1",
  "metrics. a > 1",
  "params.a = 'a\\'b'",
];

/** What both take and we take otherwise, of {@link ODD}: docs/search.md says so. */
const OTHERWISE: readonly (readonly [
  filter: string,
  file: readonly number[],
  sqlite: readonly number[],
  ours: readonly number[],
])[] = [
  ["metrics.loss.min > 0", [0], [0], []],
  ["params.quoted = 'it''s'", [], [], [0]],
  ["status = 'finished'", [], [], [0]],
  ["params.upper ILIKE 'é'", [0], [], [0]],
  ["tags.lines LIKE 'a%b'", [], [0], [0]],
];
const ODD: MlflowRun = {
  name: "odd",
  start: 0,
  status: "FINISHED",
  metrics: { "loss.min": "1" },
  params: { quoted: "it's", upper: "É" },
  tags: { lines: "a\nb" },
  datasets: [],
};
const ORDER_ERRORS: readonly string[] = [
  "",
  "1",
  "foo",
  "a b c",
  "metrics.a foo",
  "metrics.a, metrics.b",
  "datasets.name",
];

function askMlflow(
  runs: readonly MlflowRun[],
  queries: readonly Query[],
): Record<Store, { ids: string[]; results: Found[] }> {
  const input = JSON.stringify({ runs, queries });
  const { status, stdout, stderr } = spawnSync(PYTHON, ["-B", SCRIPT], { encoding: "utf8", input, maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`mlflow-filters.py ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as ReturnType<typeof askMlflow>;
}

function askUs(runs: readonly MlflowRun[], ids: readonly string[], query: Query): Found {
  const filter = query.filter.replaceAll(/\{id(\d+)\}/g, (_, number) => ids[Number(number)]!);
  try {
    return (
      runs
        .map((run, i) => recordRow(recordOf(run, ids[i]!)))
        .filter(compileFilter(parseFilter(filter)))
        // Of runs that tie MLflow puts the lower id first, we the higher.
        .toSorted(compareRows(parseOrderBy([...query.orderBy, "start_time DESC", "run_id"])))
        .map((row) => ids.indexOf(row.attribute("id") as string))
    );
  } catch (error) {
    if (LedgerError.is(error)) return error.message;
    throw error;
  }
}

const reason = whyNot();
const suffix = reason === undefined ? "" : ` (skipped: ${reason})`;

const unordered = (filter: string): Query => ({ filter, orderBy: [] });
const random = randomFrom(317);
const RUNS = Array.from({ length: 30 }, () => randomRun(random));
const QUERIES = Array.from({ length: 400 }, () => randomQuery(random));

describe.skipIf(reason !== undefined).each(STORES)(`as MLflow's %s store${suffix}`, (store) => {
  let runs: ReturnType<typeof askMlflow>[Store];
  let odd: ReturnType<typeof askMlflow>[Store];
  const fixed = [...ERRORS, ...OURS, ...THEIRS].map(unordered);
  const twice = { filter: "", orderBy: ["start_time", "created DESC"] };
  const orders = [...ORDER_ERRORS.map((orderBy) => ({ filter: "", orderBy: [orderBy] })), twice];
  beforeAll(() => {
    asked ??= [
      askMlflow(RUNS, [...QUERIES, ...fixed, ...orders]),
      askMlflow(
        [ODD],
        OTHERWISE.map(([filter]) => unordered(filter)),
      ),
    ];
    [runs, odd] = [asked[0][store], asked[1][store]];
  });
  const theirs = (query: Query): Found =>
    runs.results[
      [...QUERIES, ...fixed, ...orders].findIndex((asked) => JSON.stringify(asked) === JSON.stringify(query))
    ]!;

  test(`${QUERIES.length} random filters and orders`, () => {
    let found = 0;
    for (const [i, query] of QUERIES.entries()) {
      const expected = runs.results[i]!;
      expect(askUs(RUNS, runs.ids, query), `${JSON.stringify(query)}`).toEqual(expected);
      if (expected.length > 0 && expected.length < RUNS.length) found++;
    }
    expect(found).toBeGreaterThan(QUERIES.length / 2);
  });

  test.each(ERRORS)("both refuse %s", (filter) => {
    expect(theirs(unordered(filter))).toBeTypeOf("string");
    expect(askUs(RUNS, runs.ids, unordered(filter))).toMatch(/^filter, character \d+: expected/);
  });

  test.each(ORDER_ERRORS)("both refuse to order by %s", (orderBy) => {
    expect(theirs({ filter: "", orderBy: [orderBy] })).toBeTypeOf("string");
    expect(askUs(RUNS, runs.ids, { filter: "", orderBy: [orderBy] })).toMatch(/^orderBy\[0\], character \d+: expected/);
  });

  test("a field may be twice in an order, but not in SQLite", () => {
    const ours = askUs(RUNS, runs.ids, twice);
    expect(theirs(twice)).toEqual(store === "file" ? ours : expect.stringContaining("duplicate"));
  });

  test.each(OURS)("only we take %s", (filter) => {
    expect(theirs(unordered(filter))).toBeTypeOf("string");
    expect(askUs(RUNS, runs.ids, unordered(filter))).toBeInstanceOf(Array);
  });

  test.each(THEIRS)("only MLflow takes %s", (filter) => {
    expect(theirs(unordered(filter))).toBeInstanceOf(Array);
    expect(askUs(RUNS, runs.ids, unordered(filter))).toMatch(/^filter, character/);
  });

  test.each(OTHERWISE.map(([filter], i) => [filter, i] as const))("we take otherwise %s", (filter, i) => {
    const [, file, sqlite, ours] = OTHERWISE[i]!;
    expect(odd.results[i]).toEqual(store === "file" ? file : sqlite);
    expect(askUs([ODD], odd.ids, unordered(filter))).toEqual(ours);
  });
});

/** Asked once for both stores. */
let asked: [ReturnType<typeof askMlflow>, ReturnType<typeof askMlflow>] | undefined;
