import { expect, test } from "vitest";
import { compareRows, parseOrderBy } from "../../src/filter/order-by.ts";
import { compileFilter } from "../../src/filter/compile-filter.ts";
import { parseFilter } from "../../src/filter/parse-filter.ts";
import { recordRow } from "../../src/filter/filter-row.ts";
import { randomFilter, randomFrom, randomRun, search } from "./reference.ts";
import { cases } from "../rounds.ts";

const FILTERS = cases(10_000);
const RUNS = 12;
const ORDERS = [
  "metrics.a",
  "metrics.a.min",
  "metrics.b.count",
  "params.a",
  "params.opt.lr",
  "tags.a",
  "name",
  "start_time",
  "end_time",
  "duration",
  "status",
  "run_id",
];

test(`${FILTERS} random filters and orders give the results of another evaluator`, () => {
  const random = randomFrom(20261101);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  let runs = [randomRun(random, "r0")];
  const seen = { none: 0, some: 0, all: 0, longest: 0 };
  for (let i = 0; i < FILTERS; i++) {
    if (i % 20 === 0) runs = Array.from({ length: RUNS }, (_, n) => randomRun(random, `r${n}`));
    const text = randomFilter(random);
    const orderBy = Array.from(
      { length: Math.floor(random() * 3) },
      () => `${pick(ORDERS)}${pick(["", " ASC", " DESC"])}`,
    );
    const matches = compileFilter(parseFilter(text));
    const found = runs
      .map((run) => recordRow(run))
      .filter(matches)
      .toSorted(compareRows(parseOrderBy(orderBy)))
      .map((row) => row.attribute("id"));
    expect(found, `${text} ordered by ${orderBy.join()}`).toEqual(search(text, orderBy, runs));
    seen[found.length === 0 ? "none" : found.length === RUNS ? "all" : "some"]++;
    seen.longest = Math.max(seen.longest, text.length);
  }
  expect(seen.some).toBeGreaterThan(FILTERS / 4);
  expect(seen.longest).toBeGreaterThan(300);
});
