import { describe, expect, test } from "vitest";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { faultyBackend } from "../../src/testing/index.ts";
import { volatileBackend } from "../faults/removals/volatile-backend.ts";
import { artifacts, failure, override, replace, sha256, spied } from "./fixtures.ts";

const aliasKeys = "artifacts/m/aliases/best";

describe("the aliases of a name", () => {
  test("only the last move stays", async () => {
    const { backend, keys } = spied();
    const store = artifacts(backend);
    for (const text of ["a", "b", "c"]) await store.log("m", { text }, { aliases: ["best"] });
    expect(await keys(aliasKeys)).toEqual([`${aliasKeys}/99999997.v2`]);
    await store.setAlias("m", "v0", "best");
    expect(await keys(aliasKeys)).toEqual([`${aliasKeys}/99999996.v0`]);
    await store.setAlias("m", "v0", "best");
    expect(await keys(aliasKeys)).toEqual([`${aliasKeys}/99999996.v0`]);
  });

  test("a writer that died between storing and removing leaves nothing that counts", async () => {
    const { backend, keys } = spied();
    const store = artifacts(backend);
    for (const text of ["a", "b"]) await store.log("m", { text }, { aliases: ["best"] });
    await backend.create(`${aliasKeys}/99999999.v0`, new Uint8Array(0));
    expect((await store.resolve("m:best")).aliases).toEqual(["best"]);
    expect((await store.versions("m")).map(({ aliases }) => aliases)).toEqual([[], ["best"]]);
    await store.setAlias("m", "v0", "best");
    expect(await keys(aliasKeys)).toEqual([`${aliasKeys}/99999997.v0`]);
  });

  test("a slow writer does not undo what others did meanwhile", async () => {
    const { backend, keys } = spied();
    const store = artifacts(backend);
    for (const text of ["a", "b", "c"]) await store.log("m", { text });
    await store.setAlias("m", "v0", "best");
    let release = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    let arrive = (): void => {};
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    const slow = override(backend, (inner) => ({
      create: async (...args) => {
        arrive();
        await released;
        await inner.create(...args);
      },
    }));
    const late = artifacts(slow).setAlias("m", "v1", "best");
    await arrived;
    for (const version of ["v2", "v0", "v2"]) await store.setAlias("m", version, "best");
    release();
    await late;
    expect((await store.resolve("m:best")).version).toBe("v2");
    await store.setAlias("m", "v1", "best");
    expect(await keys(aliasKeys)).toEqual([`${aliasKeys}/99999995.v1`]);
  });

  test.each([true, false])(
    "20 writers at once, exclusive creates: %s: the alias means one version",
    async (exclusive) => {
      const { backend, keys } = spied({ exclusiveCreate: exclusive });
      const store = artifacts(backend);
      for (let i = 0; i < 20; i++) await store.log("m", { text: `${i}` });
      await Promise.all(Array.from({ length: 20 }, (_, i) => artifacts(backend).setAlias("m", i, "best")));
      const { version } = await store.resolve("m:best");
      expect((await store.versions("m")).filter(({ aliases }) => aliases.length > 0)).toMatchObject([{ version }]);
      await store.setAlias("m", version === "v0" ? 1 : 0, "best");
      expect(await keys(aliasKeys)).toHaveLength(1);
    },
  );

  test("a move resolves even if the older record cannot be removed, and tries only one", async () => {
    const { backend, calls } = spied();
    for (const text of ["a", "b", "c"]) await artifacts(backend).log("m", { text });
    const kept = override(backend, (inner) => ({
      remove: async (key) => {
        calls.push(`remove ${key}`);
        throw new LedgerError("PERMISSION_DENIED", "no", { key });
      },
      list: (...args) => inner.list(...args),
    }));
    const store = artifacts(kept);
    for (let i = 0; i < 6; i++) expect((await store.setAlias("m", i % 3, "best")).aliases).toEqual(["best"]);
    expect(calls.filter((call) => call.startsWith("remove "))).toHaveLength(5);
    expect((await store.resolve("m:best")).version).toBe("v2");
  });

  test("an alias that was on the disk survives a power cut at any moment of a move", async () => {
    const backend = volatileBackend();
    const store = artifacts(backend);
    for (const text of ["a", "b", "c"]) await store.log("m", { text }, { aliases: ["best"] });
    backend.sync();
    for (const version of ["v0", "v1"]) await store.setAlias("m", version, "best");
    expect(backend.cuts.filter(({ after }) => after.startsWith("remove"))).toHaveLength(2);
    for (const { after, disk } of backend.cuts) {
      const image = memoryBackend();
      image.restore(disk);
      const { version } = await artifacts(image).resolve("m:best");
      expect(["v2", "v0", "v1"], after).toContain(version);
    }
  });

  test("keys of other forms mean nothing", async () => {
    const { backend } = spied();
    const store = artifacts(backend);
    await store.log("m", { text: "a" }, { aliases: ["best"] });
    for (const key of ["00000000.x", "0.v0", "00000000.v0.json/x", "=zz/00000000.v0", "00000001.v01", "00000002"])
      await backend.create(`${aliasKeys}/${key}`, new Uint8Array(1));
    await backend.create("artifacts/m/aliases/=ff/00000000.v0", new Uint8Array(0));
    expect((await store.resolve("m:best")).aliases).toEqual(["best"]);
  });
});

describe("a version by its digest", () => {
  const ref = (text: string): string => `m@sha256:${sha256(text)}`;
  const marker = (text: string, digits: string): string =>
    `artifacts/m/digests/${sha256(text).slice(0, 2)}/${sha256(text)}.${digits}`;

  test("is the newest one with that content that can be read", async () => {
    const { backend } = spied();
    const store = artifacts(backend);
    for (const text of ["a", "b", "a", "c"]) await store.log("m", { text });
    expect((await store.resolve(ref("a"))).version).toBe("v2");
    await replace(backend, "artifacts/m/versions/999999/97.json", new TextEncoder().encode("{"));
    expect((await store.resolve(ref("a"))).version).toBe("v0");
  });

  test("is found past entries whose writers died or lost the number", async () => {
    const { backend } = spied();
    const store = artifacts(backend);
    for (const text of ["a", "b"]) await store.log("m", { text });
    for (const digits of ["99999998", "99999990", "99999990.abc", "x"])
      await backend.create(marker("a", digits), new Uint8Array(0));
    expect((await store.resolve(ref("a"))).version).toBe("v0");
    await backend.create(marker("nothing", "99999998"), new Uint8Array(0));
    expect((await failure(store.resolve(ref("nothing")))).code).toBe("ARTIFACT_NOT_FOUND");
  });

  test.each([true, false])(
    "is found if only its manifest was copied, exclusive creates: %s",
    async (exclusiveCreate) => {
      const from = spied({ exclusiveCreate });
      for (const text of ["a", "b", "c"]) await artifacts(from.backend).log("m", { text });
      const to = memoryBackend();
      for (const key of await from.keys("artifacts/m/versions")) await to.create(key, await from.backend.read(key));
      const store = artifacts(to);
      expect((await store.resolve(ref("b"))).version).toBe("v1");
      await store.log("m", { text: "d" });
      expect((await store.resolve(ref("b"))).version).toBe("v1");
      expect((await failure(store.resolve(ref("none")))).message).toContain("its newest version is v3");
    },
  );
});

test("a writer that dies at any operation leaves versions without gaps, each found in each way", async () => {
  for (const mode of ["crash-before", "crash-after", "torn"] as const) {
    for (const exclusiveCreate of [true, false]) {
      let died = true;
      for (let at = 1; died; at++) {
        const { backend } = spied({ exclusiveCreate });
        const before = artifacts(backend);
        for (const text of ["a", "b"]) await before.log("m", { text }, { aliases: ["best"] });
        const faulty = faultyBackend(backend, [{ mode, at }]);
        const logged = await artifacts(faulty)
          .log("m", { text: "c" }, { aliases: ["best"] })
          .catch(() => undefined);
        died = faulty.crashed;
        const where = `${mode} at ${at}`;

        const after = artifacts(backend);
        const left = await after.versions("m");
        expect(left.length, where).toBeGreaterThanOrEqual(logged === undefined ? 2 : 3);
        const { version } = await after.resolve("m:best");
        expect(["v1", "v2"], where).toContain(version);
        await after.log("m", { text: "d" }, { aliases: ["best"] });
        const versions = await after.versions("m");
        expect(versions.map((each) => each.version, where)).toEqual(versions.map((_, i) => `v${i}`));
        for (const each of versions) {
          expect((await after.resolve(`m@${each.digest}`)).version, where).toBe(each.version);
          expect((await after.resolve(`m:${each.version}`)).digest, where).toBe(each.digest);
        }
        expect((await after.resolve("m:best")).version, where).toBe(versions.at(-1)?.version);
      }
    }
  }
});
