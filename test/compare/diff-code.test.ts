import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { CodeDiff } from "../../src/compare/code/code-diff.ts";
import { diffCode } from "../../src/compare/code/diff-code.ts";
import type { RecordedCode } from "../../src/journal/recorded-code.ts";
import { inOneGo, inSlices } from "../../src/platform/event-loop.ts";
import { rounds } from "../rounds.ts";
import { processorMs } from "../processor-time.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const digestOf = (content: Uint8Array): string => `sha256:${createHash("sha256").update(content).digest("hex")}`;

/** The patch of a file of 20 lines, of which some have new texts. */
function filePatch(path: string, lines: Readonly<Record<number, string>>): string {
  const hunks = Object.entries(lines).map(
    ([line, text]) => `@@ -${line},2 +${line},2 @@ where\n line ${line}\n-old ${line}\n+${text}\n`,
  );
  return `diff --git a/${path} b/${path}\nindex 1..2 100644\n--- a/${path}\n+++ b/${path}\n${hunks.join("")}`;
}

interface Part extends Partial<RecordedCode> {
  readonly text?: string | Uint8Array;
  readonly complete?: boolean;
}

function side({ text, complete = true, ...part }: Part = {}): { code: RecordedCode; patch?: Uint8Array } {
  const patch = typeof text === "string" ? bytes(text) : text;
  const code: RecordedCode = {
    engine: "git",
    commit: "c1",
    remotes: [],
    dirty: patch !== undefined,
    changes: [],
    untracked: [],
    submodules: [],
    incomplete: [],
    ...(patch && { patch: { digest: digestOf(patch), size: patch.length, complete } }),
    ...part,
  };
  return { code, ...(patch && { patch }) };
}

const diff = (a: Part, b: Part): CodeDiff => inOneGo(diffCode(side(a), side(b)));

test("clean at the same commit is the same; another commit, script or lockfile is not", () => {
  expect(diff({}, {})).toMatchObject({ same: true, unknown: [], commit: { a: "c1", b: "c1", same: true } });
  expect(diff({}, { commit: "c2" })).toMatchObject({ same: false, commit: { a: "c1", b: "c2", same: false } });
  expect(diff({ entry: "a.ts" }, { entry: "b.ts" })).toMatchObject({ same: false, entry: { same: false } });
  expect(diff({ entry: "a.ts" }, {})).toMatchObject({ same: false, entry: { a: "a.ts", same: false } });
  const lockfile = { path: "package-lock.json", digest: "sha256:1" };
  expect(diff({ lockfile }, { lockfile: { ...lockfile, digest: "sha256:2" } })).toMatchObject({ same: false });
  expect(diff({ branch: "main" }, { branch: "other", remotes: [{ name: "origin", url: "u" }] })).toMatchObject({
    same: true,
    branch: { same: false },
    remotes: { onlyB: [{ name: "origin" }] },
  });
});

test("sources without git: equal complete archives are the same, and a missing patch is no doubt", () => {
  const archive = (digit: string, complete = true): Part => ({
    engine: "archive",
    commit: undefined,
    dirty: "unknown",
    archive: { digest: `sha256:${digit.repeat(64)}`, size: 1, files: 1, complete, parts: [] },
  });
  const incomplete = ["sources: 1 ledger left out (runs/)"];
  const [a, b] = [archive("a"), archive("b")];
  expect(diff({ ...a, incomplete }, { ...a, incomplete })).toMatchObject({ same: true, unknown: [] });
  expect(diff({ ...a, incomplete }, { ...b, incomplete })).toMatchObject({ same: false, unknown: [] });
  const cut = { ...archive("a", false), incomplete: ["archive: 1 file left out, larger than 9 bytes (a.ts)"] };
  expect(diff(cut, cut)).toMatchObject({
    same: "unknown",
    unknown: ["a", "b"].map((side) => `${side}: archive: 1 file left out, larger than 9 bytes (a.ts)`),
  });
  const none = { ...a, archive: undefined };
  expect(diff(none, none)).toMatchObject({
    same: "unknown",
    unknown: ["a: archive: the sources are not recorded", "b: archive: the sources are not recorded"],
  });
  expect(diff(a, { commit: "c1" })).toMatchObject({ same: false });
});

test("code is not known to be the same if an earlier session of a run ran other code", () => {
  const archive = { digest: `sha256:${"a".repeat(64)}`, size: 1, files: 1, complete: true, parts: [] };
  const sources: Part = { engine: "archive", commit: undefined, dirty: "unknown", archive };
  const incomplete = ["sessions: an earlier one ran other code"];
  for (const part of [{}, sources]) {
    const unknown = ["a: sessions: an earlier one ran other code"];
    expect(diff({ ...part, incomplete }, part)).toMatchObject({ same: "unknown", unknown });
    expect(diff({ ...part, incomplete }, { ...part, entry: "b.ts" })).toMatchObject({ same: false });
  }
});

test("patches are compared by file and hunk", () => {
  const a =
    filePatch("both.ts", { 3: "new 3", 9: "new 9" }) + filePatch("a.ts", { 1: "x" }) + filePatch("s.ts", { 1: "s" });
  const b =
    filePatch("both.ts", { 3: "new 3", 9: "other 9" }) + filePatch("s.ts", { 1: "s" }) + filePatch("z.ts", { 1: "z" });
  const { same, patch } = diff({ text: a }, { text: b });
  const place = { oldFrom: 9, oldCount: 2, newFrom: 9, newCount: 2 };
  expect(same).toBe(false);
  expect(patch).toEqual({
    same: false,
    onlyA: ["a.ts"],
    onlyB: ["z.ts"],
    changed: [{ path: "both.ts", onlyA: [place], onlyB: [place], more: 0, same: 1, mode: false, binary: false }],
    more: 0,
    leftOut: 0,
    text: [
      "--- a: both.ts",
      "+++ b: both.ts",
      " @@ -9,2 +9,2 @@",
      "  line 9",
      " -old 9",
      "-+new 9",
      "++other 9",
      "--- a: a.ts",
      "+++ b: a.ts",
      "-@@ -1,2 +1,2 @@",
      "- line 1",
      "--old 1",
      "-+x",
      "--- a: z.ts",
      "+++ b: z.ts",
      "+@@ -1,2 +1,2 @@",
      "+ line 1",
      "+-old 1",
      "++z",
      "",
    ].join("\n"),
  });
});

test("a hunk that moved is the same only between different commits", () => {
  const a = filePatch("f.ts", { 3: "new" });
  const b = a.replace("@@ -3,2 +3,2 @@", "@@ -8,2 +8,2 @@");
  expect(diff({ text: a }, { text: b }).patch.same).toBe(false);
  expect(diff({ text: a }, { text: b, commit: "c2" })).toMatchObject({
    same: false,
    patch: { same: true, changed: [] },
  });
});

test("modes and binary files", () => {
  const chmod = "diff --git a/f b/f\nold mode 100644\nnew mode 100755\n";
  const binary = (data: string): string =>
    `diff --git a/p b/p\nindex 1..2 100644\nGIT binary patch\nliteral 1\n${data}\n\n`;
  expect(diff({ text: chmod }, { text: `${chmod}${binary("IcmZP")}` }).patch.onlyB).toEqual(["p"]);
  expect(diff({ text: binary("IcmZP") }, { text: binary("IcmZQ") }).patch).toMatchObject({
    changed: [{ path: "p", binary: true, mode: false }],
    leftOut: 1,
  });
  expect(diff({ text: chmod }, { text: chmod.replace("755", "644") }).patch).toMatchObject({
    changed: [{ path: "f", mode: true }],
    text: "",
    leftOut: 0,
  });
});

test("it never says the same when it cannot know", () => {
  const text = filePatch("f.ts", { 3: "new" });
  const more = text + filePatch("g.ts", { 3: "new" });
  // What the other patch lacks may have been withheld there.
  expect(diff({ text: more }, { text, complete: false })).toMatchObject({
    same: "unknown",
    patch: { onlyA: ["g.ts"] },
  });
  expect(diff({ text }, { text: more, complete: false })).toMatchObject({ same: false, patch: { same: false } });
  for (const part of [
    { text, complete: false },
    { text, incomplete: ["patch: 1 hunk withheld, they look like secrets"] },
    { dirty: "unknown" },
    { dirty: true },
    { engine: "unknown" },
    { commit: undefined, incomplete: ["commit: HEAD cannot be read"] },
    { untracked: [{ path: "new.ts", size: 3 }] },
    { submodules: [{ path: "sub", commit: "c9", dirty: "unknown" }] },
  ] as Part[]) {
    const result = diff(part, part);
    expect(result).toMatchObject({ same: "unknown", patch: { onlyA: [], onlyB: [], changed: [] } });
    expect(result.unknown).not.toEqual([]);
  }
  const none = inOneGo(diffCode({ code: undefined }, side()));
  expect(none).toMatchObject({ same: "unknown", commit: { b: "c1", same: "unknown" }, patch: { same: "unknown" } });
  expect(diff({ untracked: [{ path: "new.ts", size: 3 }] }, {})).toMatchObject({
    same: "unknown",
    untracked: { onlyA: [{ path: "new.ts" }] },
  });
});

test("untracked files whose contents are in the patch are known", () => {
  const added =
    "diff --git a/new.ts b/new.ts\nnew file mode 100644\nindex 0..1\n--- /dev/null\n+++ b/new.ts\n@@ -0,0 +1 @@\n+1\n";
  const untracked = [{ path: "new.ts", size: 2 }];
  expect(diff({ text: added, dirty: false, untracked }, { text: added, dirty: false, untracked })).toMatchObject({
    same: true,
  });
  expect(diff({ text: added, dirty: false, untracked }, {})).toMatchObject({
    same: false,
    patch: { onlyA: ["new.ts"] },
  });
});

const anyPath = fc.constantFrom("a.ts", "dir/b.ts", "c");
const anyPatch = fc
  .uniqueArray(
    fc.record({
      path: anyPath,
      lines: fc.dictionary(fc.constantFrom("1", "5", "9"), fc.constantFrom("x", "y", "z")),
    }),
    { selector: ({ path }) => path, maxLength: 3 },
  )
  .map((files) => files.map(({ path, lines }) => filePatch(path, lines)).join(""));
const anySide = fc.record({
  text: fc.oneof(anyPatch, fc.uint8Array({ maxLength: 200 }), fc.string().map(bytes)),
  commit: fc.constantFrom("c1", "c2"),
  complete: fc.boolean(),
  dirty: fc.constantFrom(true, false, "unknown" as const),
  incomplete: fc.constantFrom([], ["dirty: sparse checkout"]),
  untracked: fc.constantFrom([], [{ path: "a.ts", size: 1 }]),
});

test("a run differs in nothing from itself, and the order of two runs does not matter", () => {
  fc.assert(
    fc.property(anySide, anySide, (a, b) => {
      const self = diff(a, a);
      expect(self.same).not.toBe(false);
      expect(self.patch).toMatchObject({ onlyA: [], onlyB: [], changed: [], more: 0, text: "", leftOut: 0 });
      for (const list of [self.changes, self.untracked, self.submodules, self.remotes])
        expect(list).toEqual({ onlyA: [], onlyB: [], changed: [] });
      const [there, back] = [diff(a, b), diff(b, a)];
      expect(back.same).toBe(there.same);
      expect(back.patch.same).toBe(there.patch.same);
      expect([...back.patch.onlyA].sort()).toEqual([...there.patch.onlyB].sort());
      expect(back.patch.changed.length).toBe(there.patch.changed.length);
    }),
    { numRuns: rounds(60, 500) },
  );
});

test("texts that are not UTF-8 are compared by their bytes", () => {
  const patch = (byte: number): Uint8Array =>
    Buffer.concat([bytes("diff --git a/f b/f\nindex 1..2\n@@ -1 +1 @@\n-"), Buffer.of(byte), bytes("\n+x\n")]);
  expect(diff({ text: patch(0xfe) }, { text: patch(0xff) }).patch).toMatchObject({ same: false, changed: [{}] });
});

test("hostile patches take linear time and give bounded results", async () => {
  const size = 500_000;
  const fill = (text: string): Uint8Array => bytes(text.repeat(Math.ceil(size / text.length)).slice(0, size));
  const start = bytes("diff --git a/f b/f\nx\n@@ -1 +1 @@\n");
  for (const hostile of [
    fill("\n"),
    fill("diff --git a/f b/f\nx\n"),
    Buffer.concat([start, fill("\n")]),
    Buffer.concat([start, fill("@@ -1 +1 @@\n")]),
    Buffer.concat([bytes("diff --git "), fill('"a/\\')]),
    Buffer.concat([start, fill(" a")]),
    fill("@@ -1,1 +1,1 @@ @@ -"),
    fill("\u00ff\ufffd"),
  ]) {
    const other = Buffer.concat([start, bytes("+b\n"), hostile]);
    let result!: CodeDiff;
    const took = await processorMs(async () => {
      result = await inSlices(diffCode(side({ text: hostile }), side({ text: other })));
    });
    expect(result.same).not.toBe(true);
    expect(result.patch.text.length).toBeLessThanOrEqual(128 * 1024);
    expect(JSON.stringify(result).length).toBeLessThan(1_000_000);
    expect(took).toBeLessThan(5000);
  }
});

test.each<[string, string, string]>([
  ["plain patches", "--- t.js\n+++ t.js\n@@ -1 +1 @@\n-a\n+b\n", "--- t.js\n+++ t.js\n@@ -1 +1 @@\n-a\n+c\n"],
  [
    "combined patches",
    "diff --cc t.js\n@@@ -1,1 -1,1 +1,1 @@@\n++a\n",
    "diff --cc t.js\n@@@ -1,1 -1,1 +1,1 @@@\n++b\n",
  ],
  ["texts before the first file", `one\n${filePatch("t.js", { 1: "x" })}`, `two\n${filePatch("t.js", { 1: "x" })}`],
  ["anything else", "x\n", "\0\n"],
])("%s that differ are never the same", (_, a, b) => {
  const found = diff({ text: a }, { text: b });
  expect(found).toMatchObject({ same: "unknown", patch: { same: "unknown" } });
  expect(found.unknown).toContain("a: patch: it has parts that are no changes of files as git writes them");
});

test("binary files without their content, and other names, differ", () => {
  const binary = (digest: string): string =>
    `diff --git a/f b/f\nindex 1111111..${digest} 100644\nBinary files a/f and b/f differ\n`;
  expect(diff({ text: binary("2222222") }, { text: binary("3333333") })).toMatchObject({ same: false });
  const named = filePatch("t.js", { 1: "x" });
  expect(diff({ text: named }, { text: named.replace("+++ b/t.js", "+++ b/u.js") })).toMatchObject({ same: false });
});

test("without a commit and without changes nothing is known", () => {
  const nothing: Part = { commit: undefined, dirty: false };
  expect(diff(nothing, nothing)).toMatchObject({
    same: "unknown",
    unknown: ["a: commit: it is not recorded", "b: commit: it is not recorded"],
  });
  expect(diff({ text: "", dirty: true }, { text: "", dirty: true })).toMatchObject({ same: "unknown" });
});
