import { expect, test } from "vitest";
import { utf8Encoder } from "../../src/bytes/utf8.ts";
import { encodeSealedObjects, readSealedObjects } from "../../src/seal/sealed-objects.ts";

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const a = { key: "runs/r/a", size: 1, digest: digest("a") };
const b = { key: "runs/r/ü.b", size: 2, digest: digest("b") };
const line = (key: unknown, size: unknown, hex: unknown): string => `${JSON.stringify([key, size, hex])}\n`;
const hexA = "a".repeat(64);

test("a list has its objects in the order of their bytes, once, and is read as it was written", async () => {
  const { bytes, tree } = await encodeSealedObjects([b, a, b]);
  expect(tree.size).toBe(2);
  expect(await readSealedObjects(bytes)).toEqual({ objects: [a, b], tree });
  const other = await encodeSealedObjects([a, { ...b, size: 3 }]);
  expect(other.tree.root).not.toBe(tree.root);
});

test("two digests of one object are refused", async () => {
  await expect(encodeSealedObjects([a, { ...a, size: 9 }])).rejects.toMatchObject({ code: "CORRUPT", key: a.key });
});

test.each([
  ["another order", line("runs/r/b", 1, hexA) + line("runs/r/a", 1, hexA)],
  ["a key twice", line("runs/r/a", 1, hexA) + line("runs/r/a", 1, hexA)],
  ["a space", `["runs/r/a", 1,"${hexA}"]\n`],
  ["an escape that is not needed", `["runs/r/\\u0061",1,"${hexA}"]\n`],
  ["a number written in another way", `["runs/r/a",1e0,"${hexA}"]\n`],
  ["a negative size", line("runs/r/a", -1, hexA)],
  ["a size with a fraction", line("runs/r/a", 0.5, hexA)],
  ["a short digest", line("runs/r/a", 1, "aa")],
  ["capitals", line("runs/r/a", 1, "A".repeat(64))],
  ["a key that leads elsewhere", line("runs/../a", 1, hexA)],
  ["more members", `["runs/r/a",1,"${hexA}",1]\n`],
  ["an object", '{"__proto__":1}\n'],
  ["no end", line("runs/r/a", 1, hexA).trimEnd()],
  ["an empty line", `\n${line("runs/r/a", 1, hexA)}`],
  ["a very long line", `[${"[".repeat(10_000)}\n`],
])("a list with %s is refused", async (_, text) => {
  await expect(readSealedObjects(utf8Encoder().encode(text))).rejects.toThrow(/line|order|size|key|JSON/i);
});
