import { createHash } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { decodeCheckedJson, encodeCheckedJson } from "../../src/bytes/checked-json.ts";
import { formatDigest } from "../../src/bytes/digest.ts";
import type { Entry } from "../../src/backend/backend.ts";
import { type Backend, type Ledger, LedgerError, openLedger } from "../../src/index.ts";
import { generateSigner, publicKey } from "../../src/seal/index.ts";
import { faultyBackend } from "../../src/testing/index.ts";
import { keysIn } from "../run-objects/found-objects.ts";

const signer = await generateSigner({ keyId: "ci" });
const keys = [publicKey(signer)];
const LINK = "seals/e/99999998.json";
const SEAL = "runs/r/seal.json";
const DAY_MS = 24 * 60 * 60 * 1000;
type Listing = (prefix: string) => AsyncIterable<Entry>;

/** A backend with another way to list. */
function listing(inner: Backend, list: (inner: Listing) => Listing): Backend {
  const other = list((prefix) => inner.list(prefix));
  return new Proxy(inner, {
    get(target, name: keyof Backend) {
      if (name === "list") return other;
      const value: unknown = target[name];
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

const open = (backend: Backend): Promise<Ledger> => openLedger(backend, { onError: () => {} });

async function closed(backend: Backend): Promise<void> {
  const run = await (await open(backend)).startRun({ id: "r", environment: false, experiment: "e" });
  run.log({ loss: 0.5 });
  await run.finish();
}

async function put(backend: Backend, key: string, bytes: Uint8Array): Promise<void> {
  await backend.remove(key);
  await backend.create(key, bytes);
}

/** Stores the next document: the newest one with another loss. */
async function plant(backend: Backend): Promise<string> {
  const newest = (await keysIn(backend, "runs/r")).filter((key) => /run\.\d{4}\.json$/.test(key)).toSorted();
  const key = `runs/r/run.${String(newest.length + 2).padStart(4, "0")}.json`;
  const text = JSON.stringify(decodeCheckedJson(await backend.read(newest.at(-1)!)));
  await backend.create(key, encodeCheckedJson(JSON.parse(text.replaceAll("0.5", "0.001")) as object, "run"));
  return key;
}

interface Statement {
  readonly predicate: { readonly link: { readonly n: number; readonly digest: string } };
}

/** Changes members of the seal, as the owner of a store can. */
async function edit(backend: Backend, members: object, base: object = {}): Promise<void> {
  const statement = decodeCheckedJson(await backend.read(SEAL)) as Statement;
  const changed = { ...statement, ...base, predicate: { ...statement.predicate, ...members } };
  await put(backend, SEAL, encodeCheckedJson(changed, "seal"));
}

/** Changes members of the link, and lets the seal name what came out. */
async function relink(backend: Backend, members: object): Promise<void> {
  const link = encodeCheckedJson({ ...(decodeCheckedJson(await backend.read(LINK)) as object), ...members }, "link");
  await put(backend, LINK, link);
  await edit(backend, { link: { n: 1, digest: formatDigest(createHash("sha256").update(link).digest("hex")) } });
}

let backend: Backend;
beforeEach(async () => {
  backend = memoryBackend();
  await closed(backend);
});

describe("before a key signs a stored seal", () => {
  const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
  test.each<[name: string, field: string, change: () => Promise<void>]>([
    ["the status", "status", () => edit(backend, { status: "failed" })],
    ["the experiment", "experiment", () => edit(backend, { experiment: "f" })],
    ["the document", "document", () => edit(backend, { document: 9 })],
    ["an early time", "sealedAt", () => edit(backend, { sealedAt: at(-2 * DAY_MS) })],
    ["a late time", "sealedAt", () => edit(backend, { sealedAt: at(2 * DAY_MS) })],
    ["a member that no seal has", "another member", () => edit(backend, { uncounted: ["run.0003.json"] })],
    ["a member beside the predicate", "another member", () => edit(backend, {}, { note: "approved" })],
    ["signers that the link lacks", "link", () => edit(backend, { signers: ["boss"] })],
    ["the place in the chain", "link", () => edit(backend, { link: { n: 2, digest: `sha256:${"0".repeat(64)}` } })],
    ["the run of the link", "link", () => relink(backend, { run: "other" })],
    [
      "signers that did not sign",
      "signers",
      async () => {
        await relink(backend, { signers: ["boss"] });
        await edit(backend, { signers: ["boss"] });
      },
    ],
  ])("%s is compared", async (_, field, change) => {
    await (await open(backend)).seal("r");
    await change();
    const error: unknown = await (await open(backend)).seal("r", { signer }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: expect.stringMatching(/^(CORRUPT|CONFLICT)$/), field });
    expect(await keysIn(backend, "runs/r/signatures")).toEqual([]);
  });

  test("a seal as it was made is signed", async () => {
    const { root } = await (await open(backend)).seal("r");
    expect(await (await open(backend)).seal("r", { signer })).toMatchObject({ root, signedBy: ["ci"] });
    const found = await (await open(backend)).verify("r", { keys });
    expect(found).toMatchObject({ intact: true, signedBy: ["ci"], unchecked: [] });
  });

  test("a list of sealed objects that lacks a version is not taken", async () => {
    const ledger = await open(backend);
    const run = await ledger.startRun({ id: "s", environment: false, experiment: "f" });
    await run.logArtifact("model", new Uint8Array(9));
    await run.finish();
    await ledger.seal("s");
    const lines = new TextDecoder().decode(await backend.read("runs/s/seal.objects")).split("\n");
    const fewer = lines.filter((line) => !/^\["(artifacts|blobs)/.test(line));
    expect(fewer.length).toBeLessThan(lines.length);
    await put(backend, "runs/s/seal.objects", new TextEncoder().encode(fewer.join("\n")));
    for (const key of ["runs/s/seal.json", "seals/f/99999998.json"]) await backend.remove(key);
    await expect((await open(backend)).seal("s", { signer })).rejects.toMatchObject({ code: "CORRUPT" });
  });

  test("the link of a call that was interrupted counts only after the link that it names", async () => {
    const ledger = await open(backend);
    await ledger.seal("r");
    const run = await ledger.startRun({ id: "s", environment: false, experiment: "e" });
    await run.finish();
    const refuse = { keyId: "ci", sign: () => Promise.reject(new Error("no")) };
    await expect(ledger.seal("s", { signer: refuse })).rejects.toThrow("no");
    const second = "seals/e/99999997.json";
    const link = decodeCheckedJson(await backend.read(second)) as object;
    await put(backend, second, encodeCheckedJson({ ...link, previous: `sha256:${"0".repeat(64)}` }, "link"));
    await (await open(backend)).seal("s", { signer });
    const seal = decodeCheckedJson(await backend.read("runs/s/seal.json")) as Statement;
    expect(seal.predicate.link.n).toBe(3);
  });
});

describe("a document that is added", () => {
  test("after the seal is never sealed", async () => {
    await (await open(backend)).seal("r", { signer });
    const key = await plant(backend);
    const ledger = await open(backend);
    expect((await ledger.getRun("r")).metrics["loss"]?.last.value).toBe(0.001);
    for (const id of ["r", undefined])
      expect((await ledger.verify(id, { keys })).problems).toContainEqual(
        expect.objectContaining({ kind: "unsealed", key }),
      );
    await expect(ledger.seal("r", { signer })).rejects.toMatchObject({ code: "CORRUPT" });
  });

  test("before any listing while a run is sealed is sealed, refused or reported", async () => {
    let planted = 0;
    for (let before = 1; before < 30; before++) {
      const inner = memoryBackend();
      await closed(inner);
      let listings = 0;
      let key: string | undefined;
      const store = listing(
        inner,
        (list) =>
          async function* (prefix) {
            const isSealing = prefix === "runs/r" && (await inner.stat("runs/r/run.0002.json")) !== undefined;
            if (isSealing && ++listings === before) key = await plant(inner);
            yield* list(prefix);
          },
      );
      const seal = await (await open(store)).seal("r", { signer }).catch((error: unknown) => {
        expect(error).toMatchObject({ code: "CORRUPT" });
        return undefined;
      });
      if (key === undefined) break;
      planted++;
      const found = await (await open(inner)).verify("r", { keys });
      if (seal === undefined) expect(found).toMatchObject({ intact: false });
      else if (found.intact) {
        const covered = new TextDecoder().decode(await inner.read("runs/r/seal.objects"));
        expect(covered).toContain(key);
      }
    }
    expect(planted).toBeGreaterThan(0);
  });
});

test("a seal beyond 64 KiB, or with many or long texts, is a problem and is not signed", async () => {
  await (await open(backend)).seal("r");
  const bytes = await backend.read(SEAL);
  for (const members of [
    { more: "x".repeat(64 * 1024) },
    { signers: Array.from({ length: 17 }, (_, i) => `${i}`) },
    { status: "x".repeat(1025) },
  ]) {
    await edit(backend, members);
    for (const id of ["r", undefined])
      expect((await (await open(backend)).verify(id)).problems.map(({ key }) => key)).toContain(SEAL);
    await expect((await open(backend)).seal("r", { signer })).rejects.toMatchObject({ code: "CORRUPT" });
    await put(backend, SEAL, bytes);
  }
});

test("metrics and other objects that are no part of a run show, and no segment that is compacted", async () => {
  await backend.create("runs/r/metrics.0009.parquet", new Uint8Array(9));
  await (await open(backend)).seal("r", { signer });
  await backend.create("runs/r/other", new Uint8Array(9));
  const found = await (await open(backend)).verify("r", { keys });
  expect(found).toMatchObject({ intact: true, lateRecords: ["runs/r/metrics.0009.parquet", "runs/r/other"] });
});

describe("over a store that cannot list", () => {
  const refused = new LedgerError("UNSUPPORTED", "it cannot list", { operation: "list" });
  const unlisted = (): Backend =>
    listing(backend, () => () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(refused) }) }));

  test("signatures of the given keys and those that the seal names are found, and what was not looked for is said", async () => {
    const later = await generateSigner({ keyId: "later" });
    await (await open(backend)).seal("r", { signer });
    await (await open(backend)).seal("r", { signer: later });
    const ledger = await open(unlisted());
    expect(await ledger.verify("r", { keys: [...keys, publicKey(later)] })).toMatchObject({
      intact: true,
      sealed: true,
      signedBy: ["ci", "later"],
      unchecked: ["runs/r"],
    });
    expect(await ledger.verify("r")).toMatchObject({ signedBy: [], unknownSigners: ["ci"], unchecked: ["runs/r"] });
  });

  test("a document that readers take is found", async () => {
    await (await open(backend)).seal("r", { signer });
    const key = await plant(backend);
    const ledger = await open(unlisted());
    expect((await ledger.getRun("r")).metrics["loss"]?.last.value).toBe(0.001);
    const found = await ledger.verify("r", { keys });
    expect(found).toMatchObject({ intact: false, signedBy: ["ci"], problems: [{ kind: "unsealed", key }] });
  });
});

test.each([
  ["deleteRun", /lifecycle/],
  ["purgeRun", /lifecycle/],
  ["purgeRun", /purged\.json/],
] as const)("an interrupted %s before %s loses nothing, and verify says so", async (call, key) => {
  const faulty = faultyBackend(backend, { mode: "crash-before", at: 1, only: ["create"], key });
  await expect((await open(faulty))[call]("r")).rejects.toMatchObject({ code: expect.any(String) });
  const ledger = await open(backend);
  expect((await ledger.verify()).problems).toEqual([]);
  await ledger[call]("r");
  expect((await ledger.verify()).problems).toEqual([]);
});
