import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, type Ledger, openLedger } from "../../src/index.ts";
import { generateSigner, publicKey } from "../../src/seal/index.ts";
import { objectsOnly } from "../journal/records.ts";
import { keysIn } from "../run-objects/found-objects.ts";

const signer = await generateSigner({ keyId: "k" });
const keys = [publicKey(signer)];
/** How many bytes of an object are changed, one at a time. */
const BYTES = 6;

/** Makes a ledger with two sealed runs that have everything, and one without points. */
async function makeLedger(backend: Backend): Promise<{ readonly ledger: Ledger; readonly ids: readonly string[] }> {
  const ledger = await openLedger(backend, { onError: () => {} });
  const ids: string[] = [];
  for (const seed of [1, 2]) {
    const run = await ledger.startRun({ environment: false, experiment: "e", params: { seed } });
    for (let i = 0; i < 20; i++) run.log({ loss: i * seed });
    await run.logText("long", `${seed} `.repeat(60_000));
    await run.logText("short", `${seed} `.repeat(300));
    await run.logArtifact("model", {
      files: { a: new Uint8Array(70_000).fill(seed), b: new Uint8Array(9).fill(seed) },
    });
    await run.finish();
    ids.push(run.id);
  }
  const plain = await ledger.startRun({ environment: false, experiment: "e" });
  plain.setTags({ a: "b" });
  await plain.finish();
  ids.push(plain.id);
  for (const id of ids) await ledger.seal(id, { signer });
  return { ledger, ids };
}

async function put(backend: Backend, key: string, bytes: Uint8Array | undefined): Promise<void> {
  await backend.remove(key);
  if (bytes) await backend.create(key, bytes);
}

/** Whether a verification of the ledger shows that something was changed. */
async function isFound(ledger: Ledger): Promise<boolean> {
  const { intact, sealed, signedBy, lateRecords } = await ledger.verify(undefined, { keys });
  return !(intact && sealed && signedBy.includes("k") && lateRecords.length === 0);
}

const sealedKey = /^(runs|seals|blobs)\/|^artifacts\/[^/]+\/versions\//;

describe.each([
  ["appends", () => memoryBackend()],
  ["creates an object a flush", () => objectsOnly()],
])("on a store that %s", (_, make) => {
  test("each change of each object of sealed runs and of their chain is found", async () => {
    const backend = make();
    const { ledger, ids } = await makeLedger(backend);
    expect(await isFound(ledger)).toBe(false);
    const all = (await keysIn(backend, "")).filter((key) => sealedKey.test(key));
    const contents = new Map(await Promise.all(all.map(async (key) => [key, await backend.read(key)] as const)));
    const missed: string[] = [];
    let tried = 0;
    const attempt = async (what: string, changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> => {
      tried++;
      const before = await Promise.all([...changes.keys()].map(async (key) => [key, contents.get(key)] as const));
      for (const [key, bytes] of changes) await put(backend, key, bytes);
      if (!(await isFound(ledger))) missed.push(what);
      for (const [key, bytes] of before) await put(backend, key, bytes);
    };
    for (const [key, bytes] of contents) {
      const step = Math.max(1, Math.floor(bytes.length / BYTES));
      for (let at = 0; at < bytes.length; at += step)
        await attempt(`byte ${at} of ${key}`, new Map([[key, bytes.with(at, bytes[at]! ^ 1)]]));
      await attempt(`${key} is removed`, new Map([[key, undefined]]));
      await attempt(`${key} is longer`, new Map([[key, new Uint8Array([...bytes, 32])]]));
      if (bytes.length > 0) await attempt(`${key} is cut`, new Map([[key, bytes.subarray(0, -1)]]));
    }
    // Swapped, and the one in place of the other.
    const list = [...contents].filter(([, bytes]) => bytes.length > 0);
    for (const [i, [key, bytes]] of list.entries()) {
      for (const [other, others] of list.slice(i + 1)) {
        const isAlike = key.split("/").at(-1)!.replace(/\d+/g, "") === other.split("/").at(-1)!.replace(/\d+/g, "");
        if (!isAlike || Buffer.compare(bytes, others) === 0) continue;
        await attempt(
          `${key} and ${other} are swapped`,
          new Map([
            [key, others],
            [other, bytes],
          ]),
        );
        await attempt(`${key} is ${other}`, new Map([[key, others]]));
        await attempt(`${other} is ${key}`, new Map([[other, bytes]]));
      }
    }
    // Added to a run: objects of the format, under names that are free, and others.
    const run = `runs/${ids[0]}`;
    for (const name of [
      "run.0009.json",
      "metrics.0009.parquet",
      "metrics.0009.overview",
      "journal/w9.000000",
      "fences/000009.json",
      "fences/000001.end.w9.3",
      "media/w9.0-1." + "a".repeat(64),
      "metrics-w9.events",
      "README.md",
    ])
      await attempt(`${name} is added`, new Map([[`${run}/${name}`, contents.get(`${run}/run.json`)!]]));
    // Whole runs, with all that names them but the chain, and single links.
    for (const id of ids) {
      const own = all.filter((key) => key.startsWith(`runs/${id}/`));
      await attempt(`run ${id} is removed`, new Map(own.map((key) => [key, undefined])));
      await attempt(
        `the seal of ${id} is removed`,
        new Map(own.filter((key) => /seal|signatures/.test(key)).map((key) => [key, undefined])),
      );
    }
    console.info(`seals: ${tried} changes of ${contents.size} objects`);
    expect(missed).toEqual([]);
    expect(tried).toBeGreaterThan(300);
    expect(await isFound(ledger)).toBe(false);
  });
});
