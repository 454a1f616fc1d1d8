import { createHash } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { decodeCheckedJson, encodeCheckedJson } from "../../src/bytes/checked-json.ts";
import { formatDigest } from "../../src/bytes/digest.ts";
import { type Backend, type Ledger, openLedger } from "../../src/index.ts";
import { generateSigner, publicKey } from "../../src/seal/index.ts";
import { keysIn } from "../run-objects/found-objects.ts";

const signer = await generateSigner({ keyId: "k" });
const keys = [publicKey(signer)];

async function sealed(backend: Backend, count: number): Promise<{ ledger: Ledger; ids: string[] }> {
  const ledger = await openLedger(backend, { onError: () => {} });
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const run = await ledger.startRun({ environment: false, experiment: "e", params: { i } });
    run.log({ loss: i });
    await run.finish();
    await ledger.seal(run.id, { signer });
    ids.push(run.id);
  }
  return { ledger, ids };
}

async function put(backend: Backend, key: string, bytes: Uint8Array | undefined): Promise<void> {
  await backend.remove(key);
  if (bytes) await backend.create(key, bytes);
}

let backend: Backend;
let ledger: Ledger;
let ids: string[];
beforeEach(async () => {
  backend = memoryBackend();
  ({ ledger, ids } = await sealed(backend, 3));
});
const link = (n: number): string => `seals/e/${99_999_999 - n}.json`;
const signature = async (id: string): Promise<string> => (await keysIn(backend, `runs/${id}/signatures`))[0]!;
const problemKeys = async (id?: string): Promise<string[]> =>
  (await ledger.verify(id, { keys })).problems.map(({ key }) => key);

describe("the chain", () => {
  test("a run that is removed with all that names it but the chain is missed", async () => {
    await ledger.rebuildCatalog();
    const [, removed] = ids as [string, string, string];
    for (const key of await keysIn(backend, "")) if (key.includes(removed)) await backend.remove(key);
    await ledger.rebuildCatalog();
    const { intact, missing } = await ledger.verify(undefined, { keys });
    expect({ intact, missing }).toEqual({ intact: false, missing: [`runs/${removed}/seal.json`] });
  });

  test("a link that is removed, with its run or without, is missed", async () => {
    const [first, second] = ids as [string, string, string];
    await backend.remove(link(2));
    expect(await problemKeys()).toEqual([link(2)]);
    expect(await problemKeys(second)).toEqual([link(2)]);
    expect(await problemKeys(first)).toEqual([]);
    for (const key of await keysIn(backend, `runs/${second}`)) await backend.remove(key);
    expect(await problemKeys()).toContain(link(2));
  });

  test("links that are made again do not fit the seals that name them", async () => {
    const second = decodeCheckedJson(await backend.read(link(2))) as object;
    await put(backend, link(2), encodeCheckedJson({ ...second, run: ids[0] }, "link"));
    expect(await problemKeys()).toContain(link(2));
    // With all later ones, too: the seals say what digests they had.
    const { previous: _, ...third } = decodeCheckedJson(await backend.read(link(3))) as { previous: string };
    await put(backend, link(2), encodeCheckedJson({ ...third, n: 2, previous: second["previous" as never] }, "link"));
    await backend.remove(link(3));
    expect(await problemKeys()).toEqual(expect.arrayContaining([link(2), link(3)]));
  });

  test("a seal of another ledger that is copied in is not in the chain", async () => {
    const other = memoryBackend();
    const { ids: others } = await sealed(other, 4);
    const id = others[3]!;
    for (const key of await keysIn(other, "")) if (key.includes(id)) await backend.create(key, await other.read(key));
    expect(await problemKeys()).toEqual([link(4)]);
    expect(await problemKeys(id)).toEqual([link(4)]);
    // Its own link does not make it one of this chain.
    await backend.create(link(4), await other.read(link(4)));
    expect(await problemKeys()).toEqual([link(3)]);
  });

  test("several that seal runs of one experiment at once make one chain", async () => {
    const more = await Promise.all(
      [0, 1, 2, 3, 4].map(async () => {
        const own = await openLedger(backend, { onError: () => {} });
        const run = await own.startRun({ environment: false, experiment: "e" });
        await run.finish();
        return { own, id: run.id };
      }),
    );
    await Promise.all(more.map(({ own, id }) => own.seal(id)));
    expect((await keysIn(backend, "seals")).length).toBe(8);
    expect(await ledger.verify(undefined, { keys })).toMatchObject({ intact: true, sealed: true, lateRecords: [] });
  });
});

describe("the seal", () => {
  test("the seal of another run, with its list and signature, is not the seal of this one", async () => {
    const [first, second] = ids as [string, string, string];
    for (const name of ["seal.json", "seal.objects", (await signature(first)).slice(`runs/${first}/`.length)])
      await put(backend, `runs/${second}/${name}`, await backend.read(`runs/${first}/${name}`));
    expect(await problemKeys(second)).toContain(`runs/${second}/seal.json`);
    expect(await ledger.verify(second, { keys })).toMatchObject({ intact: false, sealed: false });
  });

  test("a signature that is removed is missed, and one of another run does not count", async () => {
    const [first, second] = ids as [string, string, string];
    const key = await signature(second);
    await put(backend, key, await backend.read(await signature(first)));
    expect(await ledger.verify(second, { keys })).toMatchObject({
      intact: false,
      signedBy: [],
      problems: [{ kind: "signature", key }],
    });
    await backend.remove(key);
    expect(await ledger.verify(second, { keys })).toMatchObject({ signedBy: [], problems: [{ kind: "missing", key }] });
  });

  test("an unsigned seal in the place of a signed one does not fit its link", async () => {
    const [, second] = ids as [string, string, string];
    const key = `runs/${second}/seal.json`;
    const statement = decodeCheckedJson(await backend.read(key)) as { predicate: object };
    const forged = { ...statement, predicate: { ...statement.predicate, signers: [] } };
    await put(backend, key, encodeCheckedJson(forged, "seal"));
    await backend.remove(await signature(second));
    expect(await ledger.verify(second, { keys })).toMatchObject({ intact: false, sealed: true, signedBy: [] });
    expect(await problemKeys(second)).toEqual([key]);
    expect(await problemKeys()).toEqual([key]);
    // Whoever makes a link for it as well has to change all later ones, which signed seals name.
    const old = decodeCheckedJson(await backend.read(link(2))) as object;
    const made = encodeCheckedJson({ ...old, signers: [] }, "link");
    await put(backend, link(2), made);
    const digest = formatDigest(createHash("sha256").update(made).digest("hex"));
    const fitting = { ...forged, predicate: { ...forged.predicate, link: { n: 2, digest } } };
    await put(backend, key, encodeCheckedJson(fitting, "seal"));
    expect(await ledger.verify(second, { keys })).toMatchObject({ intact: true, sealed: true, signedBy: [] });
    expect(await problemKeys()).toEqual([link(2)]);
  });

  test.each([
    ["nothing", new Uint8Array()],
    ["a very long text", new Uint8Array(5 * 1024 * 1024).fill(32)],
    ["deep lists", new TextEncoder().encode("[".repeat(100_000))],
    ["another type", encodeCheckedJson({ _type: "x" }, "x")],
    ["a prototype", encodeCheckedJson(JSON.parse('{"__proto__":{"_type":1},"subject":[]}') as object, "x")],
    ["a null in each place", encodeCheckedJson({ _type: null, subject: [null], predicate: null }, "x")],
  ])("%s in the place of a seal, a link or a signature is a problem, and nothing is thrown", async (_, bytes) => {
    const [first] = ids as [string, string, string];
    for (const key of [`runs/${first}/seal.json`, link(1), await signature(first), `runs/${first}/seal.objects`]) {
      const before = await backend.read(key);
      await put(backend, key, bytes);
      expect(await problemKeys(), key).toContain(key);
      await put(backend, key, before);
    }
    expect(await problemKeys()).toEqual([]);
    expect(Object.hasOwn(Object.prototype, "_type")).toBe(false);
  });
});
