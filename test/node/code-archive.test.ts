import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { memoryBackend } from "runledger/backends/memory";
import { type CaptureOptions, openLedger } from "runledger/node";
import type { RunRecord } from "runledger";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { findProjectDirectory } from "../../src/node/code/project-directory.ts";
import { Repository } from "../git/repository.ts";

type CodeOptions = Exclude<CaptureOptions["code"], boolean | undefined>;

let directory: string;
beforeEach(() => void (directory = realpathSync(mkdtempSync(join(tmpdir(), "runledger-code-archive-")))));
afterEach(() => {
  rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  vi.unstubAllEnvs();
});

function project(below = ""): void {
  mkdirSync(join(directory, below, "src"), { recursive: true });
  writeFileSync(join(directory, below, "package.json"), "{}");
  writeFileSync(join(directory, below, "src/train.ts"), "train();\n");
}

/** What a run records of its code, and the names in its archive. */
async function recorded(
  code: CodeOptions,
  place: string | undefined = undefined,
): Promise<{
  readonly code: RunRecord["code"];
  readonly names: readonly string[] | undefined;
  readonly errors: readonly unknown[];
}> {
  const errors: unknown[] = [];
  const ledger = await openLedger(place ?? memoryBackend(), {
    capture: { environment: false, system: false, code },
    onError: (error) => void errors.push(error),
  });
  const run = await ledger.startRun();
  await run.finish();
  const archive = await ledger.codeArchive(run.id);
  const record = await ledger.getRun(run.id);
  return { code: record.code, names: archive && Object.keys(unzipSync(archive)), errors };
}

describe("without a repository", () => {
  test("runs archive the project, also from a directory in it, but not the ledger in it", async () => {
    project();
    const { code, names, errors } = await recorded({ directory: join(directory, "src") }, join(directory, "store"));
    expect(names).toEqual(["package.json", "src/train.ts"]);
    expect(code).toMatchObject({ engine: "archive", dirty: "unknown", archive: { files: 2, complete: true } });
    expect(code?.incomplete).toEqual(["sources: 1 ledger left out (store/)"]);
    expect(errors).toEqual([]);
    const again = await recorded({ directory });
    expect(again.code?.archive?.digest).toBe(code?.archive?.digest);
  });

  test("runs archive nothing if there is no project, or archive is false", async () => {
    writeFileSync(join(directory, "a.ts"), "");
    expect(await recorded({ directory })).toEqual({ code: undefined, names: undefined, errors: [] });
    project();
    expect(await recorded({ directory, archive: false })).toEqual({ code: undefined, names: undefined, errors: [] });
  });

  test("archive: true needs no project", async () => {
    writeFileSync(join(directory, "a.ts"), "");
    expect(await recorded({ directory, archive: true })).toMatchObject({ names: ["a.ts"], errors: [] });
  });
});

test("the project is the nearest one, and never a home directory, a root or the directory of temporary files", async () => {
  project();
  project("packages/a");
  const inside = join(directory, "packages/a/src");
  expect(await findProjectDirectory(inside)).toEqual({ directory: join(directory, "packages/a"), isShared: false });
  expect(await findProjectDirectory(join(directory, "packages"))).toEqual({ directory, isShared: false });
  for (const shared of ["/", "/tmp", homedir(), tmpdir()])
    expect(await findProjectDirectory(shared)).toEqual({ isShared: true });
  vi.stubEnv("TMPDIR", directory);
  expect(await findProjectDirectory(directory)).toEqual({ isShared: true });
  expect(await findProjectDirectory(join(directory, "packages"))).toEqual({ isShared: false });
  const { code, names } = await recorded({ directory, archive: true });
  expect(code?.incomplete).toEqual([expect.stringMatching(/^archive: the directory is shared/)]);
  expect(names).toBeUndefined();
  const named = await recorded({ directory, archive: { directory: inside } });
  expect(named.names).toEqual(["train.ts"]);
});

test("with a repository there is an archive only if it is wanted, beside the patch", async () => {
  const repository = new Repository();
  try {
    repository.begin();
    repository.change();
    writeFileSync(join(repository.directory, "package.json"), "{}");
    const plain = await recorded({ directory: repository.directory });
    expect(plain.code).toMatchObject({ engine: "git", dirty: true });
    expect(plain.code?.archive).toBeUndefined();
    const both = await recorded({ directory: repository.directory, archive: { maxFileBytes: 100_000 } });
    const { archive, incomplete: _, ...rest } = both.code ?? {};
    const { incomplete: __, ...alone } = plain.code ?? {};
    expect(rest).toEqual(alone);
    expect(both.names).toContain("package.json");
    expect(archive?.files).toBe(both.names?.length);
  } finally {
    repository.dispose();
  }
});

test.each([
  [{ directory: 5 }, "capture.code.directory"],
  [{ timeoutMs: -1 }, "capture.code.timeoutMs"],
  [{ engine: "svn" }, "capture.code.engine"],
  [{ patch: "yes" }, "capture.code.patch"],
  [{ maxPatchBytes: 0.5 }, "capture.code.maxPatchBytes"],
  [{ archive: "yes" }, "capture.code.archive"],
  [{ archive: { maxBytes: 1e12 } }, "capture.code.archive.maxBytes"],
  [{ archive: { directory: "" } }, "capture.code.archive.directory"],
])("openLedger refuses capture.code: %j", async (code, field) => {
  const opening = openLedger(memoryBackend(), { capture: { code } } as never);
  await expect(opening).rejects.toMatchObject({ name: "LedgerError", code: "INVALID_ARGUMENT", field });
});

test("openLedger refuses unknown options of the archive", async () => {
  const opening = openLedger(memoryBackend(), { capture: { code: { archive: { maxSize: 1 } } } } as never);
  await expect(opening).rejects.toMatchObject({ code: "UNSUPPORTED", field: "capture.code.archive.maxSize" });
});
