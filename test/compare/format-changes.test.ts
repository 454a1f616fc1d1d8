import fc from "fast-check";
import { expect, test } from "vitest";
import { diffCode } from "../../src/compare/code/diff-code.ts";
import { formatChanges } from "../../src/compare/format-changes.ts";
import { changesBetween, type RunChanges } from "../../src/compare/run-changes.ts";
import type { RecordedCode } from "../../src/journal/recorded-code.ts";
import { inOneGo } from "../../src/platform/event-loop.ts";
import type { RunRecord } from "../../src/journal/run-record.ts";
import { anyRecords, type Part, record } from "./records.ts";

const git = (part: Partial<RecordedCode> = {}): RecordedCode => ({
  engine: "git",
  commit: "1".repeat(40),
  remotes: [],
  dirty: false,
  changes: [],
  untracked: [],
  submodules: [],
  incomplete: [],
  ...part,
});

function changes(a: RunRecord, b: RunRecord, patches: readonly (Uint8Array | undefined)[] = []): RunChanges {
  const code = inOneGo(diffCode({ code: a.code, patch: patches[0] }, { code: b.code, patch: patches[1] }));
  return changesBetween(a, b, code, "entry");
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("two commits are shown with the command that compares them", () => {
  const page = formatChanges(
    changes(record("a", { code: git() }), record("b", { code: git({ commit: "2".repeat(40) }) })),
  );
  expect(page).toContain(
    `\n  commit ${"1".repeat(12)} → ${"2".repeat(12)}: git diff ${"1".repeat(12)} ${"2".repeat(12)}\n`,
  );
  for (const commit of ["$(id)", undefined]) {
    const other = record("b", { code: git({ commit }) });
    expect(formatChanges(changes(record("a", { code: git() }), other))).not.toContain("git diff");
  }
});

test("the page names other code of earlier sessions, whether the last code is the same or not", () => {
  const remark = "sessions: an earlier one ran other code: commit c0";
  const a = record("a", { code: git({ incomplete: [remark] }) });
  for (const commit of ["1", "2"]) {
    const page = formatChanges(changes(a, record("b", { code: git({ commit: commit.repeat(40) }) })));
    expect(page).toContain(`  a: ${remark}\n`);
    expect(page.includes("not known whether it is the same:")).toBe(commit === "1");
  }
});

test("one page: what got worse first, then what may be the reason", () => {
  const metricDefinitions = { "*": { goal: "maximize" as const }, loss: { goal: "minimize" as const } };
  const patchOf = (lr: string): Uint8Array =>
    bytes(`diff --git a/train.ts b/train.ts\nindex 1..2\n@@ -4,2 +4,2 @@\n const a = 1;\n-old\n+const lr = ${lr};\n`);
  const dirty = (digit: string): RecordedCode =>
    git({
      dirty: true,
      entry: "train.ts",
      changes: [{ path: "train.ts", status: "modified" }],
      patch: { digest: `sha256:${digit.repeat(64)}`, size: 9, complete: true },
    });
  const a = record("run1", {
    name: "baseline",
    params: { lr: 0.1, act: "relu", gone: true },
    metrics: { loss: [2, 0.5], acc: [0.8], calls: [5], same: [1] },
    metricDefinitions,
    code: dirty("a"),
    environment: { runtime: { name: "node", version: "22.1.0" } },
    datasets: [
      {
        time: 0,
        name: "mnist",
        digest: "table-sha256:0123456789abcdef",
        context: "train",
        rows: 10,
        schema: [{ name: "x", type: "number" }],
      },
    ],
  });
  const b = record("run2", {
    name: "wide",
    status: "failed",
    error: { name: "RangeError", message: "too\u001b[31m wide" },
    params: { lr: "0.1", act: "gelu", units: [64, 64] },
    metrics: { loss: [1], acc: [0.9], calls: [Number.NaN], same: [1] },
    metricDefinitions,
    code: dirty("b"),
    environment: { runtime: { name: "node", version: "24.1.0" } },
    datasets: [
      {
        time: 0,
        name: "mnist",
        digest: "table-sha256:fedcba9876543210",
        context: "train",
        rows: 8,
        schema: [
          { name: "x", type: "string" },
          { name: "y", type: "number" },
        ],
      },
    ],
  });
  expect(formatChanges(changes(a, b, [patchOf("1"), patchOf("2")]))).toBe(
    [
      "wide (run2)",
      "since baseline (run1), started 2023-11-14 22:13:20",
      "  the run before it of train.ts",
      "status: failed: RangeError: too\uFFFD[31m wide; it was finished",
      "",
      "metrics",
      "  worse   calls (max)  5 → NaN",
      "  worse   loss (min)   0.5 → 1    +0.5, +100%",
      "  better  acc (max)    0.8 → 0.9  +0.1, +12.5%",
      "",
      "code",
      "  changes of train.ts differ: 2 hunks",
      "    --- a: train.ts",
      "    +++ b: train.ts",
      "     @@ -4,2 +4,2 @@",
      "      const a = 1;",
      "     -old",
      "    -+const lr = 1;",
      "    ++const lr = 2;",
      "",
      "data sets",
      "  mnist / train: changed, 0123456789ab → fedcba987654",
      "    2 rows fewer",
      "    columns added: y",
      "    columns with another type: x number → string",
      "",
      "params",
      "  act    relu → gelu",
      "  gone   true (gone)",
      '  lr     0.1 → "0.1"',
      "  units  [64,64] (new)",
      "",
      "environment",
      "  runtime.version  22.1.0 → 24.1.0",
      "unchanged: artifacts used, tags",
    ].join("\n"),
  );
});

test("without git, an unknown state of the working tree is no change", () => {
  const sources = (digit: string): RecordedCode =>
    git({
      engine: "archive",
      commit: undefined,
      dirty: "unknown",
      archive: { digest: `sha256:${digit.repeat(64)}`, size: 1, files: 1, complete: true, parts: [] },
    });
  const text = formatChanges(changes(record("a", { code: sources("a") }), record("b", { code: sources("b") })));
  expect(text).toContain("code\n  sources sha256:aaaa");
  expect(text).not.toMatch(/dirty|not known/);
});

test("what is not known is said, and what is left out is counted", () => {
  const params = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`p${i}`, i]));
  const text = formatChanges(changes(record("a", { code: git() }), record("b", { params })));
  expect(text).toContain("not known whether it is the same:\n    b: the run recorded no code");
  expect(text).toContain("… 86 more lines");
  const lines = formatChanges(changes(record("a", { code: git() }), record("b", { params })), { maxLines: 10 }).split(
    "\n",
  );
  expect(lines).toHaveLength(10);
  expect(lines.at(-1)).toMatch(/^… \d+ more lines$/);
  expect(formatChanges(changes(record("a", { code: git() }), record("b", { code: git() })))).toMatch(
    /unchanged: metrics, code, data sets, artifacts used, params, environment, tags$/,
  );
});

test("property: bounded, printable, for any records", () => {
  fc.assert(
    fc.property(
      anyRecords,
      fc.string({ unit: "binary" }),
      fc.integer({ min: 20, max: 120 }),
      (records, evil, width) => {
        const [a = record("a"), b = record("b")] = records;
        const part: Part = { name: evil, tags: { [evil]: evil }, metrics: { [evil]: [1] }, params: { [evil]: evil } };
        const code = git({ branch: evil, entry: evil, untracked: [{ path: evil, size: 1 }] });
        const patch = bytes(`diff --git a/${evil} b/${evil}\nindex 1..2\n@@ -1 +1 @@\n-${evil}\n+${evil}\n`);
        const dirty = git({ dirty: true, patch: { digest: `sha256:${"a".repeat(64)}`, size: 1, complete: true } });
        for (const text of [
          formatChanges(changes(a, b), { width }),
          formatChanges(changes(record("a", { code: git() }), record("b", { ...part, code })), { width }),
          formatChanges(
            changes(record("a", { code: git() }), record("b", { ...part, code: dirty }), [undefined, patch]),
            { width },
          ),
        ]) {
          const lines = text.split("\n");
          expect(lines.length).toBeLessThanOrEqual(60);
          for (const line of lines) {
            expect([...line].length).toBeLessThanOrEqual(width);
            expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
          }
        }
      },
    ),
    { numRuns: 40 },
  );
});

test("bad input", () => {
  const some = changes(record("a"), record("b"));
  for (const wrong of [undefined, null, 3, {}, { ...some, code: 3 }, { ...some, params: {} }])
    expect(() => formatChanges(wrong as never)).toThrow(/changes must be a result of whatChanged/);
  expect(() => formatChanges(some, { width: 3 })).toThrow(/width/);
  expect(() => formatChanges(some, { maxLines: 1 })).toThrow(/maxLines/);
  expect(() => formatChanges(some, { colour: true } as never)).toThrow(/colour/);
});
