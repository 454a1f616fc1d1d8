import { zipSync } from "fflate";
import { expect, test } from "vitest";
import { createTestLedger } from "../../src/testing/test-ledger.ts";
import { blobKey } from "../../src/artifacts/blobs.ts";

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
    archiveFiles: { onlyA: ["c.ts"], onlyB: ["d.ts"], changed: ["b.ts"], more: 0 },
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

test("wrong ids, and a signal", async () => {
  const { ledger } = await createTestLedger();
  const id = await ledger.withRun({}, (run) => run.id);
  await expect(ledger.diffCode(id, "missing")).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  await expect(ledger.diffCode(id, { id } as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(ledger.diffCode(id, id, { sgnal: 1 } as never)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  await expect(ledger.diffCode(id, id, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  expect(await ledger.diffCode(id, id)).toMatchObject({ same: "unknown" });
});
