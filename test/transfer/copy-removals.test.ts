import { expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { copyRuns, type Ledger, openLedger } from "../../src/index.ts";

const open = async (): Promise<Ledger> => await openLedger(memoryBackend());

/** Logs versions of `m`, the first one with an alias. */
async function log(ledger: Ledger, id: string, ...texts: readonly string[]): Promise<void> {
  await ledger.withRun({ id, environment: false }, async (run) => {
    for (const [i, text] of texts.entries()) await run.logArtifact("m", { text }, i === 0 ? { aliases: ["prod"] } : {});
  });
}

/** Removes also the manifests of removed versions. */
async function collect(ledger: Ledger): Promise<void> {
  let removed = 0;
  for (let i = 0; i < 3; i++) removed += (await ledger.gc({ dryRun: false, graceMs: 0 })).removed.length;
  expect(removed).toBeGreaterThan(0);
}

test.each([false, true])(
  "a version does not come under the number of another one that was removed (gc: %s)",
  async (gc) => {
    const [a, b] = [await open(), await open()];
    await log(a, "x", "precious");
    await log(b, "old", "0", "1");
    await b.removeArtifact("m:v0", { force: true });
    if (gc) await collect(b);
    const { copied, conflicts } = await copyRuns(a, b);
    expect([copied, conflicts.map(({ id }) => id)]).toEqual([[], ["x"]]);
    expect((await b.searchRuns()).runs.map(({ id }) => id)).toEqual(["old"]);
    expect((await b.verify()).problems).toEqual([]);
  },
);

test.each([false, true])("a version that was removed in the target stays so, without aliases (gc: %s)", async (gc) => {
  const [a, b] = [await open(), await open()];
  await log(a, "x", "0", "1");
  await a.withRun({ id: "user", environment: false }, async (run) => void (await run.useArtifact("m:v0")));
  await copyRuns(a, b);
  await b.removeArtifact("m:v0", { force: true });
  if (gc) await collect(b);
  for (let i = 0; i < 2; i++) {
    const { copied, skipped, conflicts } = await copyRuns(a, b);
    expect([copied, skipped.length, conflicts]).toEqual([[], 2, []]);
    await expect(b.openArtifact("m:prod")).rejects.toMatchObject({ code: "ARTIFACT_NOT_FOUND" });
    expect((await b.artifactVersions("m")).map(({ version, aliases }) => [version, aliases])).toEqual([["v1", []]]);
    expect((await b.verify()).problems).toEqual([]);
  }
});

const exported = async (ledger: Ledger, id: string): Promise<Uint8Array> => {
  const stream = await ledger.exportRun(id, { format: "zip" });
  return new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
};

test.each([false, true])("an archive has aliases and says what was removed (gc: %s)", async (gc) => {
  const [a, b] = [await open(), await open()];
  await log(a, "x", "0", "1", "2");
  await a.setAlias("m", "v2", "best");
  await a.setAlias("m", "v1", "prod");
  await a.removeArtifact("m:v0");
  if (gc) await collect(a);
  const zip = await exported(a, "x");
  await b.importRun(zip);
  expect((await b.artifactVersions("m")).map(({ version, aliases }) => [version, aliases])).toEqual([
    ["v1", ["prod"]],
    ["v2", ["best"]],
  ]);
  await expect(b.openArtifact("m:v0")).rejects.toThrow("removed");
  expect((await b.verify()).problems).toEqual([]);
  expect(await exported(b, "x")).toEqual(zip);
});

test("an alias that the ledger has already stays as it is", async () => {
  const [a, b] = [await open(), await open()];
  await log(a, "x", "0", "1");
  await a.withRun({ id: "later", environment: false }, async (run) => {
    await run.logArtifact("m", { text: "2" }, { aliases: ["next"] });
  });
  await b.importRun(await exported(a, "later"));
  await b.setAlias("m", "v2", "prod");
  await b.importRun(await exported(a, "x"));
  expect((await b.artifactVersions("m")).map(({ aliases }) => aliases)).toEqual([[], [], ["next", "prod"]]);
});

test.each([false, true])("an archive is refused where another version was removed (gc: %s)", async (gc) => {
  const [a, b] = [await open(), await open()];
  await log(a, "x", "precious");
  await log(b, "old", "0", "1");
  await b.removeArtifact("m:v0", { force: true });
  if (gc) await collect(b);
  const zip = await exported(a, "x");
  await expect(b.importRun(zip)).rejects.toMatchObject({ code: "CONFLICT" });
  expect((await b.searchRuns()).runs.map(({ id }) => id)).toEqual(["old"]);
  expect((await b.verify()).problems).toEqual([]);
});
