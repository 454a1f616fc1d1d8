import fc from "fast-check";
import { expect, test } from "vitest";
import { compareRecords } from "../../src/compare/compare-records.ts";
import { formatComparison } from "../../src/compare/format-comparison.ts";
import { anyRecords, record } from "./records.ts";

test("a table: metrics with the best marked, what differs, how much is the same", () => {
  const metricDefinitions = { loss: { goal: "minimize" as const } };
  const comparison = compareRecords([
    record("run1", {
      name: "baseline",
      params: { lr: 0.1, act: "relu", n: 5, epochs: 3 },
      tags: { stage: "x" },
      metrics: { loss: [2, 0.123456789], acc: [1] },
      metricDefinitions,
      datasets: [{ time: 0, name: "mnist", digest: "table-sha256:0123456789abcdef" }],
      inputs: [{ name: "m", version: "v1", digest: "sha256:abcdef0123456789" }] as never,
    }),
    record("run2", {
      name: "wide",
      params: { lr: 0.1, act: "gelu", n: "5" },
      tags: { stage: "x" },
      metrics: { loss: [1] },
    }),
  ]);
  expect(formatComparison(comparison, { width: 60 })).toBe(
    [
      "              baseline             wide",
      "id            run1                 run2",
      "experiment    default              default",
      "status        finished             finished",
      "started       2023-11-14 22:13:20  2023-11-14 22:13:20",
      "duration      1m 1s                1m 1s",
      "metrics",
      "  acc         1                    -",
      "  loss (min)  0.123457 *           1",
      "params",
      "  act         relu                 gelu",
      "  epochs      3                    -",
      '  n           5                    "5"',
      "datasets",
      "  mnist       0123456789ab         -",
      "inputs",
      "  m           v1 abcdef012345      -",
      "same: 1 params, 1 tags",
    ].join("\n"),
  );
  const all = formatComparison(comparison, { all: true }).split("\n");
  expect(all).toContainEqual(expect.stringMatching(/^ {2}lr +0\.1 +0\.1$/));
  expect(all).toContainEqual(expect.stringMatching(/^ {2}stage +x +x$/));
  expect(formatComparison(comparison, { maxRows: 3 }).split("\n").slice(-3)).toEqual([
    expect.stringContaining("loss (min)"),
    "… 8 more rows",
    "same: 1 params, 1 tags",
  ]);
  expect(formatComparison(compareRecords([]))).toBe("no runs");
});

test("runs beyond the width go into another table", () => {
  const records = Array.from({ length: 5 }, (_, i) => record(`run${i}`, { params: { i }, startTime: Number.NaN }));
  const text = formatComparison(compareRecords(records), { width: 50 });
  expect(text.split("\n\n")).toHaveLength(3);
  for (const { id } of records) expect(text).toContain(id);
});

test("names cannot act on the terminal", () => {
  const evil = "\u001b[31mred\u001b]0;x\u0007\r\n\u009b1A\u202Eabc\u0000\uD800\u2028";
  const text = formatComparison(
    compareRecords([
      record(evil, {
        name: evil,
        experiment: evil,
        params: { [evil]: evil },
        tags: { [evil]: "1" },
        metrics: { [evil]: [1] },
      }),
      record("b"),
    ]),
    { width: 200 },
  );
  expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
  expect(text).toContain("�[31mred�]0;x�  �1A�abc��");
});

test("property: no line is wider than the width, every line is whole code points", () => {
  fc.assert(
    fc.property(
      anyRecords,
      fc.integer({ min: 20, max: 120 }),
      fc.integer({ min: 1, max: 30 }),
      fc.boolean(),
      (records, width, maxRows, all) => {
        const text = formatComparison(compareRecords(records), { width, maxRows, all });
        expect(text).not.toMatch(/\p{Cs}/u);
        for (const line of text.split("\n")) {
          expect([...line].length).toBeLessThanOrEqual(width);
          expect(line).not.toMatch(/\p{Cc}/u);
        }
      },
    ),
  );
});

test("long values are cut, but not the mark of the best", () => {
  const metricDefinitions = { m: { goal: "maximize" as const } };
  const text = formatComparison(
    compareRecords([
      record("a", { metrics: { m: [-1.23456e-300] }, metricDefinitions, params: { x: "🦊".repeat(1000) } }),
    ]),
    { width: 20, all: true },
  );
  expect(text).toMatch(/-1\.2345… \*$/m);
  expect(text).toMatch(/🦊…$/m);
  expect(() => formatComparison(compareRecords([]), { width: 5 })).toThrow(expect.objectContaining({ field: "width" }));
  expect(() => formatComparison(compareRecords([]), { maxRows: 0 })).toThrow(
    expect.objectContaining({ field: "maxRows" }),
  );
});

test("very many rows", () => {
  const tags = Object.fromEntries(Array.from({ length: 150_000 }, (_, i) => [`t${i}`, "x"]));
  const text = formatComparison(compareRecords([record("a", { tags }), record("b")]), { maxRows: 1_000_000 });
  expect(text.split("\n")).toHaveLength(6 + 1 + 150_000);
});
