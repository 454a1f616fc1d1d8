import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { createTestLedger } from "../../src/testing/test-ledger.ts";
import { blobKey } from "../../src/artifacts/blobs.ts";
import { gunzip } from "../../src/bytes/gunzip/portable.ts";
import { gunzip as gunzipInNode } from "../../src/bytes/gunzip/node.ts";
import { gzipMemberOf } from "../../src/bytes/gzip-member.ts";
import { type ArchiveDiff, diffArchives, type InflateFile } from "../../src/compare/code/archive-diff.ts";
import { inOneGo } from "../../src/platform/event-loop.ts";
import { readArchiveDirectory } from "../../src/provenance/archive-directory.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const patch = (value: string): Uint8Array =>
  bytes(`diff --git a/train.ts b/train.ts\nindex 1..2\n--- a/train.ts\n+++ b/train.ts\n@@ -1 +1 @@\n-0\n+${value}\n`);

test("the code of two runs, by their stored patches", async () => {
  const { ledger, backend } = await createTestLedger();
  const made = async (value: string): Promise<string> =>
    await ledger.withRun(
      {
        code: {
          engine: "git",
          commit: "c1",
          dirty: true,
          patch: patch(value),
          changes: [{ path: "train.ts", status: "modified" }],
        },
      },
      ({ id }) => id,
    );
  const [a, b, c] = [await made("1"), await made("2"), await made("1")];
  const diff = await ledger.diffCode(a, b);
  expect(diff).toMatchObject({
    same: false,
    commit: { a: "c1", b: "c1", same: true },
    changes: { onlyA: [], onlyB: [], changed: [] },
    patch: { same: false, changed: [{ path: "train.ts", same: 0 }] },
  });
  expect(diff.patch.text).toBe("--- a: train.ts\n+++ b: train.ts\n @@ -1,1 +1,1 @@\n -0\n-+1\n++2\n");
  expect(await ledger.diffCode(a, c)).toMatchObject({ same: true, patch: { same: true } });
  expect(await ledger.diffCode(a, a)).toMatchObject({ same: true });

  // A patch that is gone is incomplete, and so not the same.
  const { code } = await ledger.getRun(b);
  await backend.remove(blobKey(code!.patch!.digest.slice("sha256:".length)));
  expect(await ledger.diffCode(a, b)).toMatchObject({
    same: "unknown",
    patch: { same: "unknown", text: "" },
    incomplete: { a: [], b: ["patch: what is stored is missing or damaged"] },
  });
});

test("archives of sources, by file", async () => {
  const { ledger, backend } = await createTestLedger();
  const made = async (files: Record<string, string>): Promise<string> => {
    const mtime = Date.UTC(1980, 0, 1);
    const archive = zipSync(Object.fromEntries(Object.entries(files).map(([path, text]) => [path, bytes(text)])), {
      mtime,
    });
    return await ledger.withRun({ code: { engine: "archive", dirty: "unknown", archive } }, ({ id }) => id);
  };
  const a = await made({ "a.ts": "1", "b.ts": "2", "c.ts": "3" });
  const b = await made({ "a.ts": "1", "b.ts": "changed", "d.ts": "4" });
  expect(await ledger.diffCode(a, b)).toMatchObject({
    same: false,
    archive: { same: false },
    archiveFiles: {
      onlyA: ["c.ts"],
      onlyB: ["d.ts"],
      changed: ["b.ts"],
      more: 0,
      text: "--- a: b.ts\n+++ b: b.ts\n@@ -1,1 +1,1 @@\n-2\n\\ No newline at end of file\n+changed\n\\ No newline at end of file\n",
      leftOut: 0,
    },
  });
  const self = await ledger.diffCode(a, a);
  expect(self).toMatchObject({ same: true, unknown: [], archive: { same: true } });
  expect(self).not.toHaveProperty("archiveFiles");
  const { code } = await ledger.getRun(b);
  await backend.remove(blobKey(code!.archive!.parts[0]!.digest.slice("sha256:".length)));
  const damaged = await ledger.diffCode(a, b);
  expect(damaged).toMatchObject({ same: false });
  expect(damaged).not.toHaveProperty("archiveFiles");
});

test.each([
  ["fflate", gunzip],
  ["node:zlib", gunzipInNode],
])("lines of files in archives are bounded, and damaged files have none: %s", (_, gunzip) => {
  const zip = (files: Record<string, Uint8Array>): Uint8Array => zipSync(files, { mtime: Date.UTC(1980, 0, 1) });
  const lines = (count: number, other?: number): Uint8Array =>
    bytes(Array.from({ length: count }, (_, i) => (i === other ? "other\n" : `line ${i}\n`)).join(""));
  const inflate: InflateFile = (deflated, crc, size) => gunzip(gzipMemberOf(deflated, crc, size), size);
  const diff = (a: Uint8Array, b: Uint8Array): ArchiveDiff => inOneGo(diffArchives(a, b, inflate))!;
  const before = {
    "a.ts": lines(300),
    "b.bin": Uint8Array.of(1, 0),
    "long.ts": lines(3000),
    "wide.ts": bytes("x".repeat(70_000)),
  };
  const after = {
    "a.ts": lines(300, 150),
    "b.bin": Uint8Array.of(2, 0),
    "long.ts": lines(3001),
    "wide.ts": bytes("y".repeat(70_000)),
  };
  const { text, leftOut, changed } = diff(zip(before), zip(after));
  expect(changed).toEqual(["a.ts", "b.bin", "long.ts", "wide.ts"]);
  expect(leftOut).toBe(3);
  expect(text.split("\n").slice(2)).toEqual([
    "@@ -148,7 +148,7 @@",
    " line 147",
    " line 148",
    " line 149",
    "-line 150",
    "+other",
    " line 151",
    " line 152",
    " line 153",
    "",
  ]);

  // A file that inflates to more than the directory says, and one with a wrong checksum.
  const [small, large] = [zip({ "a.ts": lines(300) }), zip({ "a.ts": lines(300, 7) })];
  const directory = readArchiveDirectory(large)!.directory;
  for (const [at, value] of [
    [24, 10],
    [16, 1],
  ] as const) {
    const damaged = large.slice();
    new DataView(damaged.buffer).setUint32(directory + at, value, true);
    expect(diff(small, damaged)).toMatchObject({ changed: ["a.ts"], text: "", leftOut: 1 });
  }
  // Many files together.
  const many = (other: number): Uint8Array =>
    zip(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`${i}.ts`, bytes(`${"x".repeat(1000)}${other}`)])));
  let inflated = 0;
  const counted: InflateFile = (...file) => {
    inflated++;
    return inflate(...file);
  };
  const bounded = inOneGo(diffArchives(many(1), many(2), counted))!;
  // Two files a difference: 62 of them fit, and four did not.
  expect(inflated).toBeLessThanOrEqual(2 * 70);
  expect(bounded.text.length).toBeLessThanOrEqual(128 * 1024);
  expect(bounded.leftOut).toBeGreaterThan(100);
});

test("wrong ids, and a signal", async () => {
  const { ledger } = await createTestLedger();
  const id = await ledger.withRun({}, (run) => run.id);
  await expect(ledger.diffCode(id, "missing")).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  await expect(ledger.diffCode(id, { id } as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(ledger.diffCode(id, id, { sgnal: 1 } as never)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  await expect(ledger.diffCode(id, id, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  expect(await ledger.diffCode(id, id)).toMatchObject({ same: "unknown" });
});
