import { expect, test } from "vitest";
import { openSql } from "runledger/duckdb";
import { createTestLedger } from "runledger/testing";

const VALUES = [
  0,
  -0,
  1,
  5n,
  0.1,
  1e300,
  1e21,
  1e20,
  123456789012345680000,
  2 ** 60,
  2n ** 60n,
  2n ** 60n + 1n,
  2n ** 53n + 1n,
  1e-7,
  0.00001,
  -1.5e-10,
  5e-324,
  1.7976931348623157e308,
  NaN,
  Infinity,
  -Infinity,
  true,
  "1.0",
  "x",
  "e5",
  "1e5.0",
  2 ** 80,
  1.5,
  100,
];

test("SQL shows the text of a param that filters compare", async () => {
  const { ledger } = await createTestLedger();
  for (const value of VALUES) await (await ledger.startRun({ params: { value } })).finish();
  await using sql = await openSql(ledger, { metrics: false });
  const rows = await sql.query("SELECT run_id, value FROM params ORDER BY run_id");
  expect(rows).toHaveLength(VALUES.length);
  const missed: unknown[] = [];
  for (const { run_id, value } of rows) {
    const { runs } = await ledger.searchRuns({ filter: `params.value = '${String(value)}'` });
    if (!runs.some(({ id }) => id === run_id)) missed.push(value);
  }
  expect(missed).toEqual([]);
  const texts = VALUES.map((value) =>
    String(typeof value === "bigint" && BigInt(Number(value)) === value ? Number(value) : value),
  );
  expect(rows.map(({ value }) => value).toSorted()).toEqual(texts.toSorted());
});
