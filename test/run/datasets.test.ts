import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeCheckedJson } from "../../src/bytes/checked-json.ts";
import { decodeEvent } from "../../src/journal/decode-event.ts";
import { decodeRunDocument } from "../../src/journal/decode-run-document.ts";
import type { RunEvent } from "../../src/journal/event.ts";
import { foldRun } from "../../src/journal/fold-run.ts";
import type { RunCreated } from "../../src/journal/run-created.ts";
import type { WriterFold } from "../../src/journal/writer-fold.ts";
import { LedgerError, openLedger } from "../../src/index.ts";
import { createTestClock, createTestLedger, seededIds } from "../../src/testing/index.ts";

const code = (expected: string, field?: string): object =>
  expect.objectContaining({ code: expected, ...(field !== undefined && { field }) });

test("data sets are in the record in order, each name, digest and context once, while the run is open and after", async () => {
  const { ledger, clock } = await createTestLedger({ clock: createTestClock() });
  const run = await ledger.startRun();
  expect((await ledger.getRun(run.id)).datasets).toEqual([]);
  const first = clock.now();
  run.logDataset("mnist", { digest: "sha256:aa" }, { context: "train" });
  await clock.advance(1000);
  run.logDataset("mnist", { digest: "sha256:aa" }, { context: "eval" });
  run.logDataset("mnist", { digest: "sha256:bb" }, { context: "train" });
  run.logDataset("__proto__", { digest: "v1" });
  // What is said later completes or corrects what was said before, in its place.
  run.logDataset("mnist", { digest: "sha256:aa", uri: "a", size: 0 }, { context: "train" });
  run.logDataset("mnist", { digest: "sha256:aa", uri: "s3://b/k" }, { context: "train" });
  const expected = [
    { name: "mnist", digest: "sha256:aa", context: "train", uri: "s3://b/k", size: 0, time: first },
    { name: "mnist", digest: "sha256:aa", context: "eval", time: clock.now() },
    { name: "mnist", digest: "sha256:bb", context: "train", time: clock.now() },
    { name: "__proto__", digest: "v1", time: clock.now() },
  ];
  await run.flush();
  expect((await ledger.getRun(run.id)).datasets).toEqual(expected);
  await run.finish();
  expect((await ledger.getRun(run.id)).datasets).toEqual(expected);
  for await (const { record } of ledger.watchRun(run.id)) expect(record.datasets).toEqual(expected);
  await expect(run.logDataset("late", { digest: "d" })).rejects.toThrow(code("RUN_CLOSED"));
});

test("a session that resumes a run adds to its data sets, and compaction keeps them", async () => {
  const { ledger, backend, clock } = await createTestLedger();
  const run = await ledger.startRun();
  run.log({ loss: 1 });
  run.logDataset("a", { digest: "1" });
  await run.finish();
  const journals = async (): Promise<string[]> => {
    const keys: string[] = [];
    for await (const { key } of backend.list(`runs/${run.id}/journal`)) keys.push(key);
    return keys;
  };
  expect(await journals()).toEqual([]);
  const other = await openLedger(backend, { clock, ids: seededIds(2, () => clock.now()) });
  const again = await other.resumeRun(run.id);
  again.logDataset("a", { digest: "1", size: 7 });
  again.logDataset("b", { digest: "2" });
  await again.flush();
  const names = async (): Promise<unknown> =>
    (await ledger.getRun(run.id)).datasets.map(({ name, size }) => [name, size]);
  expect(await names()).toEqual([
    ["a", 7],
    ["b", undefined],
  ]);
  again.log({ loss: 2 });
  await again.finish();
  expect(await journals()).toEqual([]);
  expect(await names()).toEqual([
    ["a", 7],
    ["b", undefined],
  ]);
});

test.each<[string, unknown[], string]>([
  ["no name", [undefined, { digest: "d" }], "name"],
  ["an empty name", ["", { digest: "d" }], "name"],
  ["a long name", ["x".repeat(251), { digest: "d" }], "name"],
  ["a name of two lines", ["a\nb", { digest: "d" }], "name"],
  ["half of a surrogate pair", ["\ud800", { digest: "d" }], "name"],
  ["no data set", ["a"], "source"],
  ["null", ["a", null], "source"],
  ["text", ["a", "sha256:00"], "source"],
  ["nothing", ["a", {}], "source"],
  ["a function", ["a", () => []], "source"],
  ["a Map", ["a", new Map([["x", [1]]])], "source"],
  ["a promise", ["a", Promise.resolve([])], "source"],
  ["no digest", ["a", { uri: "x" }], "digest"],
  ["a number as digest", ["a", { digest: 5 }], "digest"],
  ["an empty digest", ["a", { digest: " " }], "digest"],
  ["a digest with a control character", ["a", { digest: "a\u0000" }], "digest"],
  ["a long digest", ["a", { digest: "f".repeat(251) }], "digest"],
  ["a number as uri", ["a", { digest: "d", uri: 5 }], "uri"],
  ["an empty uri", ["a", { digest: "d", uri: "" }], "uri"],
  ["a long uri", ["a", { digest: "d", uri: "x".repeat(4097) }], "uri"],
  ["a negative size", ["a", { digest: "d", size: -1 }], "size"],
  ["a fraction of a byte", ["a", { digest: "d", size: 1.5 }], "size"],
  ["a size as text", ["a", { digest: "d", size: "5" }], "size"],
  ["null as options", ["a", { digest: "d" }, null], "options"],
  ["an empty context", ["a", { digest: "d" }, { context: "" }], "context"],
  ["a number as context", ["a", { digest: "d" }, { context: 1 }], "context"],
  ["a long context", ["a", { digest: "d" }, { context: "x".repeat(251) }], "context"],
])("bad input is refused whole, naming the field: %s", async (_name, args, field) => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  const log = run.logDataset.bind(run) as (...all: unknown[]) => Promise<unknown>;
  await expect(log(...args)).rejects.toThrow(code("INVALID_ARGUMENT", field));
  await run.finish();
  expect((await ledger.getRun(run.id)).datasets).toEqual([]);
});

test("the path of a file as text is refused with a hint", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  await expect(run.logDataset("a", "data/iris.csv" as never)).rejects.toThrow("use fromPath(path)");
  await run.finish();
});

test.each([
  "https://alice:s3cret@example.org/x",
  "https://s3cret@github.com/o/r",
  "git+https://s3cret@github.com/o/r",
  "HTTP://a:s3cret@[::1]:80/",
  "//a:s3cret@host/x",
  "postgresql://a:s3cret@db/x",
  "jdbc:postgresql://a:s3cret@db:5432/x",
  "ftp://a:s3/cret@host/x",
  "ftp://a:s3cret#1@host/x",
  "ftp://:s3cret@host",
  "ftp://a:123@host",
  "jdbc:mysql://db/x?user=a&password=s3cret",
  "https://b.s3.amazonaws.com/k?X-Amz-Expires=60&X-Amz-Signature=s3cret",
  "https://b.s3.amazonaws.com/k?x-amz-security-token=s3cret",
  "https://storage.googleapis.com/b/k?GoogleAccessId=a&Signature=s3cret",
  "https://b.s3.amazonaws.com/k?AWSAccessKeyId=s3cret",
  "https://a.blob.core.windows.net/c/b?sv=2024-11-04&sig=s3cret",
  "https://host/x?api_key=s3cret",
  "https://host/x?apikey=s3cret",
  "https://host/x;token=s3cret",
  "https://host/x#access_token=s3cret",
])("a uri with credentials is refused, and not repeated: %s", async (uri) => {
  const { ledger, backend } = await createTestLedger();
  const run = await ledger.startRun();
  const thrown: unknown = await run.logDataset("a", { digest: "d", uri }).catch((error: unknown) => error);
  expect(thrown).toMatchObject({ code: "INVALID_ARGUMENT", field: "uri", received: "string" });
  if (!LedgerError.is(thrown)) throw thrown;
  expect(`${thrown.message} ${String(thrown.cause)} ${JSON.stringify(thrown)}`).not.toMatch(/s3.?cret/);
  await run.finish();
  for await (const { key } of backend.list(""))
    expect(new TextDecoder().decode(await backend.read(key))).not.toMatch(/s3.?cret/);
});

test.each([
  "data/train.csv",
  "C:\\data\\train.csv",
  "file:///C:/data/a:b@c.csv",
  "s3://bucket/key:with@signs//a",
  "https://host:5000/data@v2",
  "https://host/x?tokenizer=gpt2&max_tokens=5&token=",
  "https://example.org/?q=a@b:c",
  "abfss://container@account.dfs.core.windows.net/x",
  "ssh://git@host:22/x",
  "git@github.com:o/r.git",
  "hdfs://namenode:8020/x@1",
  "hf://datasets/ylecun/mnist@main",
  "urn:isbn:0451450523",
  "http://[::1]:80/x",
])("a uri without them is kept as it is: %s", async (uri) => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  run.logDataset("a", { digest: "d", uri });
  await run.finish();
  expect((await ledger.getRun(run.id)).datasets).toMatchObject([{ uri }]);
});

test("the search for credentials takes linear time", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  for (const part of ["//", "//a:b", "?", "&x", ":", "//:", "http://", "?key", "=", "@", "//a:1"]) {
    const uri = part.repeat(Math.floor(4096 / part.length));
    const begin = process.cpuUsage();
    await run.logDataset("a", { digest: "d", uri }).catch((error: unknown) => {
      expect(error).toMatchObject({ field: "uri" });
    });
    expect(process.cpuUsage(begin).user, part).toBeLessThan(200_000);
  }
  await run.finish();
});

const created: RunCreated = {
  v: 1,
  id: "run00000000000000",
  experiment: "e",
  name: "n",
  createdAt: 1,
  writer: { id: "w0", beatMs: 1 },
};
const event = fc.record(
  {
    name: fc.constantFrom("a", "b", "__proto__"),
    digest: fc.constantFrom("1", "2"),
    context: fc.constantFrom("train", "null", "1"),
    uri: fc.constantFrom("x", "y"),
    size: fc.nat(9),
  },
  { requiredKeys: ["name", "digest"] },
);

test("the fold has each data set once, whichever writer recorded it, and in any order of reading", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(event, fc.nat(2)), { maxLength: 30 }), fc.boolean(), (logged, reversed) => {
      const folds: WriterFold[] = [0, 1, 2].map((n) => ({
        writer: `w${n}`,
        order: n,
        fence: 0,
        next: 100,
        events: logged.flatMap(([data, writer], i): RunEvent[] =>
          writer === n ? [{ kind: "dataset", ...data, v: 1, order: i + 1, time: 1000 + i }] : [],
        ),
        lastOrder: 100,
        superseded: 0,
        media: new Map(),
        summaries: new Map(),
        damage: [],
      }));
      const { datasets } = foldRun(created, reversed ? folds.toReversed() : folds);
      const same = (a: object, b: object): boolean =>
        (["name", "digest", "context"] as const).every((key) => Reflect.get(a, key) === Reflect.get(b, key));
      const model: { readonly time: number; readonly name: string }[] = [];
      for (const [i, [data]] of logged.entries()) {
        const at = model.findIndex((each) => same(each, data));
        if (at === -1) model.push({ ...data, time: 1000 + i });
        else model[at] = { ...model[at], ...data, time: model[at]?.time as number };
      }
      expect(datasets).toEqual(model);
    }),
  );
});

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const manyProfiles = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`c${i}`, { nulls: 0 }]));
const HOSTILE: [string, object][] = [
  ["no name", { digest: "d" }],
  ["a name that is no text", { name: 1, digest: "d" }],
  ["no digest", { name: "a" }],
  ["a digest that is a list", { name: "a", digest: ["d"] }],
  ["a uri that is an object", { name: "a", digest: "d", uri: { toString: "x" } }],
  ["a negative size", { name: "a", digest: "d", size: -1 }],
  ["a size beyond all integers", { name: "a", digest: "d", size: 1e300 }],
  ["a size that is NaN", { name: "a", digest: "d", size: { $rl: "f64", v: "NaN" } }],
  ["a context that is null", { name: "a", digest: "d", context: null }],
  ["rows that are a fraction", { name: "a", digest: "d", rows: 0.5 }],
  ["columns that are negative", { name: "a", digest: "d", columns: -1 }],
  ["an artifact that is no text", { name: "a", digest: "d", artifact: {} }],
  ["a schema that is no list", { name: "a", digest: "d", schema: { length: 1 } }],
  ["a column without a type", { name: "a", digest: "d", schema: [{ name: "x" }] }],
  [
    "too many columns",
    { name: "a", digest: "d", schema: Array.from({ length: 1001 }, () => ({ name: "x", type: "number" })) },
  ],
  ["a profile that is a list", { name: "a", digest: "d", profile: [] }],
  ["a column that is null", { name: "a", digest: "d", profile: { x: null } }],
  ["nulls that are no count", { name: "a", digest: "d", profile: { x: { nulls: -1 } } }],
  ["a mean that is a text", { name: "a", digest: "d", profile: { x: { nulls: 0, mean: "1" } } }],
  ["profiles of too many columns", { name: "a", digest: "d", profile: manyProfiles }],
];

const POINT = { value: 1, step: 0, time: 0 };
const RECORD = {
  id: "r",
  name: "n",
  experiment: "e",
  status: "finished",
  startTime: 0,
  lastActivity: 0,
  dropped: 0,
  params: {},
  tags: {},
  metrics: { loss: { mean: 1, count: 1, last: POINT } },
  metricDefinitions: {},
  artifacts: [],
  inputs: [],
  datasets: [] as unknown,
  damage: [],
};

test.each(HOSTILE)("a record of a data set with %s is none", (_name, data) => {
  expect(decodeEvent(encode({ kind: "dataset", v: 1, order: 1, time: 1, ...data }))).toEqual({ unknown: "dataset v1" });
  const bytes = encode({ v: 1, record: { ...RECORD, datasets: [{ ...data, time: 1 }] }, objects: [] });
  expect(decodeRunDocument(bytes, "r")).toBeUndefined();
});

test("what is known of a table is kept, and nothing else", () => {
  const known = {
    rows: 3,
    columns: 1200,
    artifact: "a:v0",
    schema: [{ name: "x", type: "number" }],
    profile: JSON.parse('{"x":{"nulls":1,"min":-1,"max":2,"mean":0.5,"distinct":2},"__proto__":{"nulls":3}}') as object,
  };
  const event = { kind: "dataset", v: 1, order: 1, time: 1, name: "a", digest: "d" };
  const stored = {
    ...known,
    schema: [{ name: "x", type: "number", more: 1 }],
    profile: JSON.parse(
      '{"x":{"nulls":1,"min":-1,"max":2,"mean":0.5,"distinct":2,"more":1},"__proto__":{"nulls":3}}',
    ) as object,
  };
  expect(decodeEvent(encode({ ...event, ...stored, more: 1 }))).toStrictEqual({ event: { ...event, ...known } });
});

test("another version of the kind is skipped and reported", () => {
  const bytes = encode({ kind: "dataset", v: 2, order: 1, time: 1, name: "a", digest: "d" });
  expect(decodeEvent(bytes)).toEqual({ unknown: "dataset v2" });
});

test("a run document whose record has the wrong shape is invalid", () => {
  const decode = (more: object): unknown =>
    decodeRunDocument(encodeCheckedJson({ v: 1, record: { ...RECORD, ...more }, objects: [] }, "run"), "r")?.record
      .datasets;
  expect(decode({})).toEqual([]);
  expect(decode({ datasets: [{ name: "a", digest: "d", time: 5 }] })).toEqual([{ name: "a", digest: "d", time: 5 }]);
  for (const datasets of [
    5,
    "x",
    {},
    [null],
    [[]],
    [{ name: "a", digest: "d" }],
    [{ name: "a", digest: "d", time: "1" }],
  ])
    expect(decode({ datasets }), JSON.stringify(datasets)).toBeUndefined();
  for (const odd of [
    { metrics: { loss: null } },
    { metrics: { loss: { mean: 1, count: 1 } } },
    { metrics: { loss: { mean: "1", count: 1, last: POINT } } },
    { metricDefinitions: { loss: 5 } },
    { tags: { a: 1 } },
    { params: [] },
    { inputs: [{ name: 5 }] },
    { artifacts: [null] },
    { media: { a: 1 } },
    { damage: ["x"] },
    { environment: "x" },
    { error: "x" },
    { note: 5 },
    { startTime: "now" },
  ])
    expect(decode(odd), JSON.stringify(odd)).toBeUndefined();
});
