import path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assertArtifactPath, assertDistinctPaths, toArtifactPath, unportablePaths } from "../../src/artifacts/path.ts";
import { LedgerError } from "../../src/errors/ledger-error.ts";
import { cases } from "../rounds.ts";

function accepts(given: unknown): boolean {
  try {
    assertArtifactPath(given);
    return true;
  } catch (error) {
    expect(LedgerError.hasCode(error, "INVALID_ARGUMENT")).toBe(true);
    return false;
  }
}

const oddOnWindows = [
  ["c:a", "a:b.json", "a/c:b", "a/c:", "a.", "a ", "a./b", "a /b", "...", "?", "a*", 'a"b', "<a>", "a|b", "10:30.log"],
  ["con", "NUL", "a/aux", "aux.txt", "nul.tar.gz", "nul:", "com1", "LPT9.x", "con .txt", "CONIN$", "com¹"],
].flat();

describe("one path", () => {
  test.each([
    "a",
    "model.json",
    "a/b/c.bin",
    ".hidden",
    "a/.git/config",
    "é/ü",
    "10:30.log",
    "con1",
    "com10.txt",
    "a b",
    "…",
    "x".repeat(255),
    ...oddOnWindows,
  ])("%j is taken", (given) => expect(accepts(given)).toBe(true));

  test.each(
    [
      [
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "./a",
        "a/..",
        "../a",
        "a/../b",
        "a\\b",
        "\\a",
        "..\\a",
        "\\\\host\\share\\a",
      ],
      ["c:", "C:/a", "C:\\a", "a\0b", "a\nb", "a\u007fb", "a\u0085b"],
      [
        "e\u0301",
        "\ud800",
        "a/\udc00b",
        "x".repeat(256),
        "ü".repeat(128),
        `${"a/".repeat(64)}a`,
        `${"x".repeat(200)}/`.repeat(21) + "a",
      ],
      [1, null, undefined, {}, ["a"]],
    ].flat(),
  )("%j is refused", (given) => expect(accepts(given)).toBe(false));

  test("accepted paths stay below the root, on Windows too if they are portable", () => {
    const bad = [
      "..",
      ".",
      "/",
      "\\",
      "//",
      ":",
      "c:",
      "C:",
      "\0",
      " ",
      ". ",
      "con",
      "nul",
      "%2e",
      "%2e%2e%2f",
      "~",
      "\\\\?\\",
      "a",
      "b.c",
      "é",
      "\u0301",
      "\u2215",
      "..;",
      "$",
    ];
    const hostile = fc.oneof(
      fc.array(fc.constantFrom(...bad), { minLength: 1, maxLength: 8 }).map((parts) => parts.join("")),
      fc.array(fc.constantFrom(...bad), { minLength: 1, maxLength: 8 }).map((parts) => parts.join("/")),
      fc.string({ unit: "binary" }),
    );
    let taken = 0;
    let portable = 0;
    fc.assert(
      fc.property(hostile, (given) => {
        if (!accepts(given)) return;
        taken++;
        expect(path.posix.resolve("/root/x", given).startsWith("/root/x/")).toBe(true);
        expect(path.win32.isAbsolute(given) || path.posix.isAbsolute(given)).toBe(false);
        expect(path.posix.normalize(given)).toBe(given);
        expect(toArtifactPath(given)).toBe(given);
        if (unportablePaths([given]).size > 0) return;
        portable++;
        expect(path.win32.resolve("D:\\root\\x", given).startsWith("D:\\root\\x\\")).toBe(true);
      }),
      { numRuns: cases(20_000) },
    );
    expect(taken).toBeGreaterThan(cases(1000));
    expect(portable).toBeGreaterThan(cases(1000));
  });

  test("paths are brought into normal form C", () => {
    expect(toArtifactPath("e\u0301/a")).toBe("é/a");
  });
});

describe("paths together", () => {
  test.each([
    [["a", "a"], "twice"],
    [["a", "a/b"], "directory"],
    [["a/b/c", "a/b"], "directory"],
  ])("%j is refused", (paths, why) => {
    expect(() => assertDistinctPaths(paths)).toThrow(why);
  });

  test.each([[["a/b", "a/c", "ab"]], [["a-b", "a/b", "a.b"]], [["A", "a"]], [["A", "a/b"]], [[]]])(
    "%j is taken",
    (paths) => assertDistinctPaths(paths),
  );
});

describe("paths that some systems cannot hold", () => {
  test.each(oddOnWindows)("%j by itself", (odd) => {
    expect([...unportablePaths(["b", odd, "z/b"])]).toEqual([odd]);
  });

  test.each([
    [
      ["README", "other", "readme"],
      ["README", "readme"],
    ],
    [
      ["straße", "STRASSE", "x"],
      ["straße", "STRASSE"],
    ],
    [
      ["A", "a/b", "a/c", "b"],
      ["A", "a/b", "a/c"],
    ],
    [
      ["AA", "Aa", "aA", "aa"],
      ["AA", "Aa", "aA", "aa"],
    ],
    [["a/b", "A/c", "auxiliary", "con1", "com10.txt", ".hidden", "a b", "é/ü"], []],
  ])("of %j: %j", (paths, odd) => {
    expect([...unportablePaths(paths)].sort()).toEqual(odd.toSorted());
  });
});
