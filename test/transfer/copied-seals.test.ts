import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { decodeCheckedJson, encodeCheckedJson } from "../../src/bytes/checked-json.ts";
import { type Backend, copyRuns, type Ledger, openLedger } from "../../src/index.ts";
import { generateSigner, publicKey } from "../../src/seal/index.ts";
import { withoutExclusiveCreate } from "../run-objects/closed-runs.ts";
import { keysIn } from "../run-objects/found-objects.ts";

const signer = await generateSigner({ keyId: "ci" });
const keys = [publicKey(signer)];
const open = (backend: Backend): Promise<Ledger> => openLedger(backend, { onError: () => {} });

async function sealed(ledger: Ledger, count: number, experiment = "e"): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const run = await ledger.startRun({ environment: false, experiment });
    run.log({ loss: i });
    await run.finish();
    await ledger.seal(run.id, { signer });
    ids.push(run.id);
  }
  return ids;
}

async function expectIntact(ledger: Ledger, ids: readonly string[], adopted: readonly string[]): Promise<void> {
  const right = { intact: true, sealed: true, signedBy: ["ci"], problems: [], lateRecords: [] };
  expect(await ledger.verify(undefined, { keys })).toMatchObject({ ...right, adopted: [...adopted].sort() });
  for (const id of ids)
    expect(await ledger.verify(id, { keys })).toMatchObject({ ...right, adopted: adopted.includes(id) ? [id] : [] });
}

const link = (n: number): string => `seals/e/${99_999_999 - n}.json`;

describe.each([
  ["with exclusive creates", () => memoryBackend()],
  ["without exclusive creates", () => withoutExclusiveCreate()],
])("into a store %s", (_, make) => {
  test("sealed runs of two ledgers, and of their merges, are intact in all of them", async () => {
    const [a, b] = [await open(memoryBackend()), await open(memoryBackend())];
    const [ofA, ofB] = [await sealed(a, 3), await sealed(b, 2)];
    const [both, merged] = [make(), make()];
    const [c, d] = [await open(both), await open(merged)];
    for (const from of [a, b]) expect((await copyRuns(from, c)).conflicts).toEqual([]);
    const all = [...ofA, ...ofB];
    await expectIntact(c, all, all);
    expect((await keysIn(both, "seals")).length).toBe(5);
    // A merge of a merge and of one of its sources.
    for (const from of [b, c, a]) expect((await copyRuns(from, d)).conflicts).toEqual([]);
    await expectIntact(d, all, all);
    const before = await keysIn(merged, "");
    for (const from of [a, b, c]) expect(await copyRuns(from, d)).toMatchObject({ copied: [], bytes: 0 });
    expect(await keysIn(merged, "")).toEqual(before);
    // Back to where the first runs were sealed.
    expect((await copyRuns(d, a)).copied.sort()).toEqual([...ofB].sort());
    await expectIntact(a, all, ofB);
    expect(await sealed(a, 1).then(async ([id]) => (await a.verify(id)).problems)).toEqual([]);
  });
});

test("some of the sealed runs of an experiment are copied, and runs of the target are sealed after them", async () => {
  const [a, backend] = [await open(memoryBackend()), memoryBackend()];
  const b = await open(backend);
  const [, second, third] = await sealed(a, 3);
  const own = await sealed(b, 1);
  for (const id of [third, second])
    expect((await copyRuns(a, b, { filter: `attributes.id = '${id}'` })).copied).toEqual([id]);
  own.push(...(await sealed(b, 1)));
  await expectIntact(b, [...own, second!, third!], [second!, third!]);
  // A link of the copies or of the others that is removed is missed, and so is a run.
  for (const n of [1, 2, 3, 4]) {
    const bytes = await backend.read(link(n));
    await backend.remove(link(n));
    const { intact, missing } = await b.verify();
    expect({ intact, missing }).toEqual({ intact: false, missing: expect.arrayContaining([link(n)]) as string[] });
    await backend.create(link(n), bytes);
  }
  await expectIntact(b, own, [second!, third!]);
  for (const key of await keysIn(backend, "")) if (key.includes(third!)) await backend.remove(key);
  await b.rebuildCatalog();
  expect((await b.verify()).missing).toEqual([`runs/${third}/seal.json`]);
});

test("a link that adopts another seal, or none, does not count", async () => {
  const [source, backend] = [memoryBackend(), memoryBackend()];
  const [a, b] = [await open(source), await open(backend)];
  const [id] = (await sealed(a, 1)) as [string];
  await sealed(b, 1);
  await copyRuns(a, b);
  const adopting = decodeCheckedJson(await backend.read(link(2))) as { readonly original: object };
  const digest = `sha256:${"0".repeat(64)}`;
  const { original: _, ...plain } = adopting;
  const changes: [string, object, string][] = [
    ["another digest", { ...adopting, original: { ...adopting.original, digest } }, "missing or was changed"],
    ["another number", { ...adopting, original: { ...adopting.original, n: 7 } }, "missing or was changed"],
    ["no original", plain, "missing or was changed"],
    ["no link", { ...adopting, original: { n: 0, digest } }, "is damaged"],
    ["another root", { ...adopting, root: "0".repeat(64) }, "another root"],
    ["other signers", { ...adopting, signers: [] }, "other signers"],
  ];
  for (const [what, changed, message] of changes) {
    await backend.remove(link(2));
    await backend.create(link(2), encodeCheckedJson(changed, "link"));
    const { intact, problems } = await b.verify();
    expect(intact, what).toBe(false);
    expect(problems.map((each) => each.message).join(), what).toContain(message);
    expect((await b.verify(id)).intact, what).toBe(false);
  }
});

test("a chain without the link of a seal shows, also in a long chain", async () => {
  const [backend, a] = [memoryBackend(), await open(memoryBackend())];
  const b = await open(backend);
  const own = await sealed(b, 20);
  const copied = await sealed(a, 1);
  await copyRuns(a, b);
  await expectIntact(b, [own[19]!, ...copied], copied);
  await backend.remove(link(21));
  expect((await b.verify(copied[0])).problems).toMatchObject([{ kind: "digest", key: link(1) }]);
});

test("a copy that fails anywhere is completed by the next one, with its link", async () => {
  const source = memoryBackend();
  const a = await open(source);
  const ids = await sealed(a, 2);
  let fails = 0;
  for (let isOver = false; !isOver; fails++) {
    const inner = memoryBackend();
    const b = await open(inner);
    await sealed(b, 1);
    let left = Number.POSITIVE_INFINITY;
    const create: Backend["create"] = async (...args) => {
      if (left-- === 0) throw new Error("power cut");
      await inner.create(...args);
    };
    const failing = new Proxy(inner, {
      get: (target, name: keyof Backend) => {
        const value: unknown = name === "create" ? create : target[name];
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    const target = await open(failing);
    left = fails;
    isOver = await copyRuns(a, target).then(
      () => true,
      () => false,
    );
    left = Number.POSITIVE_INFINITY;
    expect((await copyRuns(a, target)).conflicts).toEqual([]);
    await expectIntact(b, [], ids);
  }
  expect(fails).toBeGreaterThan(10);
});

test("an archive of a sealed run is imported with its seal", async () => {
  const [a, b] = [await open(memoryBackend()), await open(memoryBackend())];
  const [, id] = (await sealed(a, 2)) as [string, string];
  const own = await sealed(b, 1);
  await b.importRun((await a.exportRun(id, { format: "zip" })) as never);
  await expectIntact(b, [id, ...own], [id]);
});
