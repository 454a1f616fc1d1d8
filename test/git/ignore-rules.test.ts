import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isIgnored, parseIgnoreRules } from "../../src/git/portable/ignore-rules.ts";
import { processorMs } from "../processor-time.ts";

const PATTERNS = [
  ..."a|/a|a/|a/b|/a/b|*|*.js|a*|?|a?c|**/a|a/**|a/**/c|**|**/|a**c|[ab]|[!a]|[^a]|[a-c]x|[]a]|[a|\\*|\\a".split("|"),
  ..."a\\ |a |#a|\\#a|!a|\\!a|[[:alpha:]]|[[:digit:]]*|*/b|a/*|a/*/c|.*|*.|**.js|a/**b|/*|/**/b|foo/**/bar|x[a-\\]]|[\\]]".split(
    "|",
  ),
  ..."a*b|*a?b*|**/c|a*/*b|[!b]*b|/*a/**/?a*|a/**/b/**/c".split("|"),
  "?".repeat(32),
];
const PATHS = [
  ..."a|b|c|abc|ac|axc|a/b|a/c|b/a|a/b/c|a/x/y/c|x.js|a/x.js|.git0|ax|bx|]|[a|*|\\a|a |#a|!a|1|1a|foo/bar".split("|"),
  ..."foo/x/bar|foo/x/y/bar|b/foo/bar|x]|aXc|é|a/é".split("|"),
  // Around the borders of words of 32 bits.
  ...[30, 31, 32, 33, 63, 64, 65].flatMap((length) => [
    `${"a".repeat(length)}b`,
    `${"a".repeat(length)}/b`,
    `x/${"a".repeat(length)}/c`,
    `a/${"b/".repeat(length / 4)}c`,
  ]),
];

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "runledger-ignore-"));
  execFileSync("git", ["init", "--quiet", directory]);
});
afterAll(() => rmSync(directory, { recursive: true, force: true, maxRetries: 10 }));

test.each([...PATTERNS, "*\n!a", "a\n!a/b", "*.js\n!x.js\n/x.js", "!a\na", "a/\n!a/b\n*c"])("%j", (patterns) => {
  writeFileSync(join(directory, ".gitignore"), `${patterns}\n`);
  // Paths that do not exist are files, and their directories are directories.
  const args = ["-C", directory, "check-ignore", "--no-index", "--verbose", "--non-matching", "--stdin", "-z"];
  let output = "";
  try {
    output = execFileSync("git", args, { input: PATHS.join("\0") }).toString();
  } catch (error) {
    output = String((error as { stdout: Buffer }).stdout);
  }
  const fields = output.split("\0");
  const expected: string[] = [];
  for (let i = 0; i + 3 < fields.length; i += 4) {
    const [source, , pattern = "", path = ""] = fields.slice(i, i + 4);
    if (source !== "" && !pattern.startsWith("!")) expected.push(path);
  }
  const levels = [parseIgnoreRules(`${patterns}\n`)];
  const ignored = PATHS.filter((path) => {
    const parts = path.split("/");
    return parts.some((_, i) => isIgnored(levels, parts.slice(0, i + 1).join("/"), i < parts.length - 1));
  });
  expect(ignored.sort()).toEqual(expected.sort());
});

test("256 KiB of hostile patterns take no long time for a path", async () => {
  const hostile = ["*a".repeat(400), "*?".repeat(400), "*[!b]".repeat(20), `/${"**/".repeat(400)}`, "a*a*"];
  for (const start of hostile) {
    const line = `${start}b*\n`;
    const levels = [parseIgnoreRules(line.repeat((256 * 1024) / line.length))];
    const took = await processorMs(() => {
      expect(isIgnored(levels, `${"a".repeat(1000)}${"/a".repeat(12)}`, false)).toBe(false);
      expect(isIgnored(levels, "a".repeat(1024), false)).toBe(false);
    });
    expect(took).toBeLessThan(5000);
  }
});

test("a pattern of any length counts", () => {
  const levels = [parseIgnoreRules(`${"?*".repeat(10)}${"*".repeat(10_000)}.js\n`)];
  expect(isIgnored(levels, "0123456789.js", false)).toBe(true);
  expect(isIgnored(levels, "012345678.js", false)).toBe(false);
});

test("a hostile pattern takes no long time", async () => {
  const levels = [parseIgnoreRules(`${"*a".repeat(500)}b\n`)];
  const took = await processorMs(() => expect(isIgnored(levels, "a".repeat(2000), false)).toBe(false));
  expect(took).toBeLessThan(10_000);
});
