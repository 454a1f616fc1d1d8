import { describe, expect, test } from "vitest";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { formatFilter } from "../../src/filter/format-filter.ts";
import { parseFilter } from "../../src/filter/parse-filter.ts";
import { Tokenizer } from "../../src/filter/tokenizer.ts";

/** Texts, and the normal form of their filters. */
const GOOD: readonly (readonly [text: string, canonical: string])[] = [
  ["", ""],
  [" \n", ""],
  ["metrics.loss < 0.1", "metrics.loss < 0.1"],
  ["metric.loss>=-1.5e3", "metrics.loss >= -1500"],
  ["metrics.a>1\nand\tmetrics.b!=.5", "metrics.a > 1 AND metrics.b != 0.5"],
  ["metrics.val/loss > 1", "metrics.val/loss > 1"],
  ["metrics.val-loss@5:x[0] > 5.", "metrics.val-loss@5:x[0] > 5"],
  ["metrics.1a > 1e21", "metrics.1a > 1e+21"],
  ["metrics.`a b` > -Infinity", 'metrics."a b" > -Infinity'],
  ['metrics."say ""x""" = -0', 'metrics."say ""x""" = 0'],
  ["metrics.'a' = Infinity", "metrics.a = Infinity"],
  ["`metrics`.a > 1", "metrics.a > 1"],
  ["`metrics`.`a` > 1", "metrics.a > 1"],
  ["metrics.loss.min < 1", "metrics.loss.min < 1"],
  ["metrics.loss.last < 1", "metrics.loss < 1"],
  ["metrics.count < 1", "metrics.count < 1"],
  ["metrics..min < 1", 'metrics.".min" < 1'],
  ["metrics.count.count < 1", "metrics.count.count < 1"],
  ["metrics.a.b < 1", 'metrics."a.b" < 1'],
  ["metrics.a.b.best < 1", 'metrics."a.b".best < 1'],
  ['metrics."loss.min" < 1', 'metrics."loss.min" < 1'],
  ['metrics."loss.min".max < 1', 'metrics."loss.min".max < 1'],
  ["metrics.потеря < 1", 'metrics."потеря" < 1'],
  [`params.a = "x"`, "params.a = 'x'"],
  [`parameter.a.b = 'it''s'`, "params.a.b = 'it''s'"],
  [`param.a = "it's"`, "params.a = 'it''s'"],
  [`parameters."" = ''`, `params."" = ''`],
  [`params.a = 'C:\\'`, `params.a = 'C:\\'`],
  ["params.lr > 0.001", "params.lr > 0.001"],
  ["params.amp = TRUE or params.amp != false", "params.amp = true OR params.amp != false"],
  ["params.a IS NULL and tags.b is  not\nnull", "params.a IS NULL AND tags.b IS NOT NULL"],
  ["tags.mlflow.source LIKE 'a%' AND tag.`x.y` ilike 'B_'", "tags.mlflow.source LIKE 'a%' AND tags.x.y ILIKE 'B_'"],
  [
    "status = 'FINISHED' and run.status != \"Failed\"",
    "attributes.status = 'finished' AND attributes.status != 'failed'",
  ],
  ["run_id IN ('a', \"b\",)", "attributes.id IN ('a', 'b')"],
  ["attributes.id not in ('a')", "attributes.id NOT IN ('a')"],
  [
    "experiment in ('a') and group in ('b') and parent in ('c')",
    "attributes.experiment IN ('a') AND attributes.group IN ('b') AND attributes.parent IN ('c')",
  ],
  [
    "attr.`Run name` = 'x' and \"run name\" = 'x' and `Run Name` = 'x'",
    "attributes.name = 'x' AND attributes.name = 'x' AND attributes.name = 'x'",
  ],
  ["jobType = 'x' and attribute.job_type LIKE 'x'", "attributes.job_type = 'x' AND attributes.job_type LIKE 'x'"],
  ["user_id = 'ada'", "tags.mlflow.user = 'ada'"],
  ["artifact_uri = 'x'", "attributes.artifact_uri = 'x'"],
  [
    "created > 1700000000000 and attributes.Created < 5.5",
    "attributes.start_time > 1700000000000 AND attributes.start_time < 5.5",
  ],
  ["start_time >= '2026-11-01'", "attributes.start_time >= 1793491200000"],
  ["start_time >= 2026-11-01T01:30", "attributes.start_time >= 1793496600000"],
  ["endTime >= 2026-11-01T00:00:00.25+01:00", "attributes.end_time >= 1793487600250"],
  ["end_time >= '2026-11-01 00:00:00-0130'", "attributes.end_time >= 1793496600000"],
  ["end_time >= '1969-12-31T23:59:59.999Z'", "attributes.end_time >= -1"],
  ["duration > 2h30m or duration < 1.5h", "attributes.duration > 9000000 OR attributes.duration < 5400000"],
  [
    "duration > 90s or duration < 250ms or duration = '3d' or duration = 7",
    "attributes.duration > 90000 OR attributes.duration < 250 OR attributes.duration = 259200000 OR attributes.duration = 7",
  ],
  [
    "datasets.name IN ('a','b') and dataset.digest = 'x' and datasets.context LIKE '%'",
    "datasets.name IN ('a', 'b') AND datasets.digest = 'x' AND datasets.context LIKE '%'",
  ],
  ["note='a' or note='b' and note='c'", "attributes.note = 'a' OR attributes.note = 'b' AND attributes.note = 'c'"],
  ["(note='a' or note='b') and note='c'", "(attributes.note = 'a' OR attributes.note = 'b') AND attributes.note = 'c'"],
  ["not note='a' and note='b'", "NOT attributes.note = 'a' AND attributes.note = 'b'"],
  ["not(note='a' and note='b')", "NOT (attributes.note = 'a' AND attributes.note = 'b')"],
  ["((NOT NOT (((note='a')))))", "NOT NOT attributes.note = 'a'"],
  [
    "note='a' and (note='b' and note='c')",
    "attributes.note = 'a' AND (attributes.note = 'b' AND attributes.note = 'c')",
  ],
];

const ATTRIBUTES = /such as metrics\.loss .* id, name, experiment, status/;

/** Wrong texts, the position of the error, and a part of its message. */
const BAD: readonly (readonly [text: string, position: number, says: RegExp])[] = [
  ["foo.a > 1", 1, /expected metrics, params, tags, attributes or datasets, found foo\.a/],
  ["Metrics.a > 1", 1, /expected metrics,/],
  ["metrics.a > 1 and foo = 'x'", 19, ATTRIBUTES],
  ["lifecycle_stage = 'x'", 1, ATTRIBUTES],
  ["attributes.foo = 'x'", 12, ATTRIBUTES],
  ["`metrics.a` > 1", 1, ATTRIBUTES],
  ['"metrics".a > 1', 1, ATTRIBUTES],
  ["datasets.foo = 'a'", 10, /expected name, digest, context, found foo/],
  ["datasets.'foo' = 'a'", 10, /expected name, digest, context, found 'foo'/],
  ["'run name' = 'x'", 1, /expected a field, found 'run name'/],
  ["run name = 'x'", 1, ATTRIBUTES],
  ["1 < metrics.a", 1, ATTRIBUTES],
  ["> 1", 1, /expected a field, found >/],
  ["metrics. a > 1", 10, /expected a key right after metrics\., found a/],
  ["metrics . a > 1", 1, ATTRIBUTES],
  ["metrics.", 9, /expected a key right after metrics\., found the end/],
  ["params.a+b = 1", 8, /expected a key in quotes/],
  ['metrics."a".b > 1', 12, /expected \.last, \.min.*found \.b/],
  ["params.a = 'x", 12, /expected a closing ', found 'x/],
  ["params.a = \"x'", 12, /expected a closing "/],
  ["params.`a = 'x'", 8, /expected a closing `/],
  ["params.a = 'it's'", 16, /expected AND, OR or the end, found s/],
  ["params.a = `x`", 12, /expected a quoted text/],
  ["params.a = x", 12, /expected a quoted text, a number, true or false, found x/],
  ["params.a = params.b", 12, /found params\.b/],
  ["params.a = null", 12, /or IS NULL, found null/],
  ["params.a > '1'", 12, /expected a number, found '1'/],
  ["params.a > true", 12, /expected a number, found true/],
  ["params.a LIKE 5", 15, /expected a quoted text of at most 1000/],
  [`params.a LIKE '${"x".repeat(1001)}'`, 15, /at most 1000 characters, found 'x{39}…/],
  ["params.a IN ('a')", 10, /expected one of =, !=, .*several = joined by OR/],
  ["tags.a NOT IN ('a')", 8, /expected one of =, !=, LIKE, ILIKE, IS NULL, IS NOT NULL/],
  ["tags.a not like 'x'", 8, /expected one of =, !=, LIKE/],
  ["tags.a = 5", 10, /expected a quoted text, found 5/],
  ["tags.a > 'x'", 8, /expected one of =, !=, LIKE/],
  ["tags.a = true", 10, /expected a quoted text, found true/],
  ["metrics.a = 'x'", 13, /expected a number, found 'x'/],
  ['metrics.a = "1"', 13, /expected a number, found "1"/],
  ["metrics.a < metrics.b", 13, /expected a number/],
  ["metrics.a = true", 13, /expected a number/],
  ["metrics.a LIKE 'a'", 11, /expected one of =, !=, <, <=, >, >=, found LIKE/],
  ["metrics.a IN (1)", 11, /expected one of =/],
  ["metrics.a IS NULL", 11, /expected one of =/],
  ["status IS NOT NULL", 8, /expected one of =/],
  ["datasets.name IS NULL", 15, /expected one of =/],
  ["datasets.name > 'a'", 15, /expected one of =, !=, LIKE, ILIKE, IN, NOT IN, found >/],
  ["status IN ('a')", 8, /expected one of =, !=, LIKE, ILIKE \(instead/],
  ["status > 'a'", 8, /expected one of =/],
  ["start_time > '5'", 14, /expected a date .* or ms, found '5'/],
  ["start_time > 2026-02-30", 14, /expected a date/],
  ["start_time > 2026-13-01", 14, /expected a date/],
  ["start_time > '2026-11-01T24:00'", 14, /expected a date/],
  ["start_time > 5h", 14, /expected a date/],
  ["start_time LIKE '2026%'", 12, /expected one of =/],
  ["duration > 2h30", 12, /expected a duration/],
  ["duration > 5w", 12, /expected a duration/],
  ["duration > ''", 12, /expected a duration/],
  ["run_id IN ()", 12, /expected a quoted text, found \)/],
  ["run_id IN (1)", 12, /expected a quoted text, found 1/],
  ["run_id IN 'a'", 11, /expected \(, found 'a'/],
  ["run_id IN ('a' 'b')", 16, /expected , or \), found 'b'/],
  ["run_id IN ('a', 'b'", 20, /expected , or \), found the end/],
  ["metrics.a > nan", 13, /no value equals NaN; \.count .*found nan/],
  ["metrics.a = NaN", 13, /NaN/],
  ["params.a != -NaN", 13, /NaN/],
  ["start_time > NaN", 14, /NaN/],
  ["metrics.a > inf", 13, /expected a number, found inf/],
  ["metrics.a > +5", 13, /expected a number/],
  ["metrics.a > 0x10", 13, /expected a number/],
  ["metrics.a > 1_000", 13, /expected a number/],
  ["metrics.a >= 1and metrics.b > 2", 14, /expected a number, found 1and/],
  ["metrics.a == 1", 12, /expected a number, found =/],
  ["metrics.a <> 1", 12, /expected a number, found >/],
  ["metrics.a ! = 1", 11, /found !/],
  ["metrics.a", 10, /expected one of =, .*found the end/],
  ["metrics.a >", 12, /expected a number, found the end/],
  ["metrics.a 'x'", 11, /expected one of =/],
  ["params.a IS 5", 13, /expected NULL or NOT NULL, found 5/],
  ["params.a IS NOT 5", 17, /expected NULL, found 5/],
  ["params.a = 5 OR", 16, /expected a field, found the end/],
  ["metrics.a > 1 AND", 18, /expected a field, found the end/],
  ["AND metrics.a > 1", 1, ATTRIBUTES],
  ["metrics.a > 1 AND AND metrics.b > 1", 19, ATTRIBUTES],
  ["params.a = 'x' metrics.b > 1", 16, /expected AND, OR or the end, found metrics\.b/],
  ["NOT", 4, /expected a field, found the end/],
  ["(metrics.a > 1", 15, /expected AND, OR or \), found the end/],
  ["metrics.a > 1)", 14, /expected AND, OR or the end, found \)/],
  ["()", 2, /expected a field, found \)/],
  ["((metrics.a > 1) OR metrics.b > 1", 34, /expected AND, OR or \)/],
  ["metrics.a > 1; DROP TABLE runs", 14, /expected AND, OR or the end, found ;/],
  ["params.a = '' OR 1=1 --", 18, ATTRIBUTES],
  ["params.a = 'x'; --", 15, /found ;/],
  ["metrics.a > 1 -- c", 15, /found --/],
  ["metrics.a > 1 /* c */", 15, /found \//],
  ["' OR '1'='1", 1, /expected a field, found ' OR '/],
  ["metrics.a > (SELECT 1)", 13, /expected a number, found \(/],
  ["metrics.a > 1 UNION SELECT * FROM runs", 15, /found UNION/],
  ["metrics.a&b > 1", 10, /write keys with unusual characters in quotes/],
  ["metrics.🙂 > 1", 9, /found 🙂/],
  ["metrics.\0 > 1", 9, /keys with unusual/],
];

function errorOf(text: unknown): LedgerError {
  try {
    parseFilter(text as string);
  } catch (error) {
    if (LedgerError.is(error)) return error;
    throw error;
  }
  throw new Error(`no error: ${String(text)}`);
}

test.each(GOOD)("%s", (text, canonical) => {
  const filter = parseFilter(text);
  expect(formatFilter(filter)).toBe(canonical);
  expect(parseFilter(canonical)).toEqual(filter);
});

test.each(BAD)("wrong: %s", (text, position, says) => {
  const error = errorOf(text);
  expect(error).toMatchObject({ code: "INVALID_ARGUMENT", field: "filter", position });
  expect(error.message).toMatch(says);
  expect(error.message).toContain(`character ${position}: expected `);
  expect(error.message.length).toBeLessThan(350);
});

describe("limits", () => {
  test("1 MB of text is refused without reading it", () => {
    for (const text of ["x".repeat(2 ** 20), `note = '${"a".repeat(2 ** 20)}'`]) {
      expect(errorOf(text)).toMatchObject({ code: "INVALID_ARGUMENT", field: "filter", position: 65_537 });
    }
  });
  test("64 KiB are accepted", () => {
    const text = `note = '${"a".repeat(65_536 - 9)}'`;
    expect(text.length).toBe(65_536);
    expect(parseFilter(text)).toMatchObject({ kind: "compare" });
    expect(errorOf(`${text} `)).toMatchObject({ position: 65_537 });
  });
  test("10,000 nested parentheses", () => {
    expect(errorOf("(".repeat(10_000))).toMatchObject({ code: "INVALID_ARGUMENT", position: 101 });
    expect(errorOf(`${"(".repeat(10_000)}note='a'${")".repeat(10_000)}`).message).toMatch(/at most 100 nested/);
    expect(errorOf("NOT ".repeat(10_000))).toMatchObject({ position: 401 });
    expect(parseFilter(`${"(".repeat(100)}note='a'${")".repeat(100)}`)).toEqual(parseFilter("note='a'"));
  });
  test("1000 comparisons", () => {
    const comparisons = (n: number): string => Array(n).fill("metrics.a>1").join(" AND ");
    expect(parseFilter(comparisons(1000))).toMatchObject({ kind: "and" });
    expect(errorOf(comparisons(1001)).message).toMatch(/at most 1000 comparisons/);
  });
  test("a key of many dots", () => {
    expect(parseFilter(`params.${"a.".repeat(30_000)}b = 1`)).toMatchObject({
      field: { key: `${"a.".repeat(30_000)}b` },
    });
    expect(parseFilter(`metrics.${"a.".repeat(30_000)}min = 1`)).toMatchObject({ field: { aggregate: "min" } });
    expect(errorOf(`${"a.".repeat(30_000)}b = 1`).message.length).toBeLessThan(300);
  });
  test("anything but a text", () => {
    for (const value of [5, null, {}, ["a"]]) {
      expect(errorOf(value)).toMatchObject({ code: "INVALID_ARGUMENT", field: "filter" });
    }
  });
});

test("every character belongs to at most one token, and tokens come in order", () => {
  const hostile = [
    "'".repeat(65_535),
    "''".repeat(32_000),
    "\"`'".repeat(20_000),
    "1".repeat(65_000),
    "a.".repeat(32_000),
    "1ms".repeat(20_000),
    "<=".repeat(30_000),
    " ".repeat(65_000),
    ...GOOD.map(([text]) => text),
    ...BAD.map(([text]) => text),
  ];
  for (const text of hostile) {
    let end = 0;
    let count = 0;
    try {
      const tokens = new Tokenizer(text, "filter");
      for (; !tokens.isAtEnd; tokens.advance()) {
        expect(tokens.token.at).toBeGreaterThanOrEqual(end);
        expect(tokens.token.end).toBeGreaterThan(tokens.token.at);
        end = tokens.token.end;
        count++;
      }
    } catch (error) {
      expect(LedgerError.is(error)).toBe(true);
    }
    expect(count).toBeLessThanOrEqual(text.length);
  }
});
