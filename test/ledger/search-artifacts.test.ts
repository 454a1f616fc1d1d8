import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ArtifactVersion, type Ledger, type LedgerError, openLedger } from "../../src/index.ts";
import type { ArtifactQuery } from "../../src/where/index.ts";
import { createTestClock } from "../../src/testing/index.ts";
import { failure, replace, spied, type Spy } from "../artifacts/fixtures.ts";
import { cases } from "../rounds.ts";

interface Made {
  readonly ledger: Ledger;
  readonly spy: Spy;
  readonly errors: LedgerError[];
  readonly runId: string;
}

/** Three artifacts whose versions are made in turn, one a second. */
async function make(versions = 8): Promise<Made> {
  const spy = spied();
  const clock = createTestClock();
  const errors: LedgerError[] = [];
  const ledger = await openLedger(spy.backend, { clock, onError: (error) => errors.push(error) });
  const run = await ledger.startRun({ environment: false });
  for (let i = 0; i < versions; i++) {
    await clock.advance(1000);
    const name = ["model", "data/train", "plot"][i % 3] as string;
    await run.logArtifact(
      name,
      { text: "x".repeat(i) },
      {
        ...(name !== "plot" && { type: name === "model" ? "model" : "dataset" }),
        ...(i % 2 === 0 && { description: `number ${i}` }),
        ...(i === 3 && { aliases: ["best", "prod"] }),
        metadata: { accuracy: i / 10, deep: { i }, "a b": `t${i}`, ...(i === 5 && { accuracy: Number.NaN }) },
      },
    );
  }
  await run.finish();
  spy.calls.length = 0;
  return { ledger, spy, errors, runId: run.id };
}

const refs = (versions: readonly ArtifactVersion[]): string[] => versions.map((each) => `${each.name}:${each.version}`);

async function pages(ledger: Ledger, query: ArtifactQuery): Promise<ArtifactVersion[]> {
  const all: ArtifactVersion[] = [];
  for (let pageToken: string | undefined; ;) {
    const page = await ledger.searchArtifacts({ ...query, pageToken });
    expect(page.versions.length).toBeLessThanOrEqual(query.limit ?? 100);
    all.push(...page.versions);
    if (page.nextPageToken === undefined) return all;
    expect(page.versions.length).toBe(query.limit ?? 100);
    pageToken = page.nextPageToken;
  }
}

describe("searchArtifacts", () => {
  test("returns all versions, newest first, as artifactVersions does", async () => {
    const { ledger } = await make();
    const { versions, nextPageToken } = await ledger.searchArtifacts();
    expect(nextPageToken).toBeUndefined();
    expect(refs(versions)).toEqual([
      "data/train:v2",
      "model:v2",
      "plot:v1",
      "data/train:v1",
      "model:v1",
      "plot:v0",
      "data/train:v0",
      "model:v0",
    ]);
    expect(versions.filter(({ name }) => name === "model")).toEqual(
      (await ledger.artifactVersions("model")).toReversed(),
    );
  });

  test.each([
    ["name = 'model' AND version >= 1", ["model:v2", "model:v1"]],
    ["name LIKE 'data/%' AND NOT version = 1", ["data/train:v2", "data/train:v0"]],
    ["type = 'model' AND size < 3", ["model:v0"]],
    ["alias = 'best'", ["model:v1"]],
    ["alias IN ('prod', 'none') AND alias = 'best'", ["model:v1"]],
    ["description IS NULL AND type IS NULL", ["plot:v1"]],
    ["description ILIKE 'NUMBER%'", ["model:v2", "data/train:v1", "plot:v0", "model:v0"]],
    ["metadata.accuracy > 0.55", ["data/train:v2", "model:v2"]],
    ["metadata.deep.i = 4 OR metadata.`a b` = 't2' OR attributes.size = 0", ["data/train:v1", "plot:v0", "model:v0"]],
    ["metadata.none = 1", []],
    ["metadata.none IS NULL AND size > 6", ["data/train:v2"]],
  ])("%s", async (filter, expected) => {
    const { ledger } = await make();
    expect(refs((await ledger.searchArtifacts({ filter })).versions)).toEqual(expected);
  });

  test("dates, runs, names and types", async () => {
    const { ledger, runId } = await make();
    const all = (await ledger.searchArtifacts()).versions;
    const middle = new Date(all[3]!.createdAt).toISOString();
    const since = await ledger.searchArtifacts({ filter: `created_at >= '${middle}'` });
    expect(since.versions).toEqual(all.slice(0, 4));
    expect((await ledger.searchArtifacts({ filter: `run_id = '${runId}'` })).versions).toHaveLength(8);
    expect(refs((await ledger.searchArtifacts({ name: "plot" })).versions)).toEqual(["plot:v1", "plot:v0"]);
    expect((await ledger.searchArtifacts({ type: "dataset" })).versions).toHaveLength(3);
    expect((await ledger.searchArtifacts({ name: "never" })).versions).toEqual([]);
  });

  test("orders, with missing values last", async () => {
    const { ledger } = await make();
    const by = async (...orderBy: string[]): Promise<string[]> =>
      refs((await ledger.searchArtifacts({ orderBy, limit: 3 })).versions);
    expect(await by("size")).toEqual(["model:v0", "data/train:v0", "plot:v0"]);
    expect(await by("type DESC", "version")).toEqual(["model:v0", "model:v1", "model:v2"]);
    expect(await by("metadata.accuracy DESC")).toEqual(["data/train:v2", "model:v2", "data/train:v1"]);
    expect(refs((await ledger.searchArtifacts({ orderBy: "metadata.accuracy" })).versions).at(-1)).toBe("plot:v1");
    expect(await by("created_at")).toEqual(["model:v0", "data/train:v0", "plot:v0"]);
  });

  test("pages give every version once, in the same order", async () => {
    const { ledger } = await make(14);
    const query = fc.record({
      name: fc.constantFrom(undefined, "model", "plot"),
      filter: fc.constantFrom(undefined, "size > 2", "metadata.accuracy < 0.9"),
      orderBy: fc.constantFrom(undefined, "type", "metadata.accuracy DESC", "description"),
      limit: fc.integer({ min: 1, max: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(query, async (asked) => {
        const { versions } = await ledger.searchArtifacts({ ...asked, limit: 10_000 });
        expect(await pages(ledger, asked)).toEqual(versions);
      }),
      { numRuns: cases(60) },
    );
  });

  test("a page continues after a version that was removed", async () => {
    const { ledger } = await make(14);
    const { versions, nextPageToken: pageToken } = await ledger.searchArtifacts({ name: "model", limit: 2 });
    expect(refs(versions)).toEqual(["model:v4", "model:v3"]);
    await ledger.removeArtifact("model:v3");
    const next = await ledger.searchArtifacts({ name: "model", limit: 2, pageToken });
    expect(refs(next.versions)).toEqual(["model:v2", "model:v1"]);
    const other = await ledger.searchArtifacts({ limit: 1 });
    await ledger.removeArtifact(refs(other.versions)[0] as string);
    const gone = await failure(ledger.searchArtifacts({ limit: 1, pageToken: other.nextPageToken }));
    expect(gone).toMatchObject({ code: "INVALID_ARGUMENT", field: "pageToken" });
  });

  test("leaves out what is damaged, and tells onError", async () => {
    const { ledger, spy, errors } = await make();
    const key = "artifacts/model/versions/999999/98.json";
    await replace(spy.backend, key, new TextEncoder().encode("{}"));
    for (const query of [{}, { name: "model" }, { orderBy: "size" }]) {
      errors.length = 0;
      const found = refs((await ledger.searchArtifacts(query)).versions);
      expect(found).not.toContain("model:v1");
      expect(found).toContain("model:v0");
      expect(errors).toMatchObject([{ code: "CORRUPT", key }]);
    }
  });

  test("refuses what it does not know", async () => {
    const { ledger, spy } = await make(1);
    const { nextPageToken } = { nextPageToken: "00000000:model:v0" };
    const bad: [object, string, string][] = [
      [{ filter: "metrics.loss < 1" }, "INVALID_ARGUMENT", "filter"],
      [{ filter: "status = 'x'" }, "INVALID_ARGUMENT", "filter"],
      [{ filter: "metadata < 1" }, "INVALID_ARGUMENT", "filter"],
      [{ filter: "size = 'x'" }, "INVALID_ARGUMENT", "filter"],
      [{ filter: 5 }, "INVALID_ARGUMENT", "filter"],
      [{ orderBy: "alias" }, "INVALID_ARGUMENT", "orderBy"],
      [{ orderBy: "lr" }, "INVALID_ARGUMENT", "orderBy"],
      [{ name: "a:b" }, "INVALID_ARGUMENT", "name"],
      [{ type: "" }, "INVALID_ARGUMENT", "type"],
      [{ limit: 0 }, "INVALID_ARGUMENT", "limit"],
      [{ pageToken: "x" }, "INVALID_ARGUMENT", "pageToken"],
      [{ pageToken: nextPageToken }, "INVALID_ARGUMENT", "pageToken"],
      [{ experiment: "x" }, "UNSUPPORTED", "experiment"],
    ];
    for (const [query, code, field] of bad)
      expect([query, await failure(ledger.searchArtifacts(query))]).toMatchObject([query, { code, field }]);
    expect(spy.calls).toEqual([]);
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(ledger.searchArtifacts({ signal })).rejects.toThrow("stop");
  });
});

describe("requests", () => {
  test("one artifact, newest first: two listings, and the manifests of the page and one more", async () => {
    const { ledger, spy } = await make(90);
    const reads = (): number => spy.calls.filter((call) => call.startsWith("read ")).length;
    const { nextPageToken: pageToken } = await ledger.searchArtifacts({ name: "model", limit: 5 });
    expect(spy.calls.filter((call) => call.startsWith("list "))).toHaveLength(2);
    expect([spy.calls.length, reads()]).toEqual([8, 6]);
    spy.calls.length = 0;
    await ledger.searchArtifacts({ name: "model", limit: 5, pageToken });
    expect([spy.calls.length, reads()]).toEqual([8, 6]);
  });

  test("one artifact with a filter: at most 16 manifests more than it had to read", async () => {
    const { ledger, spy } = await make(90);
    const filter = "metadata.deep.i >= 81";
    const { versions } = await ledger.searchArtifacts({ name: "model", filter, limit: 2 });
    expect(refs(versions)).toEqual(["model:v29", "model:v28"]);
    expect(spy.calls.length).toBeLessThanOrEqual(2 + 3 + 16);
  });

  test("all artifacts: three listings for each, one more, and every manifest once", async () => {
    const { ledger, spy } = await make(30);
    await ledger.searchArtifacts({ limit: 2 });
    expect(spy.calls.filter((call) => call.startsWith("list "))).toHaveLength(3 * 3 + 1);
    const reads = spy.calls.filter((call) => call.startsWith("read "));
    expect([reads.length, new Set(reads).size, spy.calls.length]).toEqual([30, 30, 40]);
  });
});
