import { encodeCheckedJson } from "../../src/bytes/checked-json.ts";
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { parquetReadObjects } from "hyparquet";
import { expect, test } from "vitest";
import { processorMs } from "../processor-time.ts";
import { fromPath } from "../../src/backends/fs/index.ts";
import type { DatasetSource, LogDatasetOptions, RecordedDataset } from "../../src/index.ts";
import { createTestLedger } from "../../src/testing/index.ts";

const code = (expected: string, field?: string): object =>
  expect.objectContaining({ code: expected, ...(field !== undefined && { field }) });

async function log(source: unknown, options?: LogDatasetOptions): Promise<Omit<RecordedDataset, "time">> {
  const { ledger } = await createTestLedger({ onError: () => {} });
  const run = await ledger.startRun();
  return await run.logDataset("data", source as DatasetSource, options);
}

const keysOf = async (backend: { list(prefix: string): AsyncIterable<{ key: string }> }, prefix: string) => {
  const keys: string[] = [];
  for await (const { key } of backend.list(prefix)) keys.push(key);
  return keys;
};

function streamOf(items: readonly unknown[]): ReadableStream<unknown> {
  const left = [...items];
  return new ReadableStream({
    pull: (controller) => {
      if (left.length > 0) controller.enqueue(left.shift());
      else controller.close();
    },
  });
}

async function* chunks(...parts: unknown[]): AsyncGenerator<unknown, void, undefined> {
  yield* parts;
}

test("bytes, files and streams have the digest of the version that they would be, and nothing is stored", async () => {
  const directory = await mkdtemp(join(tmpdir(), "datasets-"));
  try {
    await writeFile(join(directory, "a.csv"), "x\n1\n");
    await writeFile(join(directory, "b.csv"), "y\n2\n");
    const bytes = Uint8Array.of(1, 2, 3, 4);
    const large = new Uint8Array(9 * 1024 * 1024).fill(7);
    const sources: [string, () => unknown][] = [
      ["bytes", () => bytes],
      ["numbers", () => new Float32Array([1, 2])],
      ["more than fits in one buffer", () => large],
      ["an ArrayBuffer", () => bytes.buffer],
      ["a Blob", () => new Blob([bytes])],
      ["a stream", () => new Blob([bytes]).stream()],
      ["chunks", () => chunks(bytes, large)],
      ["no chunk", () => chunks()],
      ["text", () => ({ text: "a,b\n" })],
      ["json", () => ({ json: [1, { a: 2 }] })],
      ["files", () => ({ files: { "x/a": { text: "1" }, b: bytes } })],
      ["a file", () => fromPath(join(directory, "a.csv"))],
      ["a directory", () => fromPath(directory)],
    ];
    const { ledger, backend } = await createTestLedger();
    const run = await ledger.startRun();
    const found: [string, Omit<RecordedDataset, "time">][] = [];
    for (const [name, make] of sources) found.push([name, await run.logDataset(name, make() as DatasetSource)]);
    expect(await keysOf(backend, "blobs")).toEqual([]);
    const uris: Record<string, string> = { "a file": join(directory, "a.csv"), "a directory": directory };
    for (const [i, [name, make]] of sources.entries()) {
      const { digest, size } = await run.logArtifact(`a${i}`, make() as Uint8Array);
      expect(found[i]).toEqual([name, { name, digest, size, ...(name in uris && { uri: uris[name] }) }]);
    }
    expect(found[0]?.[1].digest).toBe(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);
    await run.finish();
    expect((await ledger.getRun(run.id)).datasets.map(({ digest }) => digest)).toEqual(
      found.map(([, { digest }]) => digest),
    );
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("the address of fromPath is the path as given, without secrets", async () => {
  const directory = await mkdtemp(join(tmpdir(), "runledger-"));
  try {
    const token = `ghp_${"a1B2c3D4e5".repeat(4).slice(0, 36)}`;
    for (const name of ["a b.csv", token]) await writeFile(join(directory, name), "a");
    const { ledger } = await createTestLedger();
    const run = await ledger.startRun();
    const path = join(directory, "a b.csv");
    const uriOf = async (source: DatasetSource, options = {}): Promise<string | undefined> =>
      (await run.logDataset("d", source, options)).uri;
    expect(await uriOf(fromPath(relative(process.cwd(), path)))).toBe(relative(process.cwd(), path));
    expect(await uriOf(fromPath(pathToFileURL(path)), { store: true })).toBe(pathToFileURL(path).href);
    expect(await uriOf(fromPath(path), { uri: "s3://data/a.csv" })).toBe("s3://data/a.csv");
    expect(await uriOf(fromPath(join(directory, token)))).toBeUndefined();
    await run.finish();
    expect((await ledger.getRun(run.id)).datasets[0]?.uri).toBe("s3://data/a.csv");
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("with store: true the content is a version of type dataset, made by the run that stored it and used by others", async () => {
  const { ledger } = await createTestLedger();
  const first = await ledger.startRun();
  const logged = await first.logDataset("digits", { text: "1,2" }, { store: true, context: "train" });
  expect(logged).toMatchObject({ name: "digits", context: "train", artifact: "digits:v0", size: 3 });
  const second = await ledger.startRun();
  expect(await second.logDataset("digits", { text: "1,2" }, { store: true })).toMatchObject({
    artifact: "digits:v0",
    digest: logged.digest,
  });
  const version = (await ledger.artifactVersions("digits"))[0]!;
  expect(version).toMatchObject({ type: "dataset", digest: logged.digest, runId: first.id });
  // A version is a data set, too.
  const third = await ledger.startRun();
  expect(await third.logDataset("other", version)).toEqual({
    name: "other",
    digest: logged.digest,
    size: 3,
    artifact: "digits:v0",
  });
  await Promise.all([first.finish(), second.finish(), third.finish()]);
  const records = await Promise.all([first, second, third].map(({ id }) => ledger.getRun(id)));
  expect(records.map(({ artifacts, inputs }) => [artifacts.length, inputs.length])).toEqual([
    [1, 0],
    [0, 1],
    [0, 1],
  ]);
  expect(records.map(({ datasets }) => datasets[0]?.artifact)).toEqual(["digits:v0", "digits:v0", "digits:v0"]);
});

test("a stored table is Parquet that reads back as the same data set", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  const table = {
    x: new Float32Array([1.5, -0, Number.NaN]),
    n: [1, null, undefined],
    id: new BigInt64Array([1n, 2n, 2n ** 60n]),
    text: ["a", "ü", null],
    yes: [true, false, null],
    when: [new Date(0), null, new Date(1_700_000_000_123)],
  };
  const logged = await run.logDataset("t", table, { store: true });
  expect(logged).toMatchObject({ rows: 3, artifact: "t:v0" });
  const opened = await ledger.openArtifact("t:v0");
  const read = await opened.readTable();
  const { names, columns, rows: count } = read;
  expect([names, count]).toEqual([Object.keys(table), 3]);
  expect(columns).toEqual({
    x: [1.5, -0, Number.NaN],
    n: [1, null, null],
    id: [1n, 2n, 2n ** 60n],
    text: ["a", "ü", null],
    yes: [true, false, null],
    when: table.when,
  });
  expect((await run.logDataset("read", columns)).digest).toBe(logged.digest);
  expect(await run.logDataset("t", read, { store: true })).toEqual(logged);
  const bytes = await opened.read("data.parquet");
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const rows = await parquetReadObjects({ file });
  expect(rows).toHaveLength(3);
  const { digest } = await run.logDataset("again", rows);
  expect(digest).toBe(logged.digest);
  expect((await run.logDataset("t", table, { store: true })).artifact).toBe("t:v0");
  for (const [field, wrong] of [
    ["source.x[1]", { x: [1, "a"] }],
    ["source.x[0]", { x: [[1], [2]] }],
    ["source.x[1]", [{ x: "a" }, { x: "\ud800" }]],
    ["source", []],
    ["source.columns[1]", { columns: ["x", "x"], rows: [] }],
    ["source.x", { x: { shape: [1, 1], dtype: "float32", data: async () => new Float32Array(1) } }],
    ["source.data", { shape: [1, 1], dtype: "string", data: async () => ["x"] }],
    ["source.rows", { names: ["x"], columns: { x: [1] }, rows: 2 }],
    ["source.names", { names: ["x", "y"], columns: { x: [1] }, rows: 1 }],
    ["store", chunks({ a: 1 })],
    ["store", { digest: "d" }],
    ["name", [{ a: 1 }]],
  ] as const) {
    const name = field === "name" ? "a:b" : "w";
    await expect(run.logDataset(name, wrong as never, { store: true })).rejects.toThrow(
      code("INVALID_ARGUMENT", field),
    );
  }
});

test("readTable refuses what is no stored table, and names it", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  await run.logDataset("t", [{ a: 1 }], { store: true });
  const bytes = await (await ledger.openArtifact("t:v0")).read("data.parquet");
  const damaged = bytes.slice();
  damaged[damaged.length - 12]! ^= 1;
  await run.logArtifact("other", { files: { "a.txt": { text: "a" }, "t.parquet": bytes, "data.parquet": damaged } });
  const opened = await ledger.openArtifact("other");
  expect(await opened.readTable("t.parquet")).toEqual({ names: ["a"], columns: { a: [1] }, rows: 1 });
  await expect(opened.readTable()).rejects.toThrow(/^other:v0, "data.parquet": a stored table cannot be read: /);
  await expect(opened.readTable("a.txt")).rejects.toMatchObject({ code: "CORRUPT" });
  await expect(opened.readTable("b.parquet")).rejects.toMatchObject({ code: "ARTIFACT_NOT_FOUND", field: "path" });
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(opened.readTable(undefined, { signal })).rejects.toThrow("enough");
  await run.logArtifact("plain", { text: "a" });
  await expect((await ledger.openArtifact("plain")).readTable()).rejects.toThrow(/has no file "data.parquet"/);
});

test("what is too large to be stored is refused before any cell is read", async () => {
  let reads = 0;
  const cells = Object.fromEntries(Array.from({ length: 4097 }, (_, i) => [`c${i}`, i]));
  const row = new Proxy(cells, { get: (...all) => (reads++, Reflect.get(...all) as unknown) });
  await expect(log([row], { store: true })).rejects.toThrow(code("TOO_LARGE", "source"));
  expect(reads).toBe(0);
  for (const wrong of [{ x: new Array(4_000_000_000) }, { columns: ["x"], rows: [new Array(4_000_000_000)] }])
    await expect(log(wrong, { store: true })).rejects.toMatchObject({
      field: expect.stringMatching(/^source/) as string,
    });
});

test("cells that are undefined are stored as null in each form of a table", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  const forms = [
    { columns: ["a", "b"], rows: [[undefined, 1], [2]].map((cells) => Array.from({ length: 2 }, (_, i) => cells[i])) },
    { a: [undefined, 2], b: [1, undefined] },
    [{ a: undefined, b: 1 }, { a: 2 }],
  ];
  const logged: Omit<RecordedDataset, "time">[] = [];
  for (const form of forms) logged.push(await run.logDataset("t", form as DatasetSource, { store: true }));
  expect(logged.map(({ artifact, profile }) => [artifact, profile])).toEqual(
    forms.map(() => ["t:v0", logged[0]?.profile]),
  );
  expect(logged[0]?.profile).toMatchObject({ a: { nulls: 1 }, b: { nulls: 1 } });
});

test("a member json alone is content; a table with that column is given by rows", async () => {
  const text = await log({ text: '["a","b"]' });
  expect((await log({ json: ["a", "b"] })).digest).toBe(text.digest);
  const rows = await log([{ json: "a" }, { json: "b" }]);
  expect(rows).toMatchObject({ rows: 2, schema: [{ name: "json", type: "string" }] });
  expect((await log({ columns: ["json"], rows: [["a"], ["b"]] })).digest).toBe(rows.digest);
  const schema = [{ name: "json", type: "string" }];
  expect(await log({ json: ["a"] }, { schema })).toMatchObject({ schema });
  await expect(log({ json: ["a"] }, { schema: [{ name: "json", type: "text" }] })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "schema",
    message: expect.stringMatching(/gives "json" the type "text": use number/) as string,
  });
});

test("rows come from streams one by one or in lists, and streams are closed when a row is wrong", async () => {
  const rows = [{ a: 1, b: "x" }, { a: 2 }, { a: 3, b: "y" }];
  const { digest } = await log(rows);
  expect((await log(chunks(...rows))).digest).toBe(digest);
  expect((await log(chunks(rows.slice(0, 2), rows[2]))).digest).toBe(digest);
  expect((await log(streamOf(rows))).digest).toBe(digest);
  let isClosed = false;
  const wrong = async function* (): AsyncGenerator<unknown, void, undefined> {
    try {
      yield rows[0];
      yield 5;
      yield rows[1];
    } finally {
      isClosed = true;
    }
  };
  await expect(log(wrong())).rejects.toThrow(code("INVALID_ARGUMENT", "source[1]"));
  await expect.poll(() => isClosed).toBe(true);
  const broken = async function* (): AsyncGenerator<unknown, void, undefined> {
    yield rows[0];
    throw new TypeError("no network");
  };
  await expect(log(broken())).rejects.toMatchObject({ code: "IO", message: expect.stringContaining("no network") });
});

test("tensors are tables: alone, as columns, and of any rank", async () => {
  const tensor = (shape: number[], dtype: string, values: ArrayLike<unknown>): object => ({
    shape,
    dtype,
    data: async () => values,
  });
  const xs = tensor([2, 3], "float32", new Float32Array([1, 2, 3, 4, 5, 6]));
  const ys = tensor([2], "int32", new Int32Array([7, 8]));
  const logged = await log({ xs, ys });
  expect(logged).toMatchObject({
    rows: 2,
    schema: [
      { name: "xs", type: "list" },
      { name: "ys", type: "number" },
    ],
    profile: { xs: { nulls: 0, min: 1, max: 6, mean: 3.5 }, ys: { nulls: 0, min: 7, max: 8, mean: 7.5, distinct: 2 } },
  });
  const rows = [
    { ys: 7, xs: [1, 2, 3] },
    { ys: 8, xs: [4, 5, 6] },
  ];
  expect((await log(rows)).digest).toBe(logged.digest);
  expect((await log(rows)).profile).toEqual(logged.profile);
  expect((await log({ data: [1, 2] })).digest).toBe(
    (await log(tensor([2], "float32", new Float32Array([1, 2])))).digest,
  );
  expect((await log({ a: [true, false] })).digest).toBe(
    (await log({ a: tensor([2], "bool", Uint8Array.of(1, 0)) })).digest,
  );
  expect((await log({ a: [["x"], ["y"]] })).digest).toBe(
    (await log({ a: tensor([2, 1], "string", ["x", "y"]) })).digest,
  );
  for (const wrong of [
    tensor([], "float32", new Float32Array(1)),
    tensor([2], "complex64", new Float32Array(2)),
    tensor([3], "float32", new Float32Array(2)),
    tensor([1.5], "float32", new Float32Array(1)),
  ])
    await expect(log({ a: wrong })).rejects.toThrow(code("INVALID_ARGUMENT", "source.a"));
  await expect(log({ a: ys, b: [1] })).rejects.toThrow(code("INVALID_ARGUMENT", "source.b"));
});

test.each<[string, number[], string, ArrayLike<unknown>, string]>([
  ["numbers", [2, 3], "float32", new Float32Array([1.5, -0, Number.NaN, 4, 5, 6]), "float32"],
  ["integers", [2, 1, 2], "int32", new Int32Array([1, -2, 3, 2 ** 31 - 1]), "int32"],
  ["doubles", [1, 2], "float64", new Float64Array([0.1, -1e300]), "float64"],
  ["booleans", [2, 2], "bool", Uint8Array.of(1, 0, 0, 1), "bool"],
  ["bytes of an image", [1, 2, 2], "int32", Uint8Array.of(0, 255, 1, 2), "float64"],
  ["no values", [3, 0], "float32", new Float32Array(0), "float32"],
])("a stored tensor is read back with its digest (%s)", async (_name, shape, dtype, values, storedAs) => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  const tensor = { shape, dtype, data: async () => values };
  const logged = await run.logDataset("t", tensor, { store: true });
  expect(logged).toMatchObject({ artifact: "t:v0", rows: shape[0], digest: (await log(tensor)).digest });
  const read = await (await ledger.openArtifact("t")).readTensor();
  expect(read).toMatchObject({ shape, dtype: storedAs });
  expect([...read.values]).toEqual(Array.from(values));
  expect(await run.logDataset("t", read, { store: true })).toEqual(logged);
});

test("a stored tensor is a NumPy file, and readTensor refuses what is none", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  await run.logDataset(
    "t",
    { shape: [2, 1], dtype: "float32", data: async () => new Float32Array([1, 2]) },
    { store: true },
  );
  const bytes = await (await ledger.openArtifact("t")).read("data.npy");
  // What numpy.save writes for numpy.array([[1], [2]], dtype="<f4").
  const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }".padEnd(117) + "\n";
  expect(Buffer.from(bytes).toString("latin1")).toBe(`\x93NUMPY\x01\0\x76\0${header}\0\0\x80?\0\0\0@`);
  const changed = (at: number, text: string): Uint8Array => {
    const copy = bytes.slice();
    copy.set(Buffer.from(text, "latin1"), at);
    return copy;
  };
  const shapeAt = 10 + header.indexOf("(2, 1)");
  const broken: [string, Uint8Array, RegExp][] = [
    ["empty", new Uint8Array(0), /not a NumPy file/],
    ["magic", changed(1, "n"), /not a NumPy file/],
    ["version", changed(6, "\x02"), /not a NumPy file of version 1.0/],
    ["cut", bytes.subarray(0, 40), /header/],
    ["short", bytes.subarray(0, 130), /size that its shape needs/],
    ["complex", changed(10, "{'descr': '<c8'"), /header/],
    ["columns", changed(10 + header.indexOf("False"), "True,"), /header/],
    ["large", changed(shapeAt, "(9e9,)"), /header/],
    ["number", changed(shapeAt, "(2)   "), /header|list of sizes/],
    ["more", changed(shapeAt, "(3, 1)"), /size that its shape needs/],
  ];
  await run.logArtifact("b", { files: Object.fromEntries(broken.map(([name, file]) => [name, file])) });
  const opened = await ledger.openArtifact("b");
  for (const [name, , why] of broken) {
    const failure = await opened.readTensor(name).catch((error: unknown) => error);
    expect(failure, name).toMatchObject({ code: "CORRUPT", message: expect.stringMatching(why) });
  }
  await expect(opened.readTensor()).rejects.toMatchObject({ code: "ARTIFACT_NOT_FOUND", field: "path" });
  const huge = "{'descr': '<f8', 'fortran_order': False, 'shape': (9007199254740991, 99999), }";
  await run.logArtifact("h", { files: { "data.npy": changed(10, huge) } });
  await expect((await ledger.openArtifact("h")).readTensor()).rejects.toMatchObject({ code: "CORRUPT" });
  const unsafe = "{'descr': '<f8', 'fortran_order': False, 'shape': (0, 9999999999999999), }";
  await run.logArtifact("u", { files: { "data.npy": changed(10, unsafe) } });
  await expect((await ledger.openArtifact("u")).readTensor()).rejects.toMatchObject({ code: "CORRUPT" });
});

test("messages name the other method of a stored table or tensor, and how a tensor becomes a column", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  const tensor = (shape: number[]): { shape: number[]; dtype: string; data(): Promise<Float32Array> } => ({
    shape,
    dtype: "float32",
    data: async () => new Float32Array(shape.reduce((product, size) => product * size, 1)),
  });
  await run.logDataset("line", tensor([3]), { store: true });
  await run.logDataset("plane", tensor([3, 2]), { store: true });
  const [line, plane] = [await ledger.openArtifact("line"), await ledger.openArtifact("plane")];
  await expect(line.readTensor()).rejects.toThrow('it has "data.parquet", a table: readTable() reads it');
  await expect(plane.readTable()).rejects.toThrow('it has "data.npy", a tensor: readTensor() reads it');
  const column = run.logDataset("c", { x: tensor([64, 1]) }, { store: true });
  await expect(column).rejects.toThrow("make it one of one dimension, tensor.reshape([64])");
  await run.finish();
});

test("a long header of a NumPy file is refused at once", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${"1".repeat(60_000)}\n`;
  const file = Buffer.concat([
    Buffer.from("\x93NUMPY\x01\0", "latin1"),
    Buffer.from([header.length & 255, header.length >> 8]),
    Buffer.from(header),
  ]);
  await run.logArtifact("long", { files: { "data.npy": new Uint8Array(file) } });
  const opened = await ledger.openArtifact("long");
  const began = performance.now();
  await expect(opened.readTensor()).rejects.toMatchObject({ code: "CORRUPT" });
  expect(performance.now() - began).toBeLessThan(5000);
});

test("a schema is compared with a table, and recorded of other data", async () => {
  const schema = [
    { name: "a", type: "integer" },
    { name: "b", type: "string" },
  ];
  const table = [{ a: 1, b: "x" }, { a: 2n }];
  expect(await log(table, { schema })).toMatchObject({ schema, rows: 2 });
  expect(await log({ text: "a,b" }, { schema })).toMatchObject({ schema });
  expect(await log({ digest: "d" }, { schema: [{ name: "a", type: "float32" }] })).toEqual({
    name: "data",
    digest: "d",
    schema: [{ name: "a", type: "float32" }],
  });
  for (const [wrong, why] of [
    [[{ name: "a", type: "integer" }], /lacks the column "b"/],
    [[...schema, { name: "c", type: "string" }], /names "c", which the table lacks/],
    [[schema[0]!, { name: "b", type: "number" }], /"b" is of type number, but it is of type string/],
    [[schema[0]!, { name: "b", type: "__proto__" }], /"__proto__": use number/],
  ] as const)
    await expect(log(table, { schema: wrong })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      field: "schema",
      message: expect.stringMatching(why) as string,
    });
  await expect(log([{ a: 1.5, b: "x" }], { schema })).rejects.toThrow(/number with fractions/);
  for (const [field, bad] of [
    ["schema", "a"],
    ["schema[0]", [5]],
    ["schema[0].name", [{ name: "", type: "x" }]],
    ["schema[0].type", [{ name: "a" }]],
    ["schema[1].name", [schema[0], schema[0]]],
    ["store", { store: 1 }],
  ] as const)
    await expect(log(table, field === "store" ? (bad as never) : { schema: bad as never })).rejects.toThrow(
      code("INVALID_ARGUMENT", field),
    );
});

test("a record describes the first 1,000 columns, and says how many there are", async () => {
  const wide = Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`c${i}`, [i]]));
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  await run.logDataset("wide", wide);
  await run.finish();
  const [dataset] = (await ledger.getRun(run.id)).datasets;
  expect(dataset?.columns).toBe(1001);
  expect(dataset?.schema).toHaveLength(1000);
  expect(Object.keys(dataset?.profile ?? {})).toHaveLength(1000);
});

test("an aborted signal stops the reading, and nothing is recorded", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  const controller = new AbortController();
  const reason = new Error("enough");
  const endless = async function* (): AsyncGenerator<object, void, undefined> {
    for (let i = 0; ; i++) {
      if (i === 10) controller.abort(reason);
      yield { i };
    }
  };
  await expect(run.logDataset("a", endless(), { signal: controller.signal })).rejects.toBe(reason);
  await expect(run.logDataset("b", [{ a: 1 }], { signal: controller.signal })).rejects.toBe(reason);
  await run.finish();
  expect((await ledger.getRun(run.id)).datasets).toEqual([]);
});

test("finish waits for data sets under way, and the event loop is never blocked for long", async () => {
  const { ledger } = await createTestLedger();
  const run = await ledger.startRun();
  void run
    .logDataset("large", { x: new Float64Array(3_000_000).map((_, i) => i / 3), s: undefined } as never)
    .catch(() => {});
  void run.logDataset("large", { x: new Float64Array(3_000_000).map((_, i) => i / 3) });
  let longest = 0;
  let last = process.cpuUsage();
  const timer = setInterval(() => {
    longest = Math.max(longest, process.cpuUsage(last).user);
    last = process.cpuUsage();
  }, 1);
  const all = await processorMs(() => run.finish());
  clearInterval(timer);
  expect(longest / 1000).toBeLessThan(all / 2);
  expect((await ledger.getRun(run.id)).datasets).toMatchObject([{ rows: 3_000_000 }]);
});

test.each<[string, object | undefined]>([
  ["no facts", undefined],
  ["facts without a digest", { rows: 2 }],
  ["a digest that is no text", { digest: 5 }],
  ["rows that are no count", { digest: "table-sha256:00", rows: -1 }],
  [
    "a schema of too many columns",
    { digest: "d", schema: Array.from({ length: 1001 }, () => ({ name: "x", type: "y" })) },
  ],
  ["a list", [1]],
])("a version whose manifest has %s is a data set by its own digest", async (_name, dataset) => {
  const { ledger, backend } = await createTestLedger();
  const run = await ledger.startRun();
  await run.logDataset("t", [{ a: 1 }], { store: true });
  const { key } = (await ledger.artifactVersions("t"))[0]!.manifest;
  const text = new TextDecoder().decode(await backend.read(key));
  const { crc32: _crc32, ...stored } = JSON.parse(text) as { [member: string]: unknown };
  expect(stored["dataset"]).toMatchObject({ digest: expect.stringMatching(/^table-sha256:/) as string, rows: 1 });
  await backend.remove(key);
  await backend.create(key, encodeCheckedJson({ ...stored, dataset }, "manifest"));
  const version = (await ledger.artifactVersions("t"))[0]!;
  const logged = await run.logDataset("t", version);
  expect(logged).toEqual({ name: "t", digest: version.digest, size: version.size, artifact: "t:v0" });
  // Stored once more, the table gets a version that says what it is.
  expect((await run.logDataset("t", [{ a: 1 }], { store: true })).artifact).toBe(
    dataset === undefined ? "t:v1" : "t:v0",
  );
  await run.finish();
});
