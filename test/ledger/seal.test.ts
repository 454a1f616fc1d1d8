import { describe, expect, test } from "vitest";
import { fsBackend } from "../../src/backends/fs/index.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, openLedger, type Run } from "../../src/index.ts";
import { generateSigner, importSigner, privateKey, publicKey } from "../../src/seal/index.ts";
import { createTestClock, seededIds } from "../../src/testing/index.ts";
import { objectsOnly } from "../journal/records.ts";
import { closedRuns, opener, places, withoutExclusiveCreate } from "../run-objects/closed-runs.ts";
import { keysIn } from "../run-objects/found-objects.ts";

const code = (name: string): object => expect.objectContaining({ code: name });

/** A backend with some other members. */
function changed(inner: Backend, members: Partial<Backend>): Backend {
  return new Proxy(inner, {
    get(target, name: keyof Backend) {
      const value: unknown = Object.hasOwn(members, name) ? members[name] : target[name];
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function contentsOf(backend: Backend): Promise<Map<string, string>> {
  const keys = await keysIn(backend, "");
  return new Map(
    await Promise.all(keys.map(async (key) => [key, Buffer.from(await backend.read(key)).toString("hex")] as const)),
  );
}

describe.each(places.filter(([, make]) => make().capabilities.exclusiveCreate))("on a store that %s", (_, make) => {
  test.each(Object.entries(closedRuns))("a run %s is sealed as it is", async (_name, close) => {
    const backend = make();
    const open = opener(backend);
    const id = await close(open, backend);
    const ledger = await open();
    if ((await ledger.getRun(id)).deletedAt !== undefined) await ledger.restoreRun(id);
    const before = await ledger.getRun(id);
    const histories = await ledger.histories(id);
    const seal = await ledger.seal(id);
    expect(await ledger.getRun(id)).toEqual(before);
    expect(await ledger.histories(id)).toEqual(histories);
    const found = await ledger.verify(id);
    expect(found).toMatchObject({ intact: true, sealed: true, signedBy: [], problems: [], lateRecords: [] });
    expect((await ledger.verify()).problems).toEqual([]);
    expect((await ledger.verify(id, { readData: false })).problems).toEqual([]);
    // Again: the same seal, and nothing is stored.
    const contents = await contentsOf(backend);
    expect(await (await open()).seal(id)).toEqual(seal);
    expect(await contentsOf(backend)).toEqual(contents);
    // What takes care of a ledger changes nothing about a sealed run.
    await (await open()).recover();
    await ledger.deleteRun(id);
    await ledger.restoreRun(id);
    expect(await ledger.verify(id)).toMatchObject({ intact: true, sealed: true, lateRecords: [] });
    for (const mode of ["join", "exclusive"] as const)
      await expect(ledger.resumeRun(id, { mode })).rejects.toEqual(code("RUN_CLOSED"));
    const rest = (all: Map<string, string>): unknown => [...all].filter(([key]) => !/lifecycle|^experiments/.test(key));
    expect(rest(await contentsOf(backend))).toEqual(rest(contents));
  });
});

async function finished(backend: Backend): Promise<string> {
  const ledger = await openLedger(backend, { onError: () => {} });
  const run = await ledger.startRun({ environment: false, experiment: "e" });
  for (let i = 0; i < 5; i++) run.log({ loss: i });
  await run.logArtifact("model", new Uint8Array(100));
  await run.logText("note", "x".repeat(100_000));
  await run.finish();
  return run.id;
}

test("a seal is signed, and signed by another key later", async () => {
  const backend = memoryBackend();
  const id = await finished(backend);
  const ledger = await openLedger(backend);
  const [one, two, other] = [
    await generateSigner({ keyId: "ci" }),
    await generateSigner({ keyId: "release", algorithm: "ES256" }),
    await generateSigner({ keyId: "other" }),
  ];
  const seal = await ledger.seal(id, { signer: one });
  expect(seal).toEqual({
    root: expect.stringMatching(/^[0-9a-f]{64}$/),
    size: 10,
    sealedAt: expect.any(Number),
    signedBy: ["ci"],
  });
  expect(await ledger.seal(id, { signer: two })).toEqual({ ...seal, signedBy: ["ci", "release"] });
  // Each signature of ES256 is another one: the first stays.
  expect(await ledger.seal(id, { signer: two })).toEqual({ ...seal, signedBy: ["ci", "release"] });
  const keys = [publicKey(one), publicKey(two)];
  expect(await ledger.verify(id, { keys })).toMatchObject({
    intact: true,
    signedBy: ["ci", "release"],
    unknownSigners: [],
  });
  expect(await ledger.verify(id)).toMatchObject({ intact: true, signedBy: [], unknownSigners: ["ci", "release"] });
  expect(await ledger.verify(undefined, { keys: [publicKey(two)] })).toMatchObject({
    intact: true,
    sealed: true,
    signedBy: ["release"],
    unknownSigners: ["ci"],
  });
  const forged = { ...publicKey(other), kid: "ci" };
  const { intact, signedBy, problems } = await ledger.verify(id, { keys: [forged] });
  expect({ intact, signedBy, kinds: problems.map(({ kind }) => kind) }).toEqual({
    intact: false,
    signedBy: [],
    kinds: ["signature"],
  });
});

test.each(["Ed25519", "ES256"] as const)(
  "a new key of %s under the id of another one is refused",
  async (algorithm) => {
    const backend = memoryBackend();
    const id = await finished(backend);
    const ledger = await openLedger(backend);
    const [old, fresh] = [
      await generateSigner({ keyId: "ci", algorithm }),
      await generateSigner({ keyId: "ci", algorithm }),
    ];
    await ledger.seal(id, { signer: old });
    const before = await contentsOf(backend);
    await expect(ledger.seal(id, { signer: fresh })).rejects.toMatchObject({
      code: "CONFLICT",
      field: "signer.keyId",
      message: expect.stringContaining('"ci" is taken') as string,
    });
    expect(await contentsOf(backend)).toEqual(before);
    expect((await ledger.seal(id, { signer: await importSigner(privateKey(old)) })).signedBy).toEqual(["ci"]);
    const keys = [publicKey(fresh), publicKey(old)];
    expect(await ledger.verify(id, { keys })).toMatchObject({ intact: true, signedBy: ["ci"], unknownSigners: [] });
    // Nothing tells whether a signer of others has the same key.
    const service = { keyId: "ci", sign: async (bytes: Uint8Array) => await fresh.sign(bytes) };
    expect((await ledger.seal(id, { signer: service })).signedBy).toEqual(["ci"]);
    expect(await contentsOf(backend)).toEqual(before);
  },
);

test("a key in the place of a signer is refused with the call that makes a signer of it", async () => {
  const backend = memoryBackend();
  const id = await finished(backend);
  const ledger = await openLedger(backend);
  const jwk = privateKey(await generateSigner());
  await expect(ledger.seal(id, { signer: jwk as never })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "signer",
    message: expect.stringContaining("importSigner(jwk)") as string,
  });
  for (const name of ["key", "privateKey", "jwk", "keys"])
    await expect(ledger.seal(id, { [name]: jwk } as never)).rejects.toMatchObject({
      code: "UNSUPPORTED",
      field: name,
      message: expect.stringContaining("write { signer }") as string,
    });
  await expect(ledger.seal(id, { other: 1 } as never)).rejects.toThrow(/^seal does not know the option "other"$/);
});

test("a signer that fails leaves no seal behind, and the next call completes it", async () => {
  const backend = memoryBackend();
  const id = await finished(backend);
  const ledger = await openLedger(backend);
  const refuse = { keyId: "kms", sign: () => Promise.reject(new Error("no")) };
  await expect(ledger.seal(id, { signer: refuse })).rejects.toThrow("no");
  expect(await backend.stat(`runs/${id}/seal.json`)).toBeUndefined();
  expect((await ledger.verify(id)).problems).toMatchObject([{ kind: "missing", key: `runs/${id}/seal.json` }]);
  await expect(ledger.resumeRun(id)).rejects.toEqual(code("RUN_CLOSED"));
  const signer = await generateSigner({ keyId: "kms" });
  await ledger.seal(id, { signer });
  expect(await ledger.verify(id, { keys: [publicKey(signer)] })).toMatchObject({ intact: true, signedBy: ["kms"] });
  // The link of the first call is used.
  expect(await keysIn(backend, "seals")).toEqual(["seals/e/99999998.json"]);
  expect((await ledger.verify()).problems).toEqual([]);
});

test("an open run is refused and stays as it is", async () => {
  const backend = memoryBackend();
  const clock = createTestClock();
  const ids = seededIds(1, () => clock.now());
  const ledger = await openLedger(backend, { clock, ids });
  const run = await ledger.startRun({ environment: false, flush: { intervalMs: 1e9 } });
  run.log({ a: 1 });
  await run.flush();
  const before = await contentsOf(backend);
  await expect(ledger.seal(run.id)).rejects.toEqual(code("CONFLICT"));
  expect(await contentsOf(backend)).toEqual(before);
  run.log({ a: 2 });
  await run.flush();
  const elsewhere = changed(backend, { liveness: { token: "other", isAlive: async () => undefined } });
  const heir = await openLedger(elsewhere, { clock, ids: seededIds(2, () => clock.now()) });
  // Nothing says that its thread has ended.
  await expect(heir.seal(run.id)).rejects.toEqual(code("CONFLICT"));
  await run.finish();
  await heir.seal(run.id);
  expect(await heir.verify(run.id)).toMatchObject({ intact: true, sealed: true });
});

test("a run whose session ended without closing it is sealed as interrupted, with all its points", async () => {
  const inner = memoryBackend();
  const living = (token: string, dead: string): Backend =>
    changed(inner, { liveness: { token, isAlive: async (asked) => (asked === dead ? false : undefined) } });
  const first = await openLedger(living("a", ""), { onError: () => {} });
  const run = await first.startRun({ environment: false, flush: { intervalMs: 1e9 } });
  run.log({ a: 1 });
  await run.flush();
  const ledger = await openLedger(living("b", "a"), { onError: () => {} });
  await ledger.seal(run.id);
  expect(await ledger.getRun(run.id)).toMatchObject({ status: "interrupted", metrics: { a: { count: 1 } } });
  expect(await ledger.verify(run.id)).toMatchObject({ intact: true, sealed: true, lateRecords: [] });
  // If the process lives after all, it is told that nothing more is stored.
  run.log({ a: 2 });
  await expect(run.flush()).rejects.toEqual(code("FENCED"));
  const after = await ledger.verify(run.id);
  expect(after).toMatchObject({ intact: true, sealed: true });
  expect(after.lateRecords).toEqual([expect.stringContaining(`runs/${run.id}/journal/`)]);
  expect(await ledger.getRun(run.id)).toMatchObject({ status: "interrupted", metrics: { a: { count: 1 } } });
});

test("a store that may create an object twice, and a run that is not there or deleted, are refused", async () => {
  const backend = withoutExclusiveCreate();
  const id = await finished(backend);
  const before = await contentsOf(backend);
  await expect((await openLedger(backend)).seal(id)).rejects.toEqual(code("UNSUPPORTED"));
  expect(await contentsOf(backend)).toEqual(before);
  const other = memoryBackend();
  const deleted = await finished(other);
  const ledger = await openLedger(other);
  await ledger.deleteRun(deleted);
  await expect(ledger.seal(deleted)).rejects.toEqual(code("RUN_CLOSED"));
  await expect(ledger.seal("nothing")).rejects.toEqual(code("RUN_NOT_FOUND"));
  await expect(ledger.seal(5 as never)).rejects.toEqual(code("INVALID_ARGUMENT"));
  await expect(ledger.seal(deleted, { signer: {} as never })).rejects.toEqual(code("INVALID_ARGUMENT"));
  await expect(ledger.seal(deleted, { key: 1 } as never)).rejects.toEqual(code("UNSUPPORTED"));
});

test("a run of which an object is missing or cut is not sealed", async () => {
  const backend = objectsOnly();
  const id = await finished(backend);
  const key = `runs/${id}/metrics.parquet`;
  const bytes = await backend.read(key);
  await backend.remove(key);
  await backend.create(key, bytes.subarray(1));
  const ledger = await openLedger(backend, { onError: () => {} });
  await expect(ledger.seal(id)).rejects.toEqual(code("CORRUPT"));
  expect(await backend.stat(`runs/${id}/seal.json`)).toBeUndefined();
});

test("a session that was open when a run was sealed stores nothing more, and says so", async () => {
  const backend = memoryBackend();
  const first = await openLedger(backend, { onError: () => {} });
  const run = await first.startRun({ environment: false, flush: { intervalMs: 1e9 } });
  run.log({ a: 1 });
  await run.finish();
  // It joined, and its process stands still before it stores the beginning of its session.
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  let isHeld = (): void => {};
  const reached = new Promise<void>((resolve) => (isHeld = resolve));
  const slow = changed(backend, {
    append: async (key, ...rest) => {
      isHeld();
      await held;
      await backend.append!(key, ...rest);
    },
  });
  const late: Promise<Run> = (await openLedger(slow, { onError: () => {} })).resumeRun(run.id);
  late.catch(() => {});
  await reached;
  const ledger = await openLedger(backend);
  await ledger.seal(run.id);
  release();
  await expect(late).rejects.toEqual(code("FENCED"));
  const { intact, lateRecords } = await ledger.verify(run.id);
  expect({ intact, lateRecords }).toEqual({
    intact: true,
    lateRecords: [expect.stringContaining(`runs/${run.id}/journal/`)],
  });
});

test("a directory is sealed, and a fork of a sealed run goes on", async () => {
  const { mkdtemp, rm } = await import("node:fs/promises");
  const { tmpdir } = await import("node:os");
  const { join } = await import("node:path");
  const directory = await mkdtemp(join(tmpdir(), "runledger-seal-"));
  try {
    const id = await finished(fsBackend(directory));
    const ledger = await openLedger(fsBackend(directory));
    await ledger.seal(id);
    expect(await ledger.verify()).toMatchObject({ intact: true, sealed: true });
    const fork = await ledger.startRun({ environment: false, forkOf: { run: id, step: 2 } });
    fork.log({ loss: 1 });
    await fork.finish();
    expect(await ledger.verify()).toMatchObject({ intact: true, sealed: false });
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("a purged run leaves its seal, and the chain is whole", async () => {
  const backend = memoryBackend();
  const id = await finished(backend);
  const ledger = await openLedger(backend);
  const signer = await generateSigner({ keyId: "k" });
  await ledger.seal(id, { signer });
  await ledger.purgeRun(id, { force: true });
  const names = (await keysIn(backend, `runs/${id}`)).map((key) => key.split("/")[2]);
  expect(names).toEqual(["purged.json", "seal.json", "seal.objects", "signatures"]);
  expect(await ledger.verify()).toMatchObject({ problems: [{ kind: "removed", key: `runs/${id}` }], lateRecords: [] });
  await backend.remove(`runs/${id}/seal.json`);
  expect((await ledger.verify()).problems).toMatchObject([{ kind: "missing", key: `runs/${id}/seal.json` }]);
});
