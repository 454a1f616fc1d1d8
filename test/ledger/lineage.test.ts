import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import type { Backend } from "../../src/backend/backend.ts";
import { lineageKey, type Lineage } from "../../src/compare/index.ts";
import { type Ledger, openLedger, type RecordedVersion } from "../../src/index.ts";
import { LinkedRuns } from "../../src/catalog/read-links.ts";
import { LinkIndex } from "../../src/catalog/run-links.ts";
import { LineageWalk } from "../../src/ledger/lineage-walk.ts";
import { countingBackend, createTestLedger, recordingBackend } from "../../src/testing/index.ts";
import { storeSegment } from "../catalog/many-runs.ts";
import { rounds } from "../rounds.ts";

const code = (expected: string, field?: string): object =>
  expect.objectContaining({ code: expected, ...(field !== undefined && { field }) });

const edgesOf = ({ edges }: Lineage): string[] => edges.map(({ from, kind, to }) => `${from} ${kind} ${to}`).sort();
const keysOf = ({ nodes }: Lineage): string[] => nodes.map(lineageKey);

/** prepare makes data:v0; train uses it, makes model:v0 and has a child; evaluate uses model:v0. */
async function pipeline(ledger: Ledger): Promise<{ [name: string]: string }> {
  const prepare = await ledger.startRun({ id: "prepare" });
  await prepare.logDataset("raw", { digest: "sha256:raw" });
  await prepare.logArtifact("data", { text: "rows" });
  await prepare.finish();
  const train = await ledger.startRun({ id: "train" });
  await train.useArtifact("data:v0");
  await train.logDataset("labels", [{ y: 1 }], { store: true });
  await train.logArtifact("model", { text: "weights" }, { aliases: ["best"] });
  const child = await train.startChild({ id: "fold" });
  await child.finish();
  await train.finish();
  const evaluate = await ledger.startRun({ id: "evaluate" });
  await evaluate.useArtifact("model:best");
  await evaluate.finish();
  const fork = await ledger.startRun({ id: "fork", forkOf: { run: "train", step: 0 } });
  await fork.finish();
  const other = await ledger.startRun({ id: "other" });
  await other.logDataset("raw", { digest: "sha256:raw" });
  await other.finish();
  const labels = (await ledger.getRun("train")).datasets[0]!;
  return { labels: `labels@${labels.digest}` };
}

const fill = async (ledger: Ledger, params: object = {}): Promise<void> => {
  for (let i = 0; i < 8; i++) await (await ledger.startRun({ id: `filler${i}`, params })).finish();
  await ledger.searchRuns();
  await ledger.close();
};

test.each<[string, (ledger: Ledger) => Promise<void>]>([
  ["runs that have entries", async () => {}],
  ["runs in a segment", fill],
  // Such a segment may lack columns, so the records are read.
  ["runs in a segment that has no column for a param", (ledger) => fill(ledger, { ["x".repeat(1001)]: 1 })],
])("lineage follows versions, data sets and parents up and down: %s", async (_name, prepare) => {
  const { ledger, backend } = await createTestLedger();
  const { labels } = await pipeline(ledger);
  await prepare(ledger);
  const reader = await openLedger(backend);
  const up = await reader.lineage("evaluate", { direction: "up" });
  expect(edgesOf(up)).toEqual([
    "data:v0 used train",
    `${labels} used train`,
    "model:v0 used evaluate",
    "prepare made data:v0",
    "raw@sha256:raw used prepare",
    "train made model:v0",
  ]);
  expect(keysOf(up)).toEqual(["evaluate", "model:v0", "train", "data:v0", labels, "prepare", "raw@sha256:raw"]);
  expect(up.nodes.slice(0, 2)).toEqual([
    { kind: "run", id: "evaluate", name: expect.any(String) as string },
    { kind: "artifact", ref: "model:v0", digest: expect.stringMatching(/^sha256:/) as string },
  ]);
  expect(up).not.toHaveProperty("truncated");
  const down = await reader.lineage("data", { direction: "down" });
  expect(edgesOf(down)).toEqual(
    [
      "data:v0 used train",
      "model:v0 used evaluate",
      "train made labels:v0",
      "train made model:v0",
      "train forked fork",
      "train parent fold",
    ].sort(),
  );
  // Both: what led to it and what came of it, not all that shares a cause with it.
  const both = await reader.lineage("train");
  expect(keysOf(both)).not.toContain("other");
  expect(edgesOf(both)).toEqual([...new Set([...edgesOf(up), ...edgesOf(down)])].sort());
  expect(edgesOf(await reader.lineage("train", { depth: 1 }))).toEqual(
    [
      "data:v0 used train",
      `${labels} used train`,
      "train made labels:v0",
      "train made model:v0",
      "train forked fork",
      "train parent fold",
    ].sort(),
  );
  expect(edgesOf(await reader.lineage("fork", { direction: "up", depth: 1 }))).toEqual(["train forked fork"]);
  expect(await reader.lineage("fold", { depth: 0 })).toEqual({
    nodes: [{ kind: "run", id: "fold", name: expect.any(String) as string }],
    edges: [],
  });
  for (const ref of ["model:v0", "model:best", "model", (await reader.artifactVersions("model"))[0]!])
    expect(await reader.lineage(ref)).toEqual(await reader.lineage("model:v0"));
  const raw = (await reader.getRun("other")).datasets[0]!;
  const ofData = await reader.lineage({ dataset: raw }, { direction: "down", depth: 1 });
  expect(edgesOf(ofData)).toEqual(["raw@sha256:raw used other", "raw@sha256:raw used prepare"]);
  expect(ofData.nodes[0]).toEqual({ kind: "dataset", name: "raw", digest: "sha256:raw" });
  expect(edgesOf(await reader.lineage({ dataset: raw }, { direction: "up" }))).toEqual([]);
  expect(await reader.lineage("sha256:raw")).toEqual(await reader.lineage({ dataset: raw }));
  const { digest } = (await reader.artifactVersions("model"))[0]!;
  expect(await reader.lineage(digest)).toEqual(await reader.lineage("model:v0"));
  await reader.deleteRun("train");
  expect((await reader.lineage("evaluate")).nodes).toContainEqual(
    expect.objectContaining({ kind: "run", id: "train", deleted: true }),
  );
});

test("a digest of nothing, and one of several things, are refused with what they may mean", async () => {
  const { ledger } = await createTestLedger();
  await expect(ledger.lineage("deadbeef1")).rejects.toThrow(/there is no run and no artifact "deadbeef1"/);
  const run = await ledger.startRun();
  const { digest } = await run.logDataset("rows", { text: "a" }, { store: true });
  for (let i = 0; i < 5; i++) await run.logDataset(`copy${i}`, { digest });
  await run.logDataset("commit", { digest: "deadbeef1" });
  await run.finish();
  await expect(ledger.lineage(digest)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "ref",
    message:
      'ref is the digest of several: say "rows:v0" or ' +
      ["rows", "copy0", "copy1", "copy2"].map((name) => `{ dataset: { name: "${name}", digest } }`).join(" or ") +
      ", or one of 2 more",
  });
  await expect(ledger.lineage("sha256:none")).rejects.toThrow(code("RUN_NOT_FOUND", "ref"));
  expect((await ledger.lineage("deadbeef1")).nodes[0]).toMatchObject({ kind: "dataset", name: "commit" });
});

test("a run that resumes is led to by itself, and circles end", async () => {
  const { ledger } = await createTestLedger();
  const first = await ledger.startRun({ id: "a" });
  await first.logArtifact("state", { text: "1" });
  await first.finish();
  const again = await ledger.resumeRun("a");
  await again.useArtifact("state:v0");
  expect(edgesOf(await ledger.lineage("a"))).toContain("a resumed a");
  await again.finish();
  expect(await ledger.lineage("a")).toEqual({
    nodes: [
      { kind: "run", id: "a", name: first.name },
      { kind: "artifact", ref: "state:v0", digest: expect.any(String) as string },
    ],
    edges: [
      { from: "a", to: "a", kind: "resumed" },
      { from: "a", to: "state:v0", kind: "made" },
      { from: "state:v0", to: "a", kind: "used" },
    ],
  });
});

test("bad input is refused, naming it", async () => {
  const { ledger } = await createTestLedger();
  for (const [ref, expected] of [
    ["nothing", code("RUN_NOT_FOUND", "ref")],
    ["model:v7", code("ARTIFACT_NOT_FOUND")],
    ["a b", code("ARTIFACT_NOT_FOUND")],
    ["", code("INVALID_ARGUMENT")],
    [5, code("INVALID_ARGUMENT", "ref")],
    [null, code("INVALID_ARGUMENT", "ref")],
    [{}, code("INVALID_ARGUMENT")],
    [{ dataset: "d" }, code("INVALID_ARGUMENT", "ref.dataset")],
    [{ dataset: { name: "d" } }, code("INVALID_ARGUMENT", "ref.dataset.digest")],
    [{ dataset: { name: 1, digest: "d" } }, code("INVALID_ARGUMENT", "ref.dataset.name")],
    [{ dataset: { name: "d", digest: "d" } }, code("RUN_NOT_FOUND", "ref.dataset")],
  ] as const)
    await expect(ledger.lineage(ref as string), String(ref)).rejects.toThrow(expected);
  const options = [
    ["depth", { depth: -1 }],
    ["depth", { depth: 1.5 }],
    ["depth", { depth: Infinity }],
    ["direction", { direction: "sideways" }],
    ["signal", { signal: 5 }],
  ] as const;
  for (const [field, wrong] of options)
    await expect(ledger.lineage("x", wrong as never)).rejects.toThrow(code("INVALID_ARGUMENT", field));
  const reason = new Error("enough");
  await expect(ledger.lineage("x", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

const version = (name: string, number: number): RecordedVersion => ({
  name,
  version: `v${number}`,
  digest: `sha256:${String(number).padStart(64, "0")}`,
  size: 1,
  aliases: [],
  metadata: {},
  createdAt: 1,
  manifest: { key: "k", size: 1, digest: `sha256:${"0".repeat(64)}` },
});

const RUNS = rounds(2000, 10_000);

/** Runs and a fifth as many versions, in one segment: each run uses two versions, and every fifth makes one. */
async function large(): Promise<Backend> {
  const backend = memoryBackend();
  await openLedger(backend);
  const id = (i: number): string => `r${String(i).padStart(5, "0")}`;
  const parts = Array.from({ length: RUNS }, (_, i) => {
    const made = Math.floor(i / 5);
    return [
      id(i),
      {
        ...(i > 0 && i % 7 === 0 && { parent: id(i - 1) }),
        artifacts: i % 5 === 0 ? [version("m", made)] : [],
        inputs: made > 0 ? [version("m", made - 1), version("m", Math.floor(made / 2))] : [],
        datasets: [{ name: "d", digest: `${i % 50}`, time: 1 }],
      },
    ] as const;
  });
  await storeSegment(backend, 1, parts);
  return backend;
}

test("lineage over thousands of runs and versions takes at most 30 requests, and fewer when it is warm", async () => {
  const backend = countingBackend(await large());
  const ledger = await openLedger(backend);
  backend.reset();
  const middle = `r${String(RUNS / 2).padStart(5, "0")}`;
  const first = await ledger.lineage(middle, { depth: 5 });
  expect(first.nodes.length).toBeGreaterThan(30);
  expect(backend.counters.requests).toBeLessThanOrEqual(30);
  backend.reset();
  expect(await ledger.lineage(middle, { depth: 5 })).toEqual(first);
  expect(backend.counters.requests).toBeLessThanOrEqual(6);
});

test("a lineage has at most 10,000 nodes, the nearest ones, and says that there are more", async () => {
  const index = new LinkIndex();
  const none = { isDeleted: false, isResumed: false, forkOf: undefined, made: [], used: [], datasets: [] };
  const of = (id: string, parent?: string): void =>
    index.add({ id, name: id, parent, document: 1, marker: 0, ...none });
  of("root");
  for (let i = 0; i < 10_001; i++) of(`r${i}`, "root");
  of("far", "r0");
  const follow = async (): Promise<Lineage> => {
    const runs = new LinkedRuns([{ index, newest: undefined }]);
    const walk = new LineageWalk(runs, { kind: "run", id: "root", name: "root" }, undefined);
    await walk.follow("down", 5);
    return walk.lineage();
  };
  const lineage = await follow();
  expect(lineage.truncated).toBe(true);
  expect(lineage.nodes).toHaveLength(10_000);
  expect(lineage.edges).toHaveLength(9999);
  expect(keysOf(lineage)).not.toContain("far");
  expect(JSON.stringify(await follow())).toBe(JSON.stringify(lineage));
});

test("a walk over runs with thousands of links lets other work run", async () => {
  const index = new LinkIndex();
  const datasets = Array.from({ length: 8000 }, (_, i) => ({ name: `data-${i}`, digest: `${i}` }));
  const none = { parent: undefined, forkOf: undefined, isDeleted: false, isResumed: false, made: [], used: [] };
  for (let i = 0; i < 14; i++) index.add({ id: `r${i}`, name: "", datasets, document: 1, marker: 0, ...none });
  const runs = new LinkedRuns([{ index, newest: undefined }]);
  let turns = 0;
  let isOver = false;
  const turn = (): void => void (turns++, isOver || setImmediate(turn));
  setImmediate(turn);
  for (let i = 0; i < 14; i++) {
    const walk = new LineageWalk(runs, { kind: "run", id: `r${i}`, name: "" }, undefined);
    await walk.follow("up", 2);
    expect((await walk.lineage()).nodes).toHaveLength(8001);
  }
  isOver = true;
  expect(turns).toBeGreaterThan(1);
});

test("a version that a run made and used as a data set is no use of it, but the data set is", () => {
  const index = new LinkIndex();
  const version = { name: "table", version: "v1", digest: "d" };
  const dataset = { name: "table", digest: "d", artifact: "table:v1" };
  const none = { parent: undefined, forkOf: undefined, isDeleted: false, isResumed: false, document: 1, marker: 0 };
  const add = (id: string, links: Partial<Parameters<LinkIndex["add"]>[0]>): void =>
    index.add({ id, name: id, made: [], used: [], datasets: [], ...none, ...links });
  add("maker", { made: [version], datasets: [dataset] });
  add("user", { used: [version] });
  add("holder", { datasets: [dataset] });
  add("both", { used: [version], datasets: [dataset] });
  add("circle", { made: [version], used: [version] });
  const runs = new LinkedRuns([{ index, newest: undefined }]);
  const ids = (found: readonly { readonly id: string }[]): string[] => found.map(({ id }) => id);
  expect(ids(runs.makersOf("table:v1"))).toEqual(["circle", "maker"]);
  expect(ids(runs.usersOf("table:v1"))).toEqual(["both", "circle", "holder", "maker", "user"]);
  expect(ids(runs.laterUsersOf("table:v1"))).toEqual(["both", "circle", "holder", "user"]);
});

test("runsUsing finds the runs of a digest, of a name, or of both, by the catalogue", async () => {
  const { ledger } = await createTestLedger();
  const use = async (id: string, ...datasets: (readonly [string, string])[]): Promise<void> => {
    const run = await ledger.startRun({ id });
    for (const [name, digest] of datasets) void run.logDataset(name, { digest });
    await run.finish();
  };
  await use("a", ["mnist", "1"]);
  await use("b", ["mnist", "2"], ["other", "1"]);
  await use("c", ["mnist", "1"], ["x'); --", "quoted \"'"]);
  const found = async (...args: Parameters<Ledger["runsUsing"]>): Promise<string[]> => {
    const ids: string[] = [];
    for await (const { id } of ledger.runsUsing(...args)) ids.push(id);
    return ids.sort();
  };
  const check = async (): Promise<void> => {
    expect(await found({ digest: "1" })).toEqual(["a", "b", "c"]);
    expect(await found({ name: "mnist" })).toEqual(["a", "b", "c"]);
    // Not a run whose name and digest are those of two data sets.
    expect(await found({ name: "mnist", digest: "1" })).toEqual(["a", "c"]);
    expect(await found((await ledger.getRun("c")).datasets[1]!)).toEqual(["c"]);
    expect(await found({ digest: "none" })).toEqual([]);
    expect(await found("sha256:none")).toEqual([]);
    expect(await found("0123456789abcdef")).toEqual([]);
  };
  await check();
  await fill(ledger);
  await check();
  for (const [field, wrong] of [
    ["dataset", 5],
    ["dataset", null],
    ["dataset", {}],
    ["dataset", ""],
    ["dataset", "mnist"],
    ["dataset.name", { version: "v0", digest: "1" }],
    ["dataset.version", { name: "d", version: 5 }],
    ["dataset.artifact", { name: "d", artifact: 5 }],
    ["dataset.name", { name: 5 }],
    ["dataset.digest", { digest: "" }],
  ] as const)
    await expect(found(wrong as never)).rejects.toThrow(code("INVALID_ARGUMENT", field));
  const reason = new Error("enough");
  await expect(found("mnist")).rejects.toThrow('{ name: "mnist" }');
  await expect(found("mnist:v0")).rejects.toThrow(code("ARTIFACT_NOT_FOUND"));
  await expect(found({ digest: "1" }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test("runsUsing also finds the runs that used the version which holds a data set", async () => {
  const { ledger } = await createTestLedger();
  const rows = [
    { a: 1, b: "x" },
    { a: 2, b: null },
  ];
  await ledger.withRun({ id: "prep" }, async (run) => void (await run.logDataset("d", rows, { store: true })));
  await ledger.withRun({ id: "version" }, async (run) => void (await run.useArtifact("d:v0")));
  await ledger.withRun({ id: "table" }, async (run) => void (await run.logDataset("d", rows)));
  await ledger.withRun({ id: "both" }, async (run) => {
    await run.logDataset("d", await run.useArtifact("d"));
  });
  await ledger.withRun({ id: "again" }, async (run) => void (await run.logDataset("d", rows, { store: true })));
  await ledger.withRun({ id: "gone" }, async (run) => void (await run.useArtifact("d:v0")));
  await ledger.deleteRun("gone");
  await ledger.withRun({ id: "other" }, async (run) => void (await run.logDataset("e", rows.slice(1))));
  const [prep, both] = [(await ledger.getRun("prep")).datasets[0]!, (await ledger.getRun("both")).datasets[0]!];
  expect({ ...both, time: 0 }).toEqual({ ...prep, time: 0 });
  expect(prep).toMatchObject({ rows: 2, artifact: "d:v0", profile: { b: { nulls: 1 } } });
  const found = async (...args: Parameters<Ledger["runsUsing"]>): Promise<string[]> => {
    const ids: string[] = [];
    for await (const { id } of ledger.runsUsing(...args)) ids.push(id);
    return ids.sort();
  };
  const check = async (): Promise<void> => {
    for (const query of [prep, both, prep.digest, { name: "d" }, { digest: prep.digest }])
      expect(await found(query), JSON.stringify(query)).toEqual(["again", "both", "prep", "table", "version"]);
    const version = (await ledger.artifactVersions("d"))[0]!;
    for (const query of ["d:v0", "d:latest", version, `d@${version.digest}`])
      expect(await found(query), JSON.stringify(query)).toEqual(["again", "both", "prep", "version"]);
  };
  await check();
  await fill(ledger);
  await check();
});

const usersOf = async (ledger: Ledger, dataset: Parameters<Ledger["runsUsing"]>[0]): Promise<string[]> => {
  const ids: string[] = [];
  for await (const { id } of ledger.runsUsing(dataset)) ids.push(id);
  return ids;
};

async function removeManifests(backend: Backend): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of backend.list("artifacts/model/versions")) if (key.endsWith(".json")) keys.push(key);
  expect(keys).toHaveLength(1);
  for (const key of keys) await backend.remove(key);
}

test("a removed version keeps its lineage and its users", async () => {
  const { ledger, backend } = await createTestLedger();
  await pipeline(ledger);
  const { digest } = (await ledger.artifactVersions("model"))[0]!;
  const before = await ledger.lineage("model:v0");
  await ledger.removeArtifact("model:v0", { force: true });
  const node = { kind: "artifact", ref: "model:v0", digest, removed: true };
  const check = async (): Promise<void> => {
    const reader = await openLedger(backend);
    for (const ref of ["model:v0", `model@${digest}`, { name: "model", version: "v0", digest }]) {
      const after = await reader.lineage(ref);
      expect(after.nodes[0]).toEqual(node);
      expect(after.edges).toEqual(before.edges);
    }
    // Also on the way from something else.
    expect((await reader.lineage("evaluate", { direction: "up" })).nodes).toContainEqual(node);
    for (const ref of ["model:v0", `model@${digest}`]) expect(await usersOf(reader, ref)).toEqual(["evaluate"]);
    await expect(reader.lineage("model:v7")).rejects.toEqual(code("ARTIFACT_NOT_FOUND", "ref"));
    await expect(reader.lineage("model:best")).rejects.toEqual(code("ARTIFACT_NOT_FOUND", "ref"));
    await expect(usersOf(reader, "model:v7")).rejects.toEqual(code("ARTIFACT_NOT_FOUND"));
  };
  await check();
  // The manifest may go. Then the runs still say which version it was.
  await removeManifests(backend);
  await check();
});

test("a version still has the run that made it when that run was purged", async () => {
  const { ledger, backend } = await createTestLedger();
  await pipeline(ledger);
  const gone = { kind: "run", id: "train", name: "train", purged: true };
  await ledger.purgeRun("train");
  const reader = await openLedger(backend);
  const up = await reader.lineage("model:v0", { direction: "up" });
  expect(up.nodes).toEqual([expect.objectContaining({ ref: "model:v0" }), gone]);
  expect(edgesOf(up)).toEqual(["train made model:v0"]);
  expect((await reader.lineage("evaluate")).nodes).toContainEqual(gone);
  expect(edgesOf(await reader.lineage("evaluate", { direction: "up", depth: 1 }))).toEqual(["model:v0 used evaluate"]);
  await reader.removeArtifact("model:v0", { force: true });
  expect((await reader.lineage("model:v0")).nodes.slice(0, 2)).toEqual([
    expect.objectContaining({ ref: "model:v0", removed: true }),
    gone,
  ]);
  // Another run that logged the same content is a maker, too.
  for (const id of ["a", "b"]) {
    const run = await reader.startRun({ id });
    await run.logArtifact("shared", { text: "same" });
    await run.finish();
  }
  await reader.purgeRun("a");
  expect(edgesOf(await reader.lineage("shared:v0"))).toEqual(["a made shared:v0", "b made shared:v0"]);
});

test("versions that nobody recorded and whose manifest is gone have no lineage", async () => {
  const { ledger, backend } = await createTestLedger();
  await pipeline(ledger);
  for (const id of ["evaluate", "train"]) await ledger.purgeRun(id);
  await ledger.removeArtifact("model:v0", { force: true });
  expect((await ledger.lineage("model:v0")).nodes).toHaveLength(2);
  await removeManifests(backend);
  await expect(ledger.lineage("model:v0")).rejects.toEqual(code("ARTIFACT_NOT_FOUND", "ref"));
  expect(await usersOf(ledger, "model:v0")).toEqual([]);
});

test("looking for removed versions takes one request for versions that lie close together", async () => {
  const { ledger, backend } = await createTestLedger();
  const run = await ledger.startRun({ id: "many" });
  for (let i = 0; i < 40; i++) await run.logArtifact("ck", { text: `${i}` });
  await run.finish();
  await ledger.removeArtifact("ck:v7");
  const recording = recordingBackend(backend);
  const reader = await openLedger(recording);
  await reader.lineage("many");
  recording.calls.length = 0;
  const { nodes } = await reader.lineage("many");
  expect(recording.calls.filter(({ key }) => key.startsWith("artifacts/"))).toHaveLength(1);
  expect(nodes.filter((node) => node.kind === "artifact" && node.removed)).toEqual([
    expect.objectContaining({ ref: "ck:v7" }),
  ]);
});

test("a run that was sealed was not resumed by that", async () => {
  const ledger = await openLedger(memoryBackend());
  for (const id of ["plain", "resumed"])
    await ledger.withRun({ id, environment: false }, (run) => run.log({ loss: 1 }));
  await ledger.withRun({ id: "late", environment: false }, (run) => run.log({ loss: 1 }));
  for (const id of ["resumed", "late"]) {
    const session = await ledger.resumeRun(id);
    session.log({ loss: 2 });
    await session.finish();
  }
  for (const id of ["plain", "resumed"]) await ledger.seal(id);
  for (const id of ["resumed", "late"]) expect(edgesOf(await ledger.lineage(id))).toEqual([`${id} resumed ${id}`]);
  expect(edgesOf(await ledger.lineage("plain"))).toEqual([]);
});
