import { spawnSync } from "node:child_process";
import type { Ledger } from "runledger";
import { withPrefix } from "runledger/backend";
import { openLedger } from "runledger";
import { s3Backend } from "runledger/backends/s3";
import { openSql } from "runledger/duckdb";
import { beforeAll, describe, expect, test } from "vitest";
import { inBucket, makeBucket, realS3 } from "../servers/real-s3.ts";
import { PYTHON } from "./programs.ts";

/** DuckDB's extension, which comes from where tests cannot reach, is also in a Python package. */
function findHttpfs(): string | undefined {
  const script = `import duckdb_extension_httpfs, pathlib
print(*pathlib.Path(duckdb_extension_httpfs.__file__).parent.glob("extensions/v1.5.5/*.duckdb_extension"))`;
  const { status, stdout } = spawnSync(PYTHON, ["-c", script], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

const httpfs = findHttpfs();
if (httpfs === undefined && process.env["ENGINES"] === "required")
  throw new Error("httpfs is required, but not installed");
const noBucket = process.env["AWS_ENDPOINT_URL_S3"] === undefined ? "no AWS_ENDPOINT_URL_S3" : undefined;
const noHttpfs = noBucket ?? (httpfs === undefined ? "no httpfs" : undefined);
const suffix = (reason: string | undefined): string => (reason === undefined ? "" : ` (skipped: ${reason})`);

describe.skipIf(noBucket !== undefined)(`a bucket${suffix(noBucket)}`, () => {
  let ledger: Ledger;
  let asked = 0;
  beforeAll(async () => {
    const server = realS3();
    const credentials = (): typeof server.credentials => {
      asked++;
      return server.credentials;
    };
    const backend = s3Backend(inBucket(server, await makeBucket(server), { prefix: "it's/ünï=1 é+", credentials }));
    ledger = await openLedger(withPrefix(backend, "part"));
    for (let i = 0; i < 12; i++) {
      const run = await ledger.startRun({ experiment: "It's", params: { i } });
      run.log({ loss: i });
      if (i < 11) await run.finish();
      else await run.flush();
    }
  });

  const QUERY = "SELECT count(*) AS runs, (SELECT sum(value) FROM metrics) AS sum FROM runs";

  test.skipIf(noHttpfs !== undefined)(
    `is read in place, and its keys are shown to nobody${suffix(noHttpfs)}`,
    async () => {
      const before = asked;
      await using sql = await openSql(ledger, { httpfs: httpfs! });
      expect(sql.reads).toBe("in place");
      expect(await sql.query(QUERY)).toMatchObject([{ runs: 12, sum: 66 }]);
      expect(asked).toBeGreaterThanOrEqual(before);
      const { secretAccessKey } = realS3().credentials;
      const shown = [
        ...(await sql.query("SELECT sql FROM duckdb_views() UNION ALL SELECT sql FROM duckdb_tables()")),
        ...(await sql.query("SELECT * FROM duckdb_secrets()")),
        await sql
          .query("SELECT * FROM read_parquet('s3://no-such-bucket/x.parquet')")
          .catch((error: Error) => [error.message, String(error.cause)]),
      ];
      expect(shown.length).toBeGreaterThan(5);
      expect(JSON.stringify(shown)).not.toContain(secretAccessKey);
    },
  );

  test("is copied where there is no httpfs", async () => {
    await using sql = await openSql(ledger, { httpfs: "/nowhere/httpfs.duckdb_extension" });
    expect(sql.reads).toBe("copies");
    expect(await sql.query(QUERY)).toMatchObject([{ runs: 12, sum: 66 }]);
  });
});
