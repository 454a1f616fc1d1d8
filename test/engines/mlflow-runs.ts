import type { RunRecord } from "../../src/journal/run-record.ts";

/** A run as test/engines/mlflow-filters.py makes it in MLflow. Times in ms, metrics as text. */
export interface MlflowRun {
  readonly name: string;
  readonly start: number;
  readonly end?: number;
  readonly status: "RUNNING" | "FINISHED" | "FAILED" | "KILLED";
  readonly metrics: Record<string, string>;
  readonly params: Record<string, string>;
  readonly tags: Record<string, string>;
  readonly datasets: readonly { readonly name: string; readonly digest: string; readonly context?: string }[];
}

export interface Query {
  readonly filter: string;
  readonly orderBy: readonly string[];
}

const KEYS = ["a", "b", "a.b", "x y"];
const WORDS = ["a", "A", "b", "ab", "Ab", "5", "0.5", "true", "x y", "é", "\uFFFDb", "😀b"];
const START = Date.UTC(2026, 0, 1);

export function randomRun(random: () => number): MlflowRun {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const some = (values: readonly string[]): Record<string, string> =>
    Object.fromEntries(KEYS.filter(() => random() < 0.5).map((key) => [key, pick(values)]));
  const start = START + Math.floor(random() * 4) * 1000;
  // MLflow takes a dataset only once a run.
  const datasets = ["a", "b", "Ab"]
    .filter(() => random() < 0.4)
    .map((name) => ({
      name,
      digest: pick(["aa", "bb"]),
      ...(random() < 0.5 && { context: pick(["train", "test"]) }),
    }));
  return {
    name: pick(WORDS),
    start,
    ...(random() < 0.6 && { end: start + Math.floor(random() * 3) * 1000 }),
    status: pick(["RUNNING", "FINISHED", "FAILED", "KILLED"] as const),
    metrics: some(["-2", "0", "0.5", "1", "5", "1000", "nan"]),
    params: some(WORDS),
    tags: some(WORDS),
    datasets,
  };
}

/** The same run as one of ours. */
export function recordOf(run: MlflowRun, id: string): RunRecord {
  const metrics = Object.entries(run.metrics).map(([key, text]) => {
    const last = { value: Number(text), step: 0, time: run.start };
    return [key, { last, mean: last.value, count: 1 }] as const;
  });
  return {
    id,
    name: run.name,
    experiment: "filters",
    status: run.status.toLowerCase() as RunRecord["status"],
    startTime: run.start,
    lastActivity: run.start,
    ...(run.end !== undefined && { endTime: run.end }),
    params: run.params,
    tags: { "mlflow.runName": run.name, ...run.tags },
    metrics: Object.fromEntries(metrics),
    metricDefinitions: {},
    artifacts: [],
    inputs: [],
    dropped: 0,
    damage: [],
    datasets: run.datasets.map((dataset) => ({ time: run.start, ...dataset })),
  };
}

/** A filter and an order that MLflow takes, and that mean the same to us. */
export function randomQuery(random: () => number): Query {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const cased = (word: string): string => (random() < 0.5 ? word : word.toLowerCase());
  const key = (): string => pick(["a", "b", "a.b", '"a.b"', "`a`", "`x y`", '"x y"']);
  const text = (): string => pick([`'${pick(WORDS)}'`, `"${pick(WORDS)}"`]);
  const number = (): string => pick(["-2", "0", "0.5", ".5", "1", "5.", "1e3", "-1.5e-3"]);
  const order = (): string => pick(["=", "!=", "<", "<=", ">", ">="]);
  const pattern = (): string => `'${pick(["%", "a%", "%b", "_", "_b", "A%", "5", "%.%", "x_y", "%é%"])}'`;
  const textual = (): string =>
    pick([`${pick(["=", "!="])} ${text()}`, `${cased("LIKE")} ${pattern()}`, `${cased("ILIKE")} ${pattern()}`]);
  const isNull = (): string => cased(pick(["IS NULL", "IS NOT NULL"]));
  const gap = (): string => pick([" ", ""]);
  const list = (): string => `(${text()}, ${text()})`;
  const ids = (): string => pick(["('{id0}', '{id3}')", "('{id1}')", "('{id2}', \"x\",)"]);
  const clause = (): string =>
    pick([
      () => `${pick(["metrics", "metric", "`metrics`"])}.${key()}${gap()}${order()}${gap()}${number()}`,
      () =>
        `${pick(["params", "param", "parameter", "parameters"])}.${key()} ${pick([textual(), textual(), isNull()])}`,
      () => `${pick(["tags", "tag"])}.${key()} ${pick([textual(), textual(), isNull()])}`,
      () => `${pick(["run_name", "attributes.run_name", "attr.`Run name`", "`run name`", '"Run Name"'])} ${textual()}`,
      () =>
        `${pick(["status", "attributes.status", "run.status"])} ${pick(["=", "!="])} '${pick(["RUNNING", "FINISHED", "KILLED"])}'`,
      () =>
        `${pick(["start_time", "created", "attributes.Created"])} ${order()} ${START + Math.floor(random() * 4) * 1000}`,
      () => `${pick(["end_time", "attribute.end_time"])} ${order()} ${START + Math.floor(random() * 6) * 1000}`,
      () =>
        `${pick(["run_id", "attributes.run_id"])} ${pick([`${cased("IN")} ${ids()}`, `${cased("NOT IN")} ${ids()}`, "= '{id4}'", "!= '{id5}'"])}`,
      () =>
        `${pick(["datasets", "dataset"])}.${pick(["name", "digest", "context"])} ${pick([textual(), `${cased("IN")} ${list()}`, `${cased("NOT IN")} ${list()}`, "= 'train'", "!= 'aa'"])}`,
    ])();
  const clauses = Array.from({ length: 1 + Math.floor(random() * 3) }, clause);
  const filter = random() < 0.1 ? "" : clauses.reduce((left, right) => `${left} ${cased("AND")} ${right}`);
  const fields = [
    "metrics.a",
    "metrics.`x y`",
    "metric.a.b",
    "params.a",
    'params."x y"',
    "tags.b",
    "run_name",
    "status",
    "start_time",
    "attributes.end_time",
    "created",
    "run_id",
  ];
  // SQLite's store refuses one field twice.
  const chosen = new Map(
    Array.from({ length: Math.floor(random() * 3) }, () => pick(fields)).map((f) => [
      f.replace("created", "start_time"),
      f,
    ]),
  );
  return { filter, orderBy: [...chosen.values()].map((field) => field + pick(["", " ASC", " DESC", " desc"])) };
}
