import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openLedger } from "../../src/index.ts";
import { failure, sha256, spied } from "../artifacts/fixtures.ts";
import { cases } from "../rounds.ts";

type Files = Readonly<Record<string, string>>;

async function logged(...versions: readonly Files[]): Promise<{
  ledger: Awaited<ReturnType<typeof openLedger>>;
  calls: string[];
}> {
  const { backend, calls } = spied();
  const ledger = await openLedger(backend);
  await ledger.withRun({}, async (run) => {
    for (const [number, files] of versions.entries()) {
      const sources = Object.fromEntries(Object.entries(files).map(([path, text]) => [path, { text }]));
      await run.logArtifact("m", { files: sources }, { metadata: { number } });
    }
  });
  return { ledger, calls };
}

const contentOf = (text: string): { size: number; digest: string } => ({
  size: new TextEncoder().encode(text).length,
  digest: `sha256:${sha256(text)}`,
});

/** What differs, said as simply as possible. */
function expected(a: Files, b: Files): unknown {
  const paths = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  paths.sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
  const only = (some: Files, other: Files): unknown[] =>
    paths
      .filter((path) => Object.hasOwn(some, path) && !Object.hasOwn(other, path))
      .map((path) => ({ path, ...contentOf(some[path] as string) }));
  const both = paths.filter((path) => Object.hasOwn(a, path) && Object.hasOwn(b, path));
  return {
    added: only(b, a),
    removed: only(a, b),
    changed: both
      .filter((path) => a[path] !== b[path])
      .map((path) => ({ path, a: contentOf(a[path] as string), b: contentOf(b[path] as string) })),
    same: both.filter((path) => a[path] === b[path]).map((path) => ({ path, ...contentOf(a[path] as string) })),
  };
}

describe("diffArtifacts", () => {
  test("says of each file whether it was added, removed, changed or kept", async () => {
    const path = fc.constantFrom("a", "b", "dir/a", "dir/b", "é", "\u{1f3e0}", "\uffee", "__proto__");
    const files = fc.dictionary(path, fc.constantFrom("", "x", "y"));
    await fc.assert(
      fc.asyncProperty(files, files, async (a, b) => {
        const { ledger } = await logged(a, b);
        expect(await ledger.diffArtifacts("m:v0", "m:v1")).toEqual(expected(a, b));
      }),
      { numRuns: cases(60) },
    );
  });

  test("takes references, versions and opened versions, and reads manifests alone", async () => {
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${i}`, `${i}`]));
    const { ledger, calls } = await logged({ ...many, a: "1", b: "2" }, { ...many, a: "1", b: "3" });
    const versions = await ledger.artifactVersions("m");
    const opened = await ledger.openArtifact("m:v1");
    calls.length = 0;
    for (const [a, b] of [
      ["m:v0", "m"],
      [versions[0]!, opened],
      ["m:v0", versions[1]!],
    ] as const) {
      const diff = await ledger.diffArtifacts(a, b);
      expect(diff.changed).toEqual([{ path: "b", a: contentOf("2"), b: contentOf("3") }]);
      expect(diff.same).toHaveLength(21);
      expect([diff.added, diff.removed]).toEqual([[], []]);
    }
    expect(calls.filter((call) => !/^(list|read|stat) artifacts\/m\//.test(call))).toEqual([]);
    calls.length = 0;
    expect((await ledger.diffArtifacts(opened, opened)).same).toHaveLength(22);
    expect(calls).toEqual([]);
  });

  test("refuses what is no reference, and stops when it is aborted", async () => {
    const { ledger } = await logged({ a: "" });
    expect(await failure(ledger.diffArtifacts("m", 5 as never))).toMatchObject({
      code: "INVALID_ARGUMENT",
      field: "b",
    });
    expect((await failure(ledger.diffArtifacts("m:v7", "m"))).code).toBe("ARTIFACT_NOT_FOUND");
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(ledger.diffArtifacts("m", "m", { signal })).rejects.toThrow("stop");
  });
});
