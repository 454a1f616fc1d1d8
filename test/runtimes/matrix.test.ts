import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { blockOf, matrixOf, PLATFORM_FILES, type ReportedTest, withBlock } from "./matrix.ts";

const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");

function of(ancestorTitles: readonly string[], title: string, status = "passed", meta = {}): ReportedTest {
  return { ancestorTitles, title, status, meta };
}

/** Returns the rows of a report in which the first file has these tests, and each other one has a test of "rest". */
function matrix(...tests: ReportedTest[]): string[] {
  const testResults = PLATFORM_FILES.map((name, i) => {
    const assertionResults = i === 0 ? tests : [of(["rest"], "the quickstart")];
    return { name: `/somewhere/${name}`, assertionResults };
  });
  return matrixOf({ testResults }).slice(2, -1);
}

test("a row says what passed, what failed, and what was not run and why", () => {
  const rows = matrix(
    of(["Bun", "fs"], "a"),
    of(["Bun", "fs"], "b", "skipped"),
    of(["Bun", "s3"], "a", "skipped", { skipped: "no server" }),
    of(["Bun", "memory"], "a", "failed"),
    of(["Bun"], "the quickstart", "passed", { version: "1.2", backend: "fs" }),
    of(["Firefox, page", "memory"], "a", "skipped", { skipped: "set FIREFOX" }),
    of(["Firefox, page"], "the quickstart", "skipped", { skipped: "set FIREFOX" }),
    of(["Deno"], "the quickstart", "failed", { version: "2.3", backend: "fs" }),
  );
  expect(rows).toEqual([
    "| Bun | 1.2 | passed (fs) | fs 1, s3 not run (no server), memory **1 failed** |",
    "| Firefox, page | – | not run: set FIREFOX | not run |",
    "| Deno | 2.3 | **failed** |  |",
  ]);
});

test("a report without the tests of a file is an error", () => {
  expect(() => matrix()).toThrow("no tests of test/platforms/runtimes.test.ts");
  expect(() => matrixOf({ testResults: [] })).toThrow("no tests of");
});

test("only the text between the marks changes", () => {
  const document = "a\n<!-- runtimes -->$&<!-- /runtimes -->\nb";
  expect(withBlock(document, "$&x")).toBe("a\n<!-- runtimes -->$&x<!-- /runtimes -->\nb");
  expect(() => withBlock("a", "x")).toThrow("no <!-- runtimes -->");
});

test("the matrix in the README has each runtime with its version, and nothing in it failed", () => {
  const lines = blockOf(readme).trim().split("\n");
  expect(lines[0]).toMatch(/^What `npm run test:runtimes` printed on \d{4}-\d{2}-\d{2}:$/);
  const rows = lines.slice(4).map((line) => line.split(" | "));
  const browsers = ["Chromium", "Firefox", "WebKitGTK"].flatMap((name) => [`| ${name}, page`, `| ${name}, worker`]);
  const servers = ["Node 20", "Node 22", "Node 24", "Node 26", "Bun", "Deno", "workerd"].map((name) => `| ${name}`);
  expect(rows.map(([name]) => name)).toEqual([...servers, ...browsers]);
  for (const [name, version, quickstart, conformance] of rows) {
    expect(version, name).toMatch(/^\d+(\.\d+)+$/);
    expect(quickstart, name).toMatch(/^passed \((fs|memory|opfs-sync|indexeddb)\)$/);
    expect(conformance, name).toMatch(/^memory \d+, /);
  }
});
