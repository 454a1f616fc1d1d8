import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { type Backend, type Ledger, openLedger } from "../../src/index.ts";
import { objectsOnly } from "../journal/records.ts";

const start = { environment: false } as const;

async function withVersions(make: () => Backend, count: number): Promise<{ backend: Backend; other: Ledger }> {
  const backend = make();
  const other = await openLedger(backend, { onError: () => {} });
  for (let i = 0; i < count; i++)
    await other.withRun(start, async (run) => void (await run.logArtifact("model", { text: `weights ${i}` })));
  return { backend, other };
}

/** Returns a store that calls `act` once, before or after the first create of a key that ends like this. */
function acting(backend: Backend, when: "before" | "after", end: string, act: () => Promise<unknown>): Backend {
  let isDone = false;
  return new Proxy(backend, {
    get(target, member) {
      const value: unknown = Reflect.get(target, member);
      if (typeof value !== "function") return value;
      if (member !== "create") return value.bind(target) as unknown;
      return async (...args: Parameters<Backend["create"]>) => {
        const acts = !isDone && args[0].endsWith(end);
        if (acts) isDone = true;
        if (acts && when === "before") await act();
        await target.create(...args);
        if (acts && when === "after") await act();
      };
    },
  });
}

const isThere = async (ledger: Ledger, ref: string): Promise<boolean> =>
  await ledger.openArtifact(ref).then(
    () => true,
    () => false,
  );

describe.each([
  ["that creates exclusively", () => memoryBackend() as Backend],
  ["of objects", () => objectsOnly() as Backend],
])("in a store %s", (_name, make) => {
  test.each(["before", "after"] as const)(
    "an alias that is set %s a removal stores its marker holds, or is refused",
    async (when) => {
      for (const remove of ["removeArtifact", "applyRetention"] as const) {
        const { backend, other } = await withVersions(make, 3);
        let isSet = false;
        const racing = acting(backend, when, ".removed", async () => {
          isSet = await other.setAlias("model", "v0", "production").then(
            () => true,
            () => false,
          );
        });
        const ledger = await openLedger(racing);
        const isRemoved = await (remove === "removeArtifact"
          ? ledger.removeArtifact("model:v0").then(
              () => true,
              () => false,
            )
          : ledger
              .applyRetention({ artifact: "model", keepLast: 2, dryRun: false })
              .then(({ removed }) => removed.length > 0));
        expect(isSet).toBe(when === "before");
        expect(isRemoved).toBe(!isSet);
        expect(await isThere(other, "model:v0")).toBe(isSet);
        expect(await isThere(other, "model:production")).toBe(isSet);
        expect((await other.artifactVersions("model")).flatMap(({ aliases }) => aliases)).toEqual(
          isSet ? ["production"] : [],
        );
      }
    },
  );

  test("an alias that is moved to a version that is just removed means what it meant before", async () => {
    const { backend, other } = await withVersions(make, 3);
    await other.setAlias("model", "v1", "production");
    const racing = acting(backend, "before", ".v0", async () => await other.removeArtifact("model:v0"));
    const ledger = await openLedger(racing);
    await expect(ledger.setAlias("model", "v0", "production")).rejects.toMatchObject({ code: "ARTIFACT_NOT_FOUND" });
    expect((await other.openArtifact("model:production")).version.version).toBe("v1");
    expect(await isThere(other, "model:v0")).toBe(false);
  });

  test("a run that logs with an alias what is just removed gets a version that is there", async () => {
    const { backend, other } = await withVersions(make, 1);
    const racing = acting(backend, "before", ".v0", async () => await other.removeArtifact("model:v0"));
    const ledger = await openLedger(racing);
    const run = await ledger.startRun({ ...start, id: "late" });
    const { version } = await run.logArtifact("model", { text: "weights 0" }, { aliases: ["best"] });
    await run.finish();
    expect(version).toBe("v1");
    expect((await other.openArtifact("model:best")).version.version).toBe("v1");
    expect((await other.verify("late")).problems).toEqual([]);
  });

  test("a removal that is forced takes an alias with it that is set meanwhile", async () => {
    const { backend, other } = await withVersions(make, 2);
    const racing = acting(backend, "before", ".removed", async () => await other.setAlias("model", "v0", "best"));
    await (await openLedger(racing)).removeArtifact("model:v0", { force: true });
    expect((await other.artifactVersions("model")).map(({ version, aliases }) => [version, aliases])).toEqual([
      ["v1", []],
    ]);
    await expect(other.openArtifact("model:best")).rejects.toThrow(/alias/);
  });
});
