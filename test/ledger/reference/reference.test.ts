import { gunzipSync } from "node:zlib";
import { parquetReadObjects } from "hyparquet";
import { metricsFiles } from "../../../src/files/index.ts";
import { beforeAll, describe, expect, test } from "vitest";
import { type Ledger, openLedger } from "../../../src/index.ts";
import { type MemoryBackend, memoryBackend } from "../../../src/backends/memory/index.ts";
import { createTestClock, seededIds } from "../../../src/testing/index.ts";
import { seededRandom } from "../../seeded-random.ts";
import { type KnownRun, METRICS, pickOf, type Random, randomRun } from "./random-runs.ts";
import {
  aggregateOf,
  greatestOf,
  leastOf,
  meanOf,
  medianOf,
  paramOf,
  pointsOf,
  stdOf,
  toldGoals,
} from "./reference.ts";
import { rounds } from "../../rounds.ts";

const seed = Number(process.env["REFERENCE_SEED"] ?? 20_261_129);
/** Ledgers of 14 runs each. More, and others: `REFERENCE_ROUNDS=200 REFERENCE_SEED=2 npx vitest run test/ledger/reference`. */
const ROUNDS = rounds(1, 20, "REFERENCE_ROUNDS");
const RUNS = 14;
const SEARCHES = 40;

/** Numbers that are computed may differ in the last places of the greatest of the `values`; all others are the same bits. */
function expectClose(
  found: number | undefined,
  wanted: number | undefined,
  values: readonly number[],
  what: string,
): void {
  if (found === wanted || (Number.isNaN(found) && Number.isNaN(wanted))) return;
  const greatest = Math.max(...values.filter(Number.isFinite).map(Math.abs));
  const error = Math.abs(found! / 2 - wanted! / 2);
  expect(error, `${what}: ${found} for ${wanted}`).toBeLessThanOrEqual(Math.max(5e-324, 1e-14 * greatest));
}

interface Round {
  readonly backend: MemoryBackend;
  readonly ledger: Ledger;
  readonly runs: KnownRun[];
  readonly random: Random;
}

async function newRound(n: number): Promise<Round> {
  const random = seededRandom(seed + n);
  const backend = memoryBackend();
  const clock = createTestClock(undefined, { tickMs: 1 });
  const ledger = await openLedger(backend, { clock, ids: seededIds(seed + n, () => clock.now()) });
  const runs: KnownRun[] = [];
  for (let i = 0; i < RUNS; i++) runs.push(await randomRun(ledger, random));
  return { backend, ledger, runs, random };
}

describe.each(Array.from({ length: ROUNDS }, (_, n) => n))(`random runs, seed ${seed}, round %i`, (n) => {
  let round: Round;
  beforeAll(async () => {
    round = await newRound(n);
  });

  test("histories have every point, in step order, ties in the order of logging", async () => {
    for (const run of round.runs)
      for (const key of METRICS) {
        const { steps, times, values } = await round.ledger.history(run.id, key);
        const found = [...values].map((value, i) => ({ step: steps[i], time: times[i], value }));
        expect(found, `${key} of ${run.id}`).toEqual(pointsOf(run, key).toSorted((a, b) => a.step - b.step));
      }
  });

  test("records summarise the points", async () => {
    for (const run of round.runs) {
      const record = await round.ledger.getRun(run.id);
      expect(record.status).toBe("finished");
      for (const key of METRICS) {
        const points = pointsOf(run, key);
        const values = points.map(({ value }) => value);
        const summary = record.metrics[key];
        expect(summary?.count ?? 0).toBe(points.length);
        if (summary === undefined) continue;
        expect(summary.last).toEqual(points.toSorted((a, b) => a.step - b.step).at(-1));
        expect([summary.min?.value, summary.max?.value].map((value) => (value === 0 ? 0 : value))).toEqual(
          values.every(Number.isNaN)
            ? [undefined, undefined]
            : [leastOf(values), greatestOf(values)].map((value) => (value === 0 ? 0 : value)),
        );
        expectClose(summary.mean, meanOf(values), values, `mean of ${key} of ${run.id}`);
      }
    }
  });

  test("another reader of Parquet finds the points, key by key, writer by writer", async () => {
    const { files, journaled } = await metricsFiles(round.ledger);
    const withoutPoints = round.runs.filter((run) => METRICS.every((key) => pointsOf(run, key).length === 0));
    expect(withoutPoints.map(({ id }) => id)).toEqual(expect.arrayContaining([...journaled]));
    for (const run of round.runs) {
      const rows: Record<string, unknown>[] = [];
      for (const { key } of files.filter(({ runId }) => runId === run.id)) {
        const { buffer } = (await round.backend.read(key)).slice();
        const compressors = { GZIP: (input: Uint8Array): Uint8Array => gunzipSync(input) };
        rows.push(...(await parquetReadObjects({ file: buffer as ArrayBuffer, compressors })));
      }
      const keys = METRICS.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(rows.map((row) => ({ ...row, step: Number(row["step"]), time: Number(row["time"]) }))).toEqual(
        keys.flatMap((key) => pointsOf(run, key).map((point) => ({ run_id: run.id, key, ...point }))),
      );
    }
  });

  test("searches find what fits, in order, page by page", async () => {
    const { ledger, runs, random } = round;
    for (let i = 0; i < SEARCHES; i++) {
      const condition = randomCondition(random, 2);
      const order = randomOrder(random);
      const limit = pickOf(random)([1, 2, 5, 100]);
      const found: string[] = [];
      let pageToken: string | undefined;
      do {
        const query = {
          filter: condition.text,
          orderBy: order.text,
          limit,
          ...(pageToken !== undefined && { pageToken }),
        };
        const page = await ledger.searchRuns(query);
        found.push(...page.runs.map(({ id }) => id));
        pageToken = page.nextPageToken;
      } while (pageToken !== undefined);
      const wanted = runs.filter(condition.holds).toSorted((a, b) => order.compare(a, b) || b.start - a.start);
      expect(found, `${condition.text} ordered by ${order.text}`).toEqual(wanted.map(({ id }) => id));
    }
  });

  test.each(["p", "a.b"])("groups by params.%s: figures, best by the goal, ties by the highest id", async (path) => {
    const { ledger, runs } = round;
    for (const aggregate of ["last", "min", "max", "mean", "count"] as const)
      for (const goal of ["minimize", "maximize"] as const)
        for (const metric of METRICS) {
          const groups = await ledger.summarise({
            groupBy: [`params.${path}`],
            metrics: [{ key: metric, aggregate, goal }],
          });
          const idOf = (value: unknown): string =>
            `${typeof (value ?? undefined)} ${Object.is(value, -0) ? "-0" : String(value ?? "")}`;
          const known = new Map<string, KnownRun[]>();
          for (const run of runs) {
            const id = idOf(paramOf(run, path));
            known.set(id, [...(known.get(id) ?? []), run]);
          }
          expect(groups.map(({ key }) => idOf(key[`params.${path}`])).sort()).toEqual([...known.keys()].sort());
          for (const group of groups) {
            const own = known.get(idOf(group.key[`params.${path}`]))!;
            expect(group.runs).toBe(own.length);
            const what = `${aggregate} of ${metric} where ${path} is ${String(group.key[`params.${path}`])}`;
            expectFigures(group.metrics[metric]!, own, { metric, aggregate, goal }, what);
          }
        }
  });
});

test("the best of a group is by what its runs tell, or else by what all tell; where they disagree there is none", async () => {
  const seen = { own: 0, others: 0, none: 0 };
  for (let n = 0; n < ROUNDS; n++) {
    const { ledger, runs } = await newRound(n + 1000);
    for (const metric of METRICS)
      for (const { key, metrics } of await ledger.summarise({ groupBy: ["tags.tag"], metrics: [metric] })) {
        const own = toldGoals(
          runs.filter(({ tag = null }) => tag === key["tags.tag"]),
          metric,
        );
        const goals = own.length > 0 ? own : toldGoals(runs, metric);
        const { min, max, best } = metrics[metric]!;
        expect(best, `${metric} of ${String(key["tags.tag"])}`).toBe(
          goals.length !== 1 ? undefined : goals[0] === "minimize" ? min : max,
        );
        seen[goals.length !== 1 ? "none" : own.length > 0 ? "own" : "others"]++;
      }
  }
  expect(Math.min(seen.own, seen.none)).toBeGreaterThan(0);
});

function expectFigures(
  found: Awaited<ReturnType<Ledger["summarise"]>>[number]["metrics"][string],
  runs: readonly KnownRun[],
  { metric, aggregate, goal }: { metric: string; aggregate: string; goal: string },
  what: string,
): void {
  const valued = runs
    .map((run) => ({ id: run.id, value: aggregateOf(run, metric, aggregate) }))
    .filter((each): each is { id: string; value: number } => each.value !== undefined && !Number.isNaN(each.value));
  const values = valued.map(({ value }) => value);
  // A mean is computed: it may differ in the last places of the points.
  const scale = aggregate === "mean" ? runs.flatMap((run) => pointsOf(run, metric).map(({ value }) => value)) : values;
  expect(found.count, what).toBe(values.length);
  if (values.length === 0) {
    expect(found, what).toEqual({ count: 0 });
    return;
  }
  expectClose(found.mean, meanOf(values), scale, `mean, ${what}`);
  expectClose(found.median, medianOf(values), scale, `median, ${what}`);
  expectClose(found.min, leastOf(values), scale, `min, ${what}`);
  expectClose(found.max, greatestOf(values), scale, `max, ${what}`);
  if (values.length === 1) expect(found, what).not.toHaveProperty("std");
  else expectClose(found.std, stdOf(values), scale, `std, ${what}`);
  const best = goal === "minimize" ? leastOf(values) : greatestOf(values);
  expectClose(found.best, best, scale, `best, ${what}`);
  // Means are not known to the last place, so that which of two nearly equal ones is the best is not known either.
  if (aggregate !== "mean") {
    const ids = valued.filter(({ value }) => value === best).map(({ id }) => id);
    expect(found.bestRun, what).toBe(ids.sort().at(-1));
  }
}

interface Condition {
  readonly text: string;
  readonly holds: (run: KnownRun) => boolean;
}

type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=";

function compare(found: unknown, operator: Operator, wanted: number | bigint): boolean {
  if (typeof found !== "number" && typeof found !== "bigint") return false;
  const order = found < wanted ? "<" : found > wanted ? ">" : Number.isNaN(found) ? "?" : "=";
  return operator === "!=" ? order !== "=" : operator.includes(order);
}

function randomCondition(random: Random, depth: number): Condition {
  const pick = pickOf(random);
  const draw = random();
  if (depth > 0 && draw < 0.2) {
    const { text, holds } = randomCondition(random, depth - 1);
    return { text: `NOT (${text})`, holds: (run) => !holds(run) };
  }
  if (depth > 0 && draw < 0.6) {
    const [a, b] = [randomCondition(random, depth - 1), randomCondition(random, depth - 1)];
    const isAnd = random() < 0.5;
    return {
      text: `(${a.text}) ${isAnd ? "AND" : "OR"} (${b.text})`,
      holds: (run) => (isAnd ? a.holds(run) && b.holds(run) : a.holds(run) || b.holds(run)),
    };
  }
  const operator = pick<Operator>(["=", "!=", "<", "<=", ">", ">="]);
  const path = pick(["p", "a.b", "list", "none"]);
  const kind = pick(["metric", "number", "integer", "text", "null", "tag"]);
  if (kind === "metric") {
    const [key, aggregate, limit] = [
      pick(METRICS),
      pick(["last", "min", "max", "count"]),
      pick([0, 1, 2.5, 1e300, Infinity, -1]),
    ];
    return {
      text: `metrics."${key}".${aggregate} ${operator} ${limit}`,
      holds: (run) => compare(aggregateOf(run, key, aggregate), operator, limit),
    };
  }
  if (kind === "number" || kind === "integer") {
    const wanted =
      kind === "number" ? pick([0, 5, 0.1, 1e300, -Infinity]) : pick([2n ** 60n, 2n ** 60n + 1n, -(2n ** 70n), 5n]);
    return {
      text: `params.${path} ${operator} ${wanted}`,
      holds: (run) => compare(paramOf(run, path), operator, wanted),
    };
  }
  if (kind === "text") {
    const wanted = pick(["5", "a", "", "true", "0", "1e+300", "NaN", "5e-324"]);
    const isEqual = random() < 0.5;
    return {
      text: `params.${path} ${isEqual ? "=" : "!="} '${wanted}'`,
      holds: (run) => {
        const found = paramOf(run, path);
        return found !== undefined && typeof found !== "object" && (String(found) === wanted) === isEqual;
      },
    };
  }
  if (kind === "null")
    return random() < 0.5
      ? { text: `params.${path} IS NULL`, holds: (run) => paramOf(run, path) === undefined }
      : { text: `params.${path} IS NOT NULL`, holds: (run) => paramOf(run, path) !== undefined };
  const wanted = pick(["x", "z"]);
  return { text: `tags.tag != '${wanted}'`, holds: ({ tag }) => tag !== undefined && tag !== wanted };
}

function randomOrder(random: Random): { text: string; compare: (a: KnownRun, b: KnownRun) => number } {
  const pick = pickOf(random);
  const isDescending = random() < 0.5;
  const key = pick(METRICS);
  const aggregate = pick(["last", "min", "max", "count"]);
  const path = pick(["p", "a.b"]);
  const isParam = random() < 0.5;
  const valueOf = (run: KnownRun): unknown => (isParam ? paramOf(run, path) : aggregateOf(run, key, aggregate));
  /** Numbers, booleans, texts; behind all, in either direction, NaN and then what is missing. */
  const rank = (value: unknown): number => {
    if (value === undefined || typeof value === "object") return 9;
    if (Number.isNaN(value)) return 8;
    const place = typeof value === "boolean" ? 1 : typeof value === "string" ? 2 : 0;
    return isDescending ? 2 - place : place;
  };
  const within = (a: unknown, b: unknown): number => {
    if (typeof a === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
    return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
  };
  return {
    text: `${isParam ? `params.${path}` : `metrics."${key}".${aggregate}`} ${isDescending ? "DESC" : "ASC"}`,
    compare: (one, other) => {
      const [a, b] = [valueOf(one), valueOf(other)];
      const ranks = rank(a) - rank(b);
      if (ranks !== 0 || rank(a) >= 8) return ranks;
      return isDescending ? within(b, a) : within(a, b);
    },
  };
}
