// A program that captures the code of the directory in its first argument, in each way. It prints what it found.
import { createHash } from "node:crypto";
import { captureGit, captureSources, type CodeSnapshot } from "runledger/git";
import { memoryBackend } from "runledger/backends/memory";
import { openLedger } from "runledger/node";

const directory = process.argv[2] ?? "";

const digest = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && createHash("sha256").update(bytes).digest("hex");

async function found(capturing: Promise<CodeSnapshot | undefined>): Promise<object | undefined> {
  try {
    const { patch, archive, entry: _, ...code } = (await capturing) ?? {};
    return { ...code, patch: digest(patch), archive: digest(archive) };
  } catch (error) {
    return { error: error instanceof Error ? error.name : "another" };
  }
}

const errors: string[] = [];
const ledger = await openLedger(memoryBackend(), {
  onError: ({ message }) => errors.push(message),
  capture: { environment: false, system: false, code: { directory, archive: true } },
});
const run = await ledger.startRun();
await run.finish();
const { status, code } = await ledger.getRun(run.id);
const auto = await found(captureGit({ directory }));
const portable = await found(captureGit({ directory, engine: "isomorphic-git" }));
const sources = await found(captureSources({ directory }));
const recorded = code && { commit: code.commit, patch: code.patch?.digest, archive: code.archive?.digest };
console.log(JSON.stringify({ status, errors, recorded, auto, portable, sources }));
