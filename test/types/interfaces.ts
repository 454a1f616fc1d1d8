// Compiled by `npm run typecheck`, never run: values whose type is an interface, which has no index signature.
import type { Ledger, Run, StartRunOptions } from "runledger";
import { guardProcess } from "runledger/node";
import { openSql } from "runledger/duckdb";

interface Row {
  label: string;
  readonly score: number;
  at?: Date | null;
}
interface Columns {
  label: string[];
  readonly score: Float64Array;
}
interface ByRow {
  columns: string[];
  rows: number[][];
}
interface Params {
  lr: number;
  layers: number[];
}
interface OwnTags {
  stage: string;
  fold?: number | undefined;
}
interface Result {
  n: number;
}
declare const ledger: Ledger;
declare const run: Run;
declare const rows: Row[];
declare const frozen: readonly Readonly<Row>[];
declare const columns: Columns;
declare const byRow: ByRow;
declare const params: Params;
declare const tags: OwnTags;
declare const options: StartRunOptions;
declare const anything: any; // oxlint-disable-line no-explicit-any -- as it comes from a program in JavaScript

run.logTable("rows", rows);
run.logTable("rows", frozen);
run.logTable("columns", columns);
run.logTable("cells", byRow);
run.logTable("anything", anything);
run.logTable("literal", [{ a: 1, b: null }, { a: 2 }]);
run.logTable("literal", { a: [1, 2], b: new Float32Array(2), c: ["x", null] });
run.logTable("literal", { columns: ["a"], rows: [[1]] });
run.setParams(params);
run.setTags(tags);
run.setTags({ stage: "dev", fold: undefined });
run.setTags(anything);
void run.startChild({ params, tags });
void run.logArtifact("model", { json: params }, { metadata: params });
void ledger.startRun({ params, tags, environment: params });
void ledger.startRun({ tags: { a: 1, b: true, c: undefined } });
void ledger.startRun(options);
void ledger.withRun({ params, tags }, () => 1).then((one: number) => one);
guardProcess(run);
void openSql(ledger).then((sql) => sql.query<Result>("SELECT 1 AS n"));

// @ts-expect-error -- a cell that is an object
run.logTable("rows", [{ a: { b: 1 } }]);
declare const nested: { inner: Params }[];
// @ts-expect-error -- the same by its type
run.logTable("rows", nested);
// @ts-expect-error -- text
run.logTable("rows", "a,b");
declare const scalars: { a: number };
// @ts-expect-error -- no columns
run.logTable("columns", scalars);
// @ts-expect-error -- a Map has no columns
run.logTable("map", new Map([["a", [1]]]));
// @ts-expect-error -- a tag that is an object
run.setTags({ stage: { name: "dev" } });
declare const wrongTags: Params;
// @ts-expect-error -- the same by its type
run.setTags(wrongTags);
// @ts-expect-error -- the same in options
void ledger.startRun({ tags: wrongTags });
// @ts-expect-error -- no such option, nor with tags
void ledger.startRun({ tags, config: {} });
// @ts-expect-error -- no run
guardProcess({ id: "a" });
