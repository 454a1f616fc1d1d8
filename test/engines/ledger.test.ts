import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeLedger } from "./make-ledger.ts";
import { PROGRAMS, readByPrograms, type Verdict, whyNot } from "./programs.ts";

const reason = whyNot([...PROGRAMS, "fastparquet"]);

const why = reason === undefined ? "" : ` (skipped: ${reason})`;

test.skipIf(reason !== undefined).each([
  ["DuckDB, pyarrow, pandas and polars read finished runs bit for bit, and prune", "compact", []],
  ['with parquet: "compatible" fastparquet does so too', "compatible", ["fastparquet"]],
] as const)(`%s${why}`, async (_name, parquet, more) => {
  const root = await mkdtemp(join(tmpdir(), "runledger-engines-"));
  onTestFinished(() => rm(root, { recursive: true }));
  const directory = join(root, "ledger");
  const logged = await makeLedger(directory, parquet);
  const [verdict] = readByPrograms([{ directory, logged }], [...PROGRAMS, ...more]) as [Verdict];
  expect(verdict.problems).toEqual([]);
  expect(verdict.rows).toBe(logged.series.reduce((sum, { steps }) => sum + steps.length, 0));
  expect(verdict.files).toBeGreaterThanOrEqual(3);
  expect(verdict.queries.key).toBeGreaterThan(0);
  expect(verdict.queries.step).toBeGreaterThan(0);
});
