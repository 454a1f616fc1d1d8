import { describe, expect, test } from "vitest";
import { layer } from "../../src/backend/layers/layer.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, type Ledger, openLedger } from "../../src/index.ts";
import { faultyBackend } from "../../src/testing/index.ts";
import { stride } from "../rounds.ts";

const code = (expected: string, message?: RegExp): object =>
  expect.objectContaining({ code: expected, ...(message && { message: expect.stringMatching(message) }) });

const PLACES: [string, () => Backend][] = [
  ["exclusive creates", () => memoryBackend()],
  [
    "no exclusive creates",
    () => {
      const inner = memoryBackend();
      return { ...layer(inner, {}), capabilities: { ...inner.capabilities, exclusiveCreate: false } };
    },
  ],
];

async function logged(ledger: Ledger, texts: readonly string[], aliases: Record<number, string[]> = {}) {
  const run = await ledger.startRun({ environment: false });
  const versions = [];
  for (const [i, text] of texts.entries())
    versions.push(await run.logArtifact("model", { text }, { aliases: aliases[i] ?? [] }));
  await run.finish();
  return { id: run.id, versions };
}

const tags = async (ledger: Ledger): Promise<string[]> =>
  (await ledger.artifactVersions("model")).map(({ version }) => version);

describe.each(PLACES)("%s", (_name, place) => {
  test("a removed version is gone, its number stays taken, and runs keep their record of it", async () => {
    const ledger = await openLedger(place());
    const { id, versions } = await logged(ledger, ["a", "b", "c"]);
    await ledger.removeArtifact("model:v1");
    await ledger.removeArtifact(versions[2]!);
    expect(await tags(ledger)).toEqual(["v0"]);
    expect((await ledger.openArtifact("model")).version.version).toBe("v0");
    for (const ref of ["model:v1", "model:v2", versions[1]!, versions[2]!])
      await expect(ledger.openArtifact(ref)).rejects.toEqual(code("ARTIFACT_NOT_FOUND", /model:v\d was removed/));
    await expect(ledger.openArtifact(`model@${versions[1]!.digest}`)).rejects.toEqual(
      code("ARTIFACT_NOT_FOUND", /model:v1 was removed/),
    );
    await ledger.removeArtifact("model:v1");
    expect((await ledger.getRun(id)).artifacts.map(({ version }) => version)).toEqual(["v0", "v1", "v2"]);
    const again = await logged(ledger, ["c", "d"]);
    expect(again.versions.map(({ version }) => version)).toEqual(["v3", "v4"]);
    expect(await (await ledger.openArtifact(`model@${versions[2]!.digest}`)).read()).toEqual(Uint8Array.of(99));
    expect(await ledger.verify()).toMatchObject({ intact: true, problems: [] });
  });

  test("when all versions are removed, the next one still has a number of its own", async () => {
    const ledger = await openLedger(place());
    await logged(ledger, ["a", "b"]);
    for (const ref of ["model:v0", "model:v1"]) await ledger.removeArtifact(ref);
    expect(await tags(ledger)).toEqual([]);
    for (const ref of ["model", "model:best", "model:v7"])
      await expect(ledger.openArtifact(ref)).rejects.toEqual(
        code("ARTIFACT_NOT_FOUND", /^"model" has no version any more: all were removed$/),
      );
    expect((await logged(ledger, ["b"])).versions[0]!.version).toBe("v2");
  });

  test("a version with aliases is removed only by force, and the aliases with it", async () => {
    const ledger = await openLedger(place());
    await logged(ledger, ["a", "b"], { 0: ["best", "prod"], 1: ["new"] });
    await expect(ledger.removeArtifact("model:v0")).rejects.toEqual(code("CONFLICT", /best, prod/));
    await ledger.removeArtifact("model:v0", { force: true });
    expect(await tags(ledger)).toEqual(["v1"]);
    await expect(ledger.openArtifact("model:prod")).rejects.toEqual(code("ARTIFACT_NOT_FOUND", /no alias "prod"/));
    expect((await ledger.openArtifact("model:new")).version.aliases).toEqual(["new"]);
    await expect(ledger.setAlias("model", "v0", "best")).rejects.toEqual(code("ARTIFACT_NOT_FOUND", /was removed/));
    expect((await ledger.verify()).intact).toBe(true);
  });
});

test("bad arguments and what is not there are refused", async () => {
  const ledger = await openLedger(memoryBackend());
  await logged(ledger, ["a"]);
  await expect(ledger.removeArtifact("other:v0")).rejects.toEqual(code("ARTIFACT_NOT_FOUND"));
  await expect(ledger.removeArtifact("model:v7")).rejects.toEqual(code("ARTIFACT_NOT_FOUND"));
  await expect(ledger.removeArtifact("model:v0", { force: 1 as never })).rejects.toEqual(code("INVALID_ARGUMENT"));
  await expect(ledger.removeArtifact(3 as never)).rejects.toEqual(code("INVALID_ARGUMENT"));
  // Each may mean another version the next time.
  for (const ref of ["model", "model:latest", "model:best"])
    await expect(ledger.removeArtifact(ref, { force: true })).rejects.toEqual(
      code("INVALID_ARGUMENT", /must name one version/),
    );
  expect(await tags(ledger)).toEqual(["v0"]);
});

test("a version whose manifest is damaged can be removed, and is no problem any more", async () => {
  const backend = memoryBackend();
  const ledger = await openLedger(backend, { onError: () => {} });
  const { versions } = await logged(ledger, ["a", "b"]);
  const { key } = versions[0]!.manifest;
  await backend.remove(key);
  await backend.create(key, new Uint8Array(3));
  await ledger.removeArtifact("model:v0");
  const { problems } = await ledger.verify();
  // The run recorded another manifest at this key than the one that is there.
  expect(problems.filter((problem) => problem.key !== key)).toEqual([]);
});

test("killed at every operation, a version with aliases is whole or removed, and a second call completes", async () => {
  for (let at = 1; ; at += stride(1)) {
    const inner = memoryBackend();
    const { versions } = await logged(await openLedger(inner), ["a", "b"], { 0: ["best", "prod"] });
    const backend = faultyBackend(inner, [{ at, mode: "crash-after" }]);
    let crashed = false;
    try {
      await (await openLedger(backend)).removeArtifact("model:v0", { force: true });
    } catch {
      crashed = backend.crashed;
    }
    const after = await openLedger(inner);
    const found = (await after.artifactVersions("model")).map(({ version }) => version);
    expect(["v0,v1", "v1"]).toContain(found.join());
    if (found.length === 2) expect(await (await after.openArtifact(versions[0]!)).read()).toEqual(Uint8Array.of(97));
    expect((await after.verify()).problems).toEqual([]);
    await after.removeArtifact("model:v0", { force: true });
    expect(await tags(after)).toEqual(["v1"]);
    if (!crashed) return;
  }
});

/** A ledger whose backend calls `act` once, before it creates an object whose key matches. */
async function interrupted(inner: Backend, pattern: RegExp, act: () => Promise<unknown>): Promise<Ledger> {
  let isDone = false;
  return await openLedger({
    ...layer(inner, {
      create: async (key, body, options) => {
        if (!isDone && pattern.test(key)) {
          isDone = true;
          await act();
        }
        await inner.create(key, body, options);
      },
    }),
    capabilities: inner.capabilities,
  });
}

describe.each(PLACES)("at the same moment, with %s", (_name, place) => {
  test("an alias that is set before the marker is stored keeps the version", async () => {
    const inner = place();
    const ledger = await openLedger(inner);
    await logged(ledger, ["a", "b", "c"]);
    const remover = await interrupted(inner, /removed$/, () => ledger.setAlias("model", "v0", "prod"));
    await expect(remover.removeArtifact("model:v0")).rejects.toEqual(code("CONFLICT", /got aliases \(prod\)/));
    expect((await ledger.openArtifact("model:prod")).version.version).toBe("v0");
    expect(await tags(ledger)).toEqual(["v0", "v1", "v2"]);
    expect((await ledger.verify()).intact).toBe(true);
    const forced = await interrupted(inner, /removed$/, () => ledger.setAlias("model", "v0", "late"));
    await forced.removeArtifact("model:v0", { force: true });
    await expect(ledger.openArtifact("model:late")).rejects.toEqual(code("ARTIFACT_NOT_FOUND", /no alias "late"/));
  });

  test("an alias that is set after the marker is stored is refused, and means what it meant", async () => {
    const inner = place();
    const ledger = await openLedger(inner);
    await logged(ledger, ["a", "b"], { 1: ["prod"] });
    for (const alias of ["prod", "new"]) {
      const setter = await interrupted(inner, /aliases/, () => ledger.removeArtifact("model:v0"));
      await expect(setter.setAlias("model", "v0", alias)).rejects.toEqual(code("ARTIFACT_NOT_FOUND", /v0 was removed/));
    }
    const [only] = await ledger.artifactVersions("model");
    expect(only).toMatchObject({ version: "v1", aliases: ["prod"] });
  });

  test("content whose version is removed while it is logged gets another version", async () => {
    const inner = place();
    const ledger = await openLedger(inner);
    await logged(ledger, ["a"]);
    const logger = await interrupted(inner, /aliases/, () => ledger.removeArtifact("model:v0"));
    const { versions } = await logged(logger, ["a"], { 0: ["best"] });
    expect(versions[0]).toMatchObject({ version: "v1", aliases: ["best"] });
    expect((await ledger.openArtifact("model:best")).version.version).toBe("v1");
  });
});

test("setting an alias and removing each take one request more to look for the other", async () => {
  const backend = faultyBackend(memoryBackend(), []);
  const ledger = await openLedger(backend);
  await logged(ledger, ["a", "b"]);
  const count = async (act: () => Promise<unknown>, isIt: (kind: string, key: string) => boolean): Promise<number> => {
    const before = backend.operations.log.length;
    await act();
    return backend.operations.log.slice(before).filter(({ operation, key }) => isIt(operation, key)).length;
  };
  const isMarker = (key: string): boolean => key.endsWith(".removed");
  const isStat = (kind: string, key: string): boolean => kind === "stat" && isMarker(key);
  // One to find the version, one after the alias is stored.
  expect(await count(() => ledger.setAlias("model", "v1", "best"), isStat)).toBe(2);
  const isAliases = (kind: string, key: string): boolean => kind === "list" && key.endsWith("/aliases");
  expect(await count(() => ledger.removeArtifact("model:v0"), isAliases)).toBe(2);
});
