import { beforeAll, describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { decodeCheckedJson, encodeCheckedJson } from "../../src/bytes/checked-json.ts";
import { type Backend, copyRuns, type Ledger, openLedger } from "../../src/index.ts";
import { contentsOf, objectsOf } from "./stores.ts";

const open = async (backend: Backend): Promise<Ledger> => await openLedger(backend, { onError: () => {} });
const start = { environment: false, flush: { intervalMs: 1e9 } } as const;
const LINK = "seals/x/99999998.json";

let honest: Map<string, Uint8Array>;
beforeAll(async () => {
  const backend = memoryBackend();
  const ledger = await open(backend);
  const run = await ledger.startRun({ ...start, id: "evil", experiment: "x" });
  run.log({ loss: 1 });
  await run.finish();
  await ledger.seal("evil", { signer: { keyId: "k", sign: async () => new Uint8Array(64) } });
  const good = await ledger.startRun({ ...start, id: "good", experiment: "x" });
  await good.finish();
  honest = await objectsOf(backend);
});

type Json = Record<string, unknown>;
const changed = (bytes: Uint8Array, change: (value: Json) => void): Uint8Array => {
  const value = structuredClone(decodeCheckedJson(bytes)) as Json;
  delete value["crc32"];
  change(value);
  return encodeCheckedJson(value, "forged");
};
const ofSeal =
  (change: (predicate: Json) => void) =>
  (objects: Map<string, Uint8Array>): void => {
    const key = "runs/evil/seal.json";
    objects.set(
      key,
      changed(objects.get(key)!, (seal) => change(seal["predicate"] as Json)),
    );
  };

const forgeries: Record<string, (objects: Map<string, Uint8Array>) => void> = {
  "a link with the greatest number": (objects) => {
    ofSeal((predicate) => Object.assign(predicate["link"] as Json, { n: 99_999_999 }))(objects);
    objects.set("seals/x/00000000.json", new TextEncoder().encode("not a link"));
  },
  "a seal for another experiment": ofSeal((predicate) => Object.assign(predicate, { experiment: "default" })),
  "a seal for another document": ofSeal((predicate) => Object.assign(predicate, { document: 7 })),
  "a seal that is not one": (objects) => objects.set("runs/evil/seal.json", new Uint8Array(9)),
  "a list that is not that of the seal": (objects) => objects.set("runs/evil/seal.objects", new Uint8Array()),
  "a link that is not one": (objects) => objects.set(LINK, new TextEncoder().encode("not a link")),
  "a signature that is not one": (objects) => {
    const key = [...objects.keys()].find((each) => each.startsWith("runs/evil/signatures/"))!;
    objects.set(key, new TextEncoder().encode("{}\n"));
  },
  "a beginning of another experiment": (objects) => {
    const key = "runs/evil/run.created.json";
    objects.set(
      key,
      changed(objects.get(key)!, (value) => Object.assign(value, { experiment: "default" })),
    );
  },
};

describe("a source that somebody forged", () => {
  test.each(Object.keys(forgeries))("with %s gives a conflict of the run, of which nothing is stored", async (name) => {
    const objects = new Map(honest);
    forgeries[name]!(objects);
    const [from, to] = [memoryBackend(), memoryBackend()];
    for (const [key, bytes] of objects) await from.create(key, bytes);
    const [a, b] = [await open(from), await open(to)];
    const { copied, conflicts } = await copyRuns(a, b);
    expect(copied).toEqual(["good"]);
    expect(conflicts).toEqual([{ id: "evil", message: expect.any(String) as string }]);
    expect([...(await contentsOf(to)).keys()].filter((key) => !key.startsWith("runs/good/"))).toEqual([]);
    expect((await b.searchRuns({ view: "all" })).runs.map(({ id }) => id)).toEqual(["good"]);
    const own = await b.startRun({ ...start, experiment: "x" });
    await own.finish();
    await b.seal(own.id);
    expect((await b.verify()).problems).toEqual([]);
  });

  test("with nothing changed gives none", async () => {
    const from = memoryBackend();
    for (const [key, bytes] of honest) await from.create(key, bytes);
    expect((await copyRuns(await open(from), await open(memoryBackend()))).conflicts).toEqual([]);
  });

  test("with the greatest number of a version gives a conflict, so that numbers are left", async () => {
    const [from, to] = [memoryBackend(), memoryBackend()];
    const [a, b] = [await open(from), await open(to)];
    await from.create("artifacts/model/versions/000000/01.removed", new Uint8Array());
    const run = await a.startRun({ ...start, id: "evil" });
    const { version } = await run.logArtifact("model", new Uint8Array(5));
    await run.finish();
    expect(version).toBe("v99999999");
    expect((await copyRuns(a, b)).conflicts).toEqual([
      { id: "evil", message: expect.stringContaining("too great a number") },
    ]);
    expect([...(await contentsOf(to)).keys()]).toEqual([]);
  });
});
