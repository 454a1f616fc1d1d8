import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

/** The most lines of a Python file, and of the reader with the module that it imports. */
const MOST = { file: 500, reader: 815 };
const WIDTH = 120;

/** Returns the lines of a file in this folder. */
const linesOf = (name: string): string[] =>
  readFileSync(join(import.meta.dirname, name), "utf8")
    .replace(/\n$/, "")
    .split("\n");

/** Returns a line of Python without its texts and its comment. */
const codeOf = (line: string): string => line.replaceAll(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|#.*/g, "");

const FILES = readdirSync(import.meta.dirname).filter((name) => name.endsWith(".py"));

test.each(FILES)("%s is short, and has one statement a line", (name) => {
  const lines = linesOf(name);
  expect(lines.length).toBeLessThanOrEqual(MOST.file);
  expect(lines.filter((line) => line.length > WIDTH)).toEqual([]);
  expect(lines.filter((line) => codeOf(line).includes(";"))).toEqual([]);
});

test("the reader and the module that it imports are short together", () => {
  expect(FILES).toEqual(expect.arrayContaining(["decoding.py", "reader.py"]));
  expect(linesOf("reader.py").length + linesOf("decoding.py").length).toBeLessThanOrEqual(MOST.reader);
});

test.each([
  ['check(a); b = "x;"', true],
  ['b = "x;\\";"  # one; two', false],
])("the search for semicolons: %s", (line, hit) => {
  expect(codeOf(line).includes(";")).toBe(hit);
});
