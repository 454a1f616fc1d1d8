import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { LoggedPoints } from "./logged.ts";
import { type FileForm, type FileRow, writeOracle } from "./oracle.ts";
import { logLongSeries, logOddities, logPhases, logShortSeries } from "./points.ts";
import { readByPrograms, type Verdict, whyNot } from "./programs.ts";

const reason = whyNot();
const suffix = reason === undefined ? "" : ` (skipped: ${reason})`;

const run = (id: string): { id: string; log: () => void } => ({ id, log: () => {} });

type Spoil = (rows: FileRow[], form: FileForm) => void;

/** Verdicts on files that hold what was logged, but for what is done to them. */
function verdictsOn(
  logged: LoggedPoints,
  spoils: readonly (Spoil | undefined)[],
  programs?: readonly string[],
): Verdict[] {
  const root = mkdtempSync(join(tmpdir(), "runledger-engines-"));
  try {
    const ledgers = spoils.map((spoil, i) => {
      const directory = join(root, String(i));
      writeOracle(directory, logged, spoil);
      return { directory, logged };
    });
    return readByPrograms(ledgers, programs);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const rowWhere = (rows: FileRow[], wanted: (row: FileRow) => boolean): FileRow => {
  const found = rows.find(wanted);
  if (!found) throw new Error("no such row");
  return found;
};
const column = (form: FileForm, name: string): FileForm["schema"][number] =>
  form.schema.find((element) => element.name === name)!;

/** How a file can be wrong, and what is said of it. */
const WRONG: Record<string, readonly [says: RegExp, spoil: Spoil]> = {
  "the last bit of a value": [
    /bits of row/,
    (rows) => {
      const row = rowWhere(rows, ({ value }) => value === 0.1);
      row.value = 0.1 + 2 ** -56;
    },
  ],
  "-0 as 0": [/bits of row/, (rows) => (rowWhere(rows, ({ value }) => Object.is(value, -0)).value = 0)],
  "a dictionary of values, which loses -0": [/bits of row/, (_, form) => (form.valueEncoding = "RLE_DICTIONARY")],
  "NaN as a number": [/bits of row/, (rows) => (rowWhere(rows, ({ value }) => Number.isNaN(value)).value = 0)],
  "a subnormal as 0": [/bits of row/, (rows) => (rowWhere(rows, ({ value }) => value === 5e-324).value = 0)],
  "a value as float32": [
    /bits of row/,
    (rows) => {
      const row = rowWhere(rows, ({ value }) => value === 1 / 3);
      row.value = Math.fround(row.value);
    },
  ],
  "a step beyond 2^53 - 1 that is one off": [
    /steps of row/,
    (rows) => (rowWhere(rows, ({ step }) => step === Number.MAX_SAFE_INTEGER).step -= 1),
  ],
  "a step cut to 32 bits": [/steps of row/, (rows) => (rowWhere(rows, ({ step }) => step === 2 ** 32 + 1).step = 1)],
  "a time one ms off": [/times of row/, (rows) => (rows[5]!.time += 1)],
  "a key by another name": [/key of row/, (rows) => (rowWhere(rows, ({ key }) => key === "～").key = "~")],
  "the id of another run": [/run_id of row/, (rows) => (rows[3]!.run = "other")],
  "a row less": [/rows, not/, (rows) => rows.splice(7, 1)],
  "a row twice": [/rows, not/, (rows) => rows.splice(7, 0, { ...rows[7]! })],
  "two rows in another order": [
    /of row/,
    (rows) => {
      const at = rows.findIndex((row, i) => row.key === rows[i + 1]?.key && row.step !== rows[i + 1]!.step);
      [rows[at], rows[at + 1]] = [rows[at + 1]!, rows[at]!];
    },
  ],
  "keys sorted by UTF-16": [/key of row/, (rows) => rows.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))],
  "times that are not in UTC": [
    /time is/,
    (_, form) => {
      const time = column(form, "time");
      delete time.converted_type;
      time.logical_type = { type: "TIMESTAMP", isAdjustedToUTC: false, unit: "MILLIS" };
    },
  ],
  "times in us": [
    /time is/,
    (_, form) => {
      const time = column(form, "time");
      time.converted_type = "TIMESTAMP_MICROS";
      time.logical_type = { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" };
      form.toTime = (ms) => BigInt(ms) * 1000n;
    },
  ],
  "times as mere integers": [
    /time is/,
    (_, form) => {
      const time = column(form, "time");
      delete time.converted_type;
      delete time.logical_type;
    },
  ],
  "values that may be null": [
    /value is not required/,
    (_, form) => (column(form, "value").repetition_type = "OPTIONAL"),
  ],
  "a column by another name": [/columns are/, (_, form) => (form.schema[5]!.name = "val")],
  "statistics of keys that may have been cut": [
    // DuckDB takes a key that begins with another for one that may be in there.
    /duckdb: \{'key'.* needs only intact row groups/,
    (_, form) => Object.assign(form, { rowsAGroup: 1, exactStatistics: false }),
  ],
  "statistics of keys that were cut": [
    /needs only intact row groups/,
    (_, form) => Object.assign(form, { rowsAGroup: 1, exactStatistics: false, statisticsTruncateLength: 16 }),
  ],
  "no statistics": [/has no statistics of key/, (_, form) => (form.statistics = false)],
};

test.skipIf(reason !== undefined)(`files by hyparquet-writer are read bit for bit and pruned${suffix}`, () => {
  const logged = new LoggedPoints();
  logOddities(logged, run("odd"));
  logLongSeries(logged, run("long"));
  logPhases(logged, run("long"));
  logShortSeries(logged, run("short"));
  logOddities(logged, run("short"));
  const [verdict] = verdictsOn(logged, [undefined]) as [Verdict];
  expect(verdict.problems).toEqual([]);
  expect(verdict.files).toBe(3);
  expect(verdict.rows).toBe(logged.series.reduce((sum, { steps }) => sum + steps.length, 0));
  expect(verdict.queries.key).toBeGreaterThan(4);
  expect(verdict.queries.step).toBeGreaterThan(1);
});

describe("what is wrong is noticed", () => {
  let verdicts: Verdict[] = [];
  // One process for all of them: starting the programs takes longer than what they do here.
  beforeAll(() => {
    if (reason !== undefined) return;
    const logged = new LoggedPoints();
    logOddities(logged, run("odd"));
    const spoils = Object.values(WRONG).map(([, spoil]) => spoil);
    verdicts = verdictsOn(logged, [...spoils, (_, form) => (form.rowsAGroup = 1)]);
  });
  test.skipIf(reason !== undefined)(`nothing, where nothing is wrong${suffix}`, () => {
    const { problems, queries } = verdicts.at(-1)!;
    expect(problems).toEqual([]);
    expect(queries.key).toBeGreaterThan(0);
  });
  for (const [i, [what, [says]]] of Object.entries(WRONG).entries()) {
    test.skipIf(reason !== undefined)(`${what}${suffix}`, () => {
      expect(verdicts[i]!.problems.join("\n")).toMatch(says);
    });
  }
});

const COMPATIBLE = ["duckdb", "pyarrow", "pandas", "polars", "fastparquet"];
const whyNotCompatible = whyNot(COMPATIBLE);

test.skipIf(whyNotCompatible !== undefined)(
  `PLAIN values are read by fastparquet, too${whyNotCompatible === undefined ? "" : ` (skipped: ${whyNotCompatible})`}`,
  () => {
    const logged = new LoggedPoints();
    logOddities(logged, run("odd"));
    const plain: Spoil = (_, form) => Object.assign(form, { valueEncoding: "PLAIN", integerEncoding: "PLAIN" });
    // In pages of the second version, which is all that hyparquet-writer writes, fastparquet misreads these in silence.
    const delta: Spoil = (_, form) => (form.valueEncoding = "PLAIN");
    const [right, wrong] = verdictsOn(logged, [plain, delta], COMPATIBLE) as [Verdict, Verdict];
    expect(right.problems).toEqual([]);
    expect(wrong.problems.join("\n")).toMatch(/fastparquet: .* of row/);
  },
);
