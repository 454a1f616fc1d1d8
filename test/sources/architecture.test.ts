import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type ICruiseResult, type IConfiguration, cruise } from "dependency-cruiser";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
const rules = createRequire(import.meta.url)(join(root, ".dependency-cruiser.cjs")) as IConfiguration;

async function violations(baseDir: string): Promise<string[]> {
  const { forbidden, options } = rules;
  const { tsConfig: _, ...rest } = options ?? {};
  const result = await cruise(
    ["src"],
    { ...rest, ruleSet: { forbidden: forbidden ?? [] }, validate: true, baseDir },
    rest.enhancedResolveOptions as never,
  );
  const { summary } = result.output as ICruiseResult;
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);
}

test("the source tree keeps the one-way rule", { timeout: 120_000 }, async () => {
  expect(await violations(root)).toEqual([]);
});

// In another realm (Jest, `node:vm`, a frame) `instanceof` a class of the platform is false, and jsdom has no TextEncoder.
test("the sources ask src/platform/any-realm.ts and utf8.ts for what differs between realms", async () => {
  const platform =
    /instanceof \(?(?:\w*Error|\w*Array|ArrayBuffer|DataView|Date|Map|Set|Promise|Blob|AbortSignal|ReadableStream)\b/;
  const found: string[] = [];
  for (const file of await readdir(join(root, "src"), { recursive: true })) {
    if (!file.endsWith(".ts") || /(platform[\\/]any-realm|bytes[\\/]utf8)\.ts$/.test(file)) continue;
    const lines = (await readFile(join(root, "src", file), "utf8")).split("\n");
    for (const [index, line] of lines.entries()) {
      if (platform.test(line) || /\bnew Text(En|De)coder\b/.test(line))
        found.push(`src/${file}:${index + 1}: ${line.trim()}`);
    }
  }
  expect(found).toEqual([]);
});

// Node may remember a failed import for the life of the process. Harnesses are not published, and DuckDB is somebody else's.
test("what the sources import on demand they import through src/platform/on-demand.ts", async () => {
  const found: string[] = [];
  let through = 0;
  for (const file of await readdir(join(root, "src"), { recursive: true })) {
    if (!file.endsWith(".ts") || /(?:^|[\\/])(?:harness|platform[\\/]on-demand|open-sql|load-points)\.ts$/.test(file))
      continue;
    const text = await readFile(join(root, "src", file), "utf8");
    const dynamic = /^(?! *\*).*(?<!typeof )\bimport\(".*$/gm;
    for (const [line] of text.matchAll(dynamic)) {
      if (/^const \w+ = \/\* @__PURE__ \*\/ onDemand\(\(\) => import\("[^"]+"\)\);?$/.test(line.trim())) through++;
      else found.push(`src/${file}: ${line.trim()}`);
    }
  }
  expect(found).toEqual([]);
  expect(through).toBeGreaterThan(15);
});

/** A small tree in which every import is allowed. */
const allowed: Record<string, string> = {
  "src/index.ts": 'export * from "./ledger/ledger.ts"; export * from "./backend/seam.ts";',
  "src/errors/errors.ts": "export interface Fault { a: string }",
  "src/arguments/arguments.ts": 'export type { Fault } from "../errors/errors.ts";',
  "src/platform/platform.ts": 'export type { Fault } from "../errors/errors.ts";',
  "src/bytes/bytes.ts": 'import "../platform/platform.ts"; export type { Fault } from "../errors/errors.ts";',
  "src/backend/seam.ts":
    'import "../bytes/bytes.ts"; import "../arguments/arguments.ts"; export interface Seam { a: string }',
  "src/backend/index.ts": 'export * from "./seam.ts";',
  "src/backend/layers/retry.ts": 'export type { Seam } from "../seam.ts";',
  "src/journal/journal.ts": 'export type { Seam } from "../backend/seam.ts";',
  "src/parquet/parquet.ts": 'import "../backend/seam.ts"; export {};',
  "src/series/series.ts": 'import "../journal/journal.ts"; import "../parquet/parquet.ts"; export {};',
  "src/media/media.ts": 'import "../parquet/parquet.ts"; import "../backend/seam.ts"; export {};',
  "src/artifacts/artifacts.ts": 'import "../backend/seam.ts"; export {};',
  "src/bytes/gunzip/node.ts": 'import "node:zlib"; export {};',
  "src/filter/filter.ts": 'import "../journal/journal.ts"; import "../bytes/bytes.ts"; export {};',
  "src/compare/compare.ts": 'import "../filter/filter.ts"; import "../journal/journal.ts"; export {};',
  "src/catalog/catalog.ts": 'import "../journal/journal.ts"; import "../filter/filter.ts"; export {};',
  "src/provenance/provenance.ts": 'import "../journal/journal.ts"; import "../bytes/bytes.ts"; export {};',
  "src/git/git.ts":
    'import "../provenance/provenance.ts"; import "../journal/journal.ts"; import "../backend/seam.ts"; export {};',
  "src/git/index.ts": 'export * from "./git.ts";',
  "src/run-objects/objects.ts":
    'import "../journal/journal.ts"; import "../artifacts/artifacts.ts"; import "../catalog/catalog.ts"; export {};',
  "src/run/run.ts":
    'import "../journal/journal.ts"; import "../artifacts/artifacts.ts"; import "../run-objects/objects.ts"; export {};',
  "src/transfer/transfer.ts": 'import "../care/care.ts"; import "../run-objects/objects.ts"; export {};',
  "src/seal/seal.ts": 'import "../backend/seam.ts"; export {};',
  "src/care/care.ts":
    'import "../run-objects/objects.ts"; import "../seal/seal.ts"; import "../catalog/catalog.ts"; export {};',
  "src/ledger/ledger.ts":
    'import "../run/run.ts"; import "../transfer/transfer.ts"; import "../journal/journal.ts"; export {};',
  "src/backends/fs/index.ts": 'import "node:fs"; import "../../backend/seam.ts"; export {};',
  "src/backends/fs/harness.ts": 'import "./index.ts"; import "../../conformance/index.ts"; export {};',
  "src/backends/memory/index.ts": 'import "../../backend/layers/retry.ts"; export {};',
  "src/compare/index.ts": 'export * from "./compare.ts";',
  "src/where/index.ts": 'export * from "../filter/filter.ts";',
  "src/files/index.ts": 'export * from "../ledger/ledger.ts";',
  "src/conformance/index.ts": 'import "../backend/seam.ts"; export {};',
  "src/testing/index.ts":
    'import "../index.ts"; import "../backend/seam.ts"; import "../backends/memory/index.ts"; export {};',
  "src/node/index.ts":
    'import "../index.ts"; import "../ledger/ledger.ts"; import "../run/run.ts"; import "../provenance/provenance.ts"; ' +
    'import "../backends/fs/index.ts"; import "node:process"; export {};',
  "src/adapters/tfjs/index.ts":
    'import "../../index.ts"; import "../../backend/index.ts"; import "../../files/index.ts"; export {};',
  "test/outside.ts": "export {};",
};

/** Imports that break the rule: the rule that has to say so, the file, what it imports. */
const planted: [rule: string, file: string, imports: string][] = [
  ["errors-imports", "src/errors", "../bytes/bytes.ts"],
  ["arguments-imports", "src/arguments", "../backend/seam.ts"],
  ["platform-imports", "src/platform", "../bytes/bytes.ts"],
  ["platform-imports", "src/platform", "../backend/seam.ts"],
  ["bytes-imports", "src/bytes", "../backend/seam.ts"],
  ["bytes-imports", "src/bytes", "../parquet/parquet.ts"],
  ["backend-imports", "src/backend", "../journal/journal.ts"],
  ["backend-imports", "src/backend", "../conformance/index.ts"],
  ["journal-imports", "src/journal", "../series/series.ts"],
  ["journal-imports", "src/journal", "../run/run.ts"],
  ["artifacts-imports", "src/artifacts", "../journal/journal.ts"],
  ["series-imports", "src/series", "../artifacts/artifacts.ts"],
  ["series-imports", "src/series", "../catalog/catalog.ts"],
  ["parquet-imports", "src/parquet", "../series/series.ts"],
  ["parquet-imports", "src/parquet", "../journal/journal.ts"],
  ["media-imports", "src/media", "../journal/journal.ts"],
  ["catalog-imports", "src/catalog", "../series/series.ts"],
  ["provenance-imports", "src/provenance", "../run/run.ts"],
  ["provenance-imports", "src/provenance", "../artifacts/artifacts.ts"],
  ["git-imports", "src/git", "../run/run.ts"],
  ["git-imports", "src/git", "../artifacts/artifacts.ts"],
  ["run-objects-imports", "src/run-objects", "../run/run.ts"],
  ["run-objects-imports", "src/run-objects", "../series/series.ts"],
  ["journal-imports", "src/journal", "../run-objects/objects.ts"],
  ["seal-imports", "src/seal", "../journal/journal.ts"],
  ["seal-imports", "src/seal", "../care/care.ts"],
  ["transfer-imports", "src/transfer", "../run/run.ts"],
  ["care-imports", "src/care", "../run/run.ts"],
  ["care-imports", "src/care", "../ledger/ledger.ts"],
  ["run-imports", "src/run", "../ledger/ledger.ts"],
  ["run-imports", "src/run", "../backends/memory/index.ts"],
  ["ledger-imports", "src/ledger", "../index.ts"],
  ["ledger-imports", "src/ledger", "../backends/fs/index.ts"],
  ["filter-imports", "src/filter", "../catalog/catalog.ts"],
  ["filter-imports", "src/filter", "../compare/compare.ts"],
  ["compare-imports", "src/compare", "../run/run.ts"],
  ["compare-imports", "src/compare", "../catalog/catalog.ts"],
  ["catalog-imports", "src/catalog", "../artifacts/artifacts.ts"],
  ["where-imports", "src/where", "../ledger/ledger.ts"],
  ["where-imports", "src/where", "../catalog/catalog.ts"],
  ["files-imports", "src/files", "../catalog/catalog.ts"],
  ["entries-stay-outside", "src/run", "../backend/index.ts"],
  ["entries-stay-outside", "src/ledger", "../index.ts"],
  ["entries-stay-outside", "src/backends/s3", "../../backend/index.ts"],
  ["entries-stay-outside", "src/conformance", "../backend/index.ts"],
  ["conformance-imports", "src/conformance", "../journal/journal.ts"],
  ["conformance-imports", "src/conformance", "../backends/memory/index.ts"],
  ["testing-imports", "src/testing", "../run/run.ts"],
  ["testing-imports", "src/testing", "../backends/fs/index.ts"],
  ["node-imports", "src/node", "../series/series.ts"],
  ["node-imports", "src/node", "../backends/memory/index.ts"],
  ["adapters-imports", "src/adapters/mlflow", "../tfjs/index.ts"],
  ["adapters-imports", "src/adapters/mlflow", "../../run/run.ts"],
  ["adapters-imports", "src/adapters/mlflow", "../../backend/seam.ts"],
  ["backends-imports", "src/backends/s3", "../memory/index.ts"],
  ["opfs-imports", "src/backends/opfs", "../fs/index.ts"],
  ["backends-imports", "src/backends/s3", "../../journal/journal.ts"],
  ["backends-imports", "src/backends/s3", "../../conformance/index.ts"],
  ["harness-stays-out", "src/backends/fs", "./harness.ts"],
  ["node-modules-of-node", "src/journal", "node:fs"],
  ["node-modules-of-node", "src/backends/memory", "node:buffer"],
  ["src-stands-alone", "src/run", "../../test/outside.ts"],
  ["declared-dependencies", "src/run", "not-installed"],
  ["declared-dependencies", "src/run", "only-for-development"],
];

describe("planted violations", () => {
  let tree: string;
  let found: string[];

  beforeAll(async () => {
    tree = await mkdtemp(join(tmpdir(), "runledger-rules-"));
    await plant(tree, allowed);
    await plant(tree, {
      "package.json": JSON.stringify({
        name: "planted",
        type: "module",
        devDependencies: { "only-for-development": "*" },
      }),
      "node_modules/only-for-development/package.json": '{"name":"only-for-development","main":"index.js"}',
      "node_modules/only-for-development/index.js": "",
    });
  });
  afterAll(() => rm(tree, { recursive: true, force: true, maxRetries: 10 }));

  test("a tree that keeps the rule is clean", { timeout: 120_000 }, async () => {
    expect(await violations(tree)).toEqual([]);
  });

  describe("and a tree that does not", () => {
    beforeAll(async () => {
      await plant(
        tree,
        Object.fromEntries(
          planted.flatMap(([, folder, imports], index) => [
            // As a value and as a type alone: both count.
            [`${folder}/planted${index}.ts`, `import "${imports}"; export {};`],
            [`${folder}/typed${index}.ts`, `import type { Any } from "${imports}"; export type B = Any;`],
          ]),
        ),
      );
      await plant(tree, {
        "src/index.ts": `${allowed["src/index.ts"]} export * from "./backends/memory/index.ts"; export * from "./testing/odd.ts";`,
        "src/testing/odd.ts": "export {};",
        "src/backends/odd/harness.ts": 'import "../memory/index.ts"; import "../../run/run.ts"; export {};',
        "src/run/circle.ts": 'import { other } from "./other.ts"; export const circle = (): unknown => other;',
        "src/run/other.ts": 'import { circle } from "./circle.ts"; export const other = (): unknown => circle;',
        "src/run/circle-of-types.ts":
          'import type { Other } from "./other-type.ts"; export interface Circle { o: Other }',
        "src/run/other-type.ts":
          'import type { Circle } from "./circle-of-types.ts"; export interface Other { c: Circle }',
      });
      found = await violations(tree);
    }, 120_000);

    test.each(planted.map((row, index) => [...row, index] as const))(
      "%s: %s may not import %s",
      (rule, folder, _, index) => {
        for (const name of ["planted", "typed"]) {
          const file = `${folder}/${name}${index}.ts`;
          expect(found.filter((line) => line.startsWith(`${rule}: ${file} -> `))).toHaveLength(1);
        }
      },
    );

    test.each([
      "no-circular: src/run/circle.ts -> src/run/other.ts",
      "no-circular: src/run/circle-of-types.ts -> src/run/other-type.ts",
      "index-imports: src/index.ts -> src/backends/memory/index.ts",
      "index-imports: src/index.ts -> src/testing/odd.ts",
      "harness-imports: src/backends/odd/harness.ts -> src/backends/memory/index.ts",
      "harness-imports: src/backends/odd/harness.ts -> src/run/run.ts",
    ])("%s", (line) => {
      expect(found).toContain(line);
    });

    test("every rule is shown to bite", () => {
      const names = new Set(found.map((line) => line.slice(0, line.indexOf(":"))));
      expect([...names].toSorted()).toEqual((rules.forbidden ?? []).map(({ name }) => name).toSorted());
    });
  });
});

async function plant(tree: string, files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
  }
}
