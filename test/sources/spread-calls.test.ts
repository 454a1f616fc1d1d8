import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const source = join(import.meta.dirname, "../../src");

/** Calls that take the items of a list as arguments. Beyond some 120,000 of them the call throws a RangeError. */
const SPREAD =
  /^(?!\s*(?:\/\/|\*)).*(?:Math\.(?:max|min|hypot)|\.push|\.unshift|\.splice|\.concat|String\.from\w+)\((?:[^{]*,)?\s*\.\.\./;

/** Lists that the code next to the call keeps short. */
const SHORT = ["...pairs.map(", "encoder.encode(segment[i])", "await Promise.all(some)", "...needed.map("];

test("no call spreads a list whose length nothing bounds", async () => {
  const found: string[] = [];
  for (const entry of await readdir(source, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
    const path = join(entry.parentPath, entry.name);
    for (const [i, line] of (await readFile(path, "utf8")).split("\n").entries())
      if (SPREAD.test(line) && !SHORT.some((text) => line.includes(text)))
        found.push(`${path.slice(source.length + 1)}:${i + 1} ${line.trim()}`);
  }
  expect(found).toEqual([]);
});

test.each([
  ["Math.max(0, ...numbers)", true],
  ["all.push(...segment.damage);", true],
  ["Math.max(created.beatMs, ...folds.map((fold) => fold.beatMs ?? 0))", true],
  ["ranges.push({ ...range });", false],
  ["found.push({ key, size, ...parsed });", false],
])("the pattern: %s", (line, hit) => {
  expect(SPREAD.test(line)).toBe(hit);
});
