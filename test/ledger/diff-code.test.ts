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

test("wrong ids, and a signal", async () => {
  const { ledger } = await createTestLedger();
  const id = await ledger.withRun({}, (run) => run.id);
  await expect(ledger.diffCode(id, "missing")).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  await expect(ledger.diffCode(id, { id } as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(ledger.diffCode(id, id, { sgnal: 1 } as never)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  await expect(ledger.diffCode(id, id, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  expect(await ledger.diffCode(id, id)).toMatchObject({ same: "unknown" });
});
