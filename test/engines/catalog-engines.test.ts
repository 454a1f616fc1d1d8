import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Ledger } from "runledger";
import { fsBackend } from "runledger/backends/fs";
import { s3Backend } from "runledger/backends/s3";
import { openSql } from "runledger/duckdb";
import { catalogFiles } from "runledger/files";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blocksOf } from "../docs/blocks.ts";
import { inBucket, makeBucket, realS3 } from "../servers/real-s3.ts";
import { askLedger, makeCatalog } from "./make-catalog.ts";
import { PYTHON, whyNot } from "./programs.ts";

const ROOT = join(import.meta.dirname, "../..");
const BLOCKS = blocksOf(ROOT, "docs/engines.md").filter(({ language }) => ["python", "sql"].includes(language));
/** Other blocks use these. */
const PARTS = ["ledger_columns.py", "best.sql"];
/** The bucket that the document names. */
const BUCKET = "my-ledgers";

const noEngines = whyNot();
const noSpark = noEngines ?? whyNoSpark();
const suffix = (reason: string | undefined): string => (reason === undefined ? "" : ` (skipped: ${reason})`);

/** Why Spark cannot be run here. */
function whyNoSpark(): string | undefined {
  const missing: string[] = [];
  if (spawnSync("java", ["-version"]).status !== 0) missing.push("java");
  if (spawnSync(PYTHON, ["-c", "import pyspark"]).status !== 0) missing.push("pyspark");
  if (missing.length === 0) return undefined;
  const reason = `not installed: ${missing.join(", ")}`;
  if (process.env["ENGINES"] === "required") throw new Error(`Spark is required, but ${reason}`);
  return reason;
}

let place: string;
let ledger: Ledger;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), "runledger-catalog-"));
  for (const { file, code } of BLOCKS) await writeFile(join(place, file!), code);
  ledger = await makeCatalog(fsBackend(join(place, "runs")));
});
afterAll(() => rm(place, { recursive: true, force: true, maxRetries: 10 }));

/** What a program of the document prints: the run, its accuracy, its points. */
async function run(file: string, env: NodeJS.ProcessEnv = process.env): Promise<unknown> {
  const child = spawn(PYTHON, ["-B", file], { cwd: place, env });
  let output = "";
  let errors = "";
  child.stdout.on("data", (bytes) => (output += bytes));
  child.stderr.on("data", (bytes) => (errors += bytes));
  const code = await new Promise((resolve, reject) => child.on("close", resolve).on("error", reject));
  if (code !== 0) throw new Error(`${file} ended with ${code}: ${errors.slice(-4000)}`);
  const [id, accuracy, points] = output.trim().split("\n").at(-1)!.split(" ");
  return { id, accuracy: Number(accuracy), points: Number(points) };
}

async function askSql(): Promise<unknown> {
  await using sql = await openSql(ledger);
  const [found] = await sql.query(
    `SELECT id, last AS accuracy, (SELECT count(*) FROM metrics AS m WHERE m.run_id = runs.id AND m.key = $key) AS points
     FROM runs JOIN params AS p ON p.run_id = id AND p.key = 'lr' JOIN metric_summaries AS s ON s.run_id = id AND s.key = $key
     WHERE number > 0.001 AND NOT isnan(number) AND NOT isnan(last) ORDER BY last DESC, start_time DESC, id DESC LIMIT 1`,
    { key: "val/accuracy" },
  );
  return { ...found };
}

test("every program of the document is run, or used by one that is", () => {
  const names = BLOCKS.map(({ file }) => file);
  expect(names.toSorted()).toEqual(
    [...PARTS, "best_duckdb.py", "best_pandas.py", "best_polars.py", "best_spark.py", "best_spark_s3.py"].toSorted(),
  );
});

test("the catalogue has rows that no longer count, and runs without a row", async () => {
  const { segments, loose } = await catalogFiles(ledger);
  expect(segments.map(({ key }) => key.split("/")[1]).filter((name) => name === "mnist")).toHaveLength(2);
  expect(segments).toHaveLength(3);
  expect(loose).toHaveLength(3);
});

describe("of two segments with rows that no longer count", () => {
  test("openSql", async () => {
    expect(await askSql()).toEqual(await askLedger(ledger));
  });

  test.skipIf(noEngines !== undefined).each(["best_duckdb.py", "best_pandas.py", "best_polars.py"])(
    `%s${suffix(noEngines)}`,
    async (file) => {
      expect(await run(file)).toEqual(await askLedger(ledger));
    },
  );

  test.skipIf(noSpark !== undefined)(`best_spark.py${suffix(noSpark)}`, { timeout: 300_000 }, async () => {
    expect(await run("best_spark.py")).toEqual(await askLedger(ledger));
  });
});

describe("of a run that finished since", () => {
  beforeAll(async () => {
    const best = await ledger.startRun({ experiment: "mnist", params: { lr: 1 } });
    best.log({ "val/accuracy": 0.98 });
    await best.finish();
  });

  test("openSql", async () => {
    expect(await askLedger(ledger)).toMatchObject({ accuracy: 0.98, points: 1 });
    expect(await askSql()).toEqual(await askLedger(ledger));
  });

  test.skipIf(noEngines !== undefined).each(["best_duckdb.py", "best_pandas.py", "best_polars.py"])(
    `%s, once the catalogue is put in order${suffix(noEngines)}`,
    async (file) => {
      await ledger.rebuildCatalog();
      expect(await run(file)).toEqual(await askLedger(ledger));
    },
  );
});

const noBucket = process.env["AWS_ENDPOINT_URL_S3"] === undefined ? "no AWS_ENDPOINT_URL_S3" : undefined;

describe("in a bucket", () => {
  test.skipIf(noBucket !== undefined || noSpark !== undefined)(
    `best_spark_s3.py, by S3A${suffix(noBucket ?? noSpark)}`,
    { timeout: 300_000 },
    async () => {
      const server = realS3();
      await makeBucket(server, BUCKET);
      const backend = s3Backend(inBucket(server, BUCKET));
      for await (const { key } of backend.list("")) await backend.remove(key);
      const inS3 = await makeCatalog(backend);
      expect(await run("best_spark_s3.py", { ...process.env, AWS_REGION: server.region })).toEqual(
        await askLedger(inS3),
      );
    },
  );
});
