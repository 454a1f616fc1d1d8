import { openLedger } from "runledger";
import { memoryBackend } from "runledger/backends/memory";
import { openSql } from "runledger/duckdb";
import { expect, test, vi } from "vitest";

vi.mock("@duckdb/node-api", () => {
  throw new Error("Cannot find package '@duckdb/node-api'");
});

test("without DuckDB it says what to install", async () => {
  await expect(openSql(await openLedger(memoryBackend()))).rejects.toMatchObject({
    code: "UNSUPPORTED",
    message: expect.stringContaining("npm install @duckdb/node-api"),
  });
});
