import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blobId } from "../../src/git/object-id.ts";
import { readLiteral, writeLiteral } from "../../src/git/patch/base85.ts";
import { diffLines, splitLines } from "../../src/provenance/patch/line-diff.ts";
import { formatPatch, parsePatch } from "../../src/provenance/patch/patch-sections.ts";
import { writeFilePatch } from "../../src/git/patch/write-file-patch.ts";
import { rounds } from "../rounds.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = fc
  .array(fc.constantFrom("a", "b", "c", "", "longer line"), { maxLength: 40 })
  .chain((lines) => fc.constantFrom(lines.join("\n"), `${lines.join("\n")}\n`));

test("the changes turn one list of lines into the other", () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      const [before, after] = [splitLines(bytes(a)), splitLines(bytes(b))];
      const made: Uint8Array[] = [];
      let at = 0;
      for (const { oldFrom, oldTo, newFrom, newTo } of diffLines(before, after)) {
        for (const line of before.slice(at, oldFrom)) made.push(line);
        for (const line of after.slice(newFrom, newTo)) made.push(line);
        at = oldTo;
      }
      for (const line of before.slice(at)) made.push(line);
      expect(Buffer.concat(made).toString()).toBe(b);
    }),
    { numRuns: rounds(100, 500) },
  );
});

test("texts without a common line are replaced as a whole", () => {
  const long = (word: string): Uint8Array[] =>
    splitLines(bytes(Array.from({ length: 5000 }, (_, i) => `${word}${i}\n`).join("")));
  expect(diffLines(long("a"), long("b"))).toEqual([{ oldFrom: 0, oldTo: 5000, newFrom: 0, newTo: 5000 }]);
});

test("base 85 and back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (content) => {
      const [start = "", ...lines] = writeLiteral(content).split("\n");
      expect(start).toBe(`literal ${content.length}`);
      expect(
        readLiteral(
          lines.filter((line) => line !== ""),
          content.length,
        ),
      ).toEqual(content);
    }),
  );
});

describe("git applies", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "runledger-patch-"));
    execFileSync("git", ["init", "--quiet", directory]);
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true, maxRetries: 10 }));

  async function applied(a: Uint8Array, b: Uint8Array): Promise<Uint8Array> {
    const sides = await Promise.all(
      [a, b].map(async (bytes) => ({ mode: 0o100644, id: await blobId(bytes, "sha1"), bytes })),
    );
    const patch = writeFilePatch("f.txt", sides[0], sides[1]);
    if (patch.length === 0) return a;
    // Taken apart and put together, it is the same.
    expect(Buffer.from(formatPatch(parsePatch(patch)))).toEqual(Buffer.from(patch));
    writeFileSync(join(directory, "f.txt"), a);
    writeFileSync(join(directory, "p"), patch);
    execFileSync("git", ["-C", directory, "apply", "--whitespace=nowarn", "p"]);
    return new Uint8Array(readFileSync(join(directory, "f.txt")));
  }

  test("texts", async () => {
    await fc.assert(
      fc.asyncProperty(text, text, async (a, b) => {
        expect(Buffer.from(await applied(bytes(a), bytes(b))).toString()).toBe(b);
      }),
      { numRuns: rounds(15, 80) },
    );
  });

  test("bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), async (a, b) => {
        expect(Buffer.from(await applied(a, b))).toEqual(Buffer.from(b));
      }),
      { numRuns: rounds(15, 80) },
    );
  });
});
