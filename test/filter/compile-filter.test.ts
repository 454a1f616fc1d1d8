import { expect, test } from "vitest";
import { compileFilter } from "../../src/filter/compile-filter.ts";
import { flattenParams, NESTED } from "../../src/filter/flatten-params.ts";
import { parseFilter } from "../../src/filter/parse-filter.ts";
import { recordRow } from "../../src/filter/filter-row.ts";
import { metric, record } from "./rows.ts";

const own = <T>(entries: Record<string, T>): Record<string, T> => Object.assign(Object.create(null), entries);

const RUN = record({
  id: "r1",
  name: "Base-1",
  status: "finished",
  startTime: Date.UTC(2026, 10, 1),
  endTime: Date.UTC(2026, 10, 1, 2),
  experiment: "mnist",
  group: "g",
  jobType: "train",
  params: own({
    lr: 0.01,
    epochs: 5,
    amp: true,
    model: "cnn",
    digits: "5",
    none: null,
    nan: Number.NaN,
    big: 2n ** 64n,
    bigger: 2n ** 64n + 1n,
    optimizer: { name: "adam", betas: [0.9, 0.999], empty: {} },
    "optimizer.name": "own",
    ["__proto__"]: "evil",
  }),
  tags: own({ stage: "prod-1", "mlflow.user": "ada", ["__proto__"]: "tag" }),
  metrics: own({
    loss: { ...metric(0.9, 0.1, 0.4), best: { value: 0.1, step: 0, time: 0 } },
    "loss.min": metric(7),
    "val/loss": metric(0.5),
    gone: metric(Number.NaN),
    inf: metric(Infinity),
  }),
  datasets: [
    { time: 0, name: "train-set", digest: "aa", context: "train" },
    { time: 0, name: "test-set", digest: "bb" },
  ],
});

test.each<readonly [text: string, matches: boolean]>([
  ["", true],
  ["metrics.loss = 0.4", true],
  ["metrics.loss.min = 0.1 and metrics.loss.max = 0.9 and metrics.loss.best = 0.1 and metrics.loss.count = 3", true],
  ["metrics.loss.mean > 0.46 and metrics.loss.mean < 0.47", true],
  ['metrics."loss.min" = 7 and metrics."loss.min".max = 7', true],
  ["metrics.`val/loss` <= 0.5 and metrics.val/loss >= 0.5", true],
  ["metrics.val/loss.best = 0.5", false],
  ["metrics.loss < 0.4 or metrics.loss > 0.4 or metrics.loss != 0.4", false],
  ["metrics.inf = Infinity and metrics.inf > 1e308", true],
  ["metrics.gone = 0 or metrics.gone < 0 or metrics.gone >= 0", false],
  ["metrics.gone != 0 and metrics.gone.count = 1", true],
  ["metrics.gone.min != 0", false],
  ["metrics.missing != 0", false],
  ["NOT metrics.missing = 0", true],
  ["params.missing != 'x' or params.missing != 1 or params.missing != true or tags.missing != 'x'", false],
  ["params.lr > 0.001 and params.lr = 0.01 and params.lr = '0.01' and params.lr != '0.010'", true],
  ["params.epochs = \"5\" and params.digits = '5' and params.epochs = 5 and params.epochs LIKE '5%'", true],
  ["params.digits = 5 or params.digits != 6 or params.digits > 0", false],
  ["params.amp = true and params.amp != false and params.amp = 'true'", true],
  ["params.amp = false or params.amp = 1 or params.amp > 0 or params.epochs = true or params.model != true", false],
  ["params.none IS NULL and params.missing IS NULL and params.lr IS NOT NULL", true],
  ["params.none = 'null' or params.none != 'x' or params.none != 5", false],
  ["params.nan != 0 and params.nan = 'NaN'", true],
  ["params.nan = 0 or params.nan < 0 or params.nan >= 0", false],
  ["params.big = 18446744073709551616 and params.bigger = '18446744073709551617'", true],
  ["params.optimizer.betas.1 = 0.999 and params.optimizer.betas.0 < 1", true],
  ["params.optimizer.name = 'own'", true],
  ["params.optimizer IS NULL or params.optimizer.betas IS NULL", false],
  ["params.__proto__ = 'evil' and tags.__proto__ = 'tag'", true],
  ["params.constructor IS NULL and tags.constructor IS NULL and params.toString IS NULL", true],
  ["metrics.__proto__ != 0 or metrics.constructor != 0", false],
  ["params.model ilike 'C_N' and params.model like 'c%'", true],
  ["params.model like 'C%'", false],
  ["tags.stage LIKE 'prod%' and user_id = 'ada' and tags.missing IS NULL", true],
  ["status = 'FINISHED' and status != 'Failed' and status LIKE 'FIN%' and status ILIKE 'fin%'", true],
  ["run_id IN ('r1', 'r2') and id NOT IN ('r3') and id = 'r1'", true],
  ["run_name = 'Base-1' and name ILIKE 'base%' and `Run name` != 'x'", true],
  ["experiment = 'mnist' and group IN ('g') and job_type = 'train'", true],
  ["parent != 'x' or parent NOT IN ('x') or note LIKE '%' or artifact_uri LIKE '%'", false],
  ["NOT parent LIKE '%'", true],
  ["start_time = '2026-11-01' and end_time = 2026-11-01T03:00+01:00 and created >= '2026-10-31 23:59Z'", true],
  ["duration = 2h and duration > 1h59m and duration < 7200001", true],
  ["datasets.name = 'train-set' and datasets.name = 'test-set' and datasets.digest LIKE 'b_'", true],
  ["datasets.name = 'test-set' and datasets.context = 'train'", true],
  ["datasets.name != 'train-set' and datasets.name NOT IN ('test-set') and datasets.context != 'x'", true],
  ["datasets.context != 'train'", false],
  ["NOT datasets.name = 'train-set'", false],
  ["metrics.loss > 1 and metrics.loss > 1 or metrics.loss < 1", true],
  ["metrics.loss < 1 or metrics.loss < 1 and metrics.loss > 1", true],
  ["NOT metrics.loss > 1 and metrics.loss > 1", false],
  ["NOT (metrics.loss > 1 and metrics.loss < 1)", true],
])("%s: %s", (text, matches) => {
  expect(compileFilter(parseFilter(text))(recordRow(RUN))).toBe(matches);
});

test("a run with few values", () => {
  const row = recordRow(record());
  const test = (text: string): boolean => compileFilter(parseFilter(text))(row);
  expect(test("duration != 0 or end_time != 0 or datasets.name != 'x'")).toBe(false);
  expect(test("NOT (duration != 0 or end_time != 0 or datasets.name != 'x')")).toBe(true);
});

test("params by paths; of two with one path, the one with less nesting", () => {
  const params = { a: { b: { c: 1 }, "b.c": 2 }, "a.b": { c: 3, d: [] }, "a.b.e": 4, a2: [[5], "x"] };
  const values = [...flattenParams(params)].filter(([, value]) => value !== NESTED);
  expect(Object.fromEntries(values)).toEqual({ "a.b.c": 2, "a.b.e": 4, "a2.0.0": 5, "a2.1": "x" });
});
