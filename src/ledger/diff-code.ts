import { readBlob } from "../artifacts/read-blob.ts";
import type { Backend } from "../backend/backend.ts";
import { parseDigest } from "../bytes/digest.ts";
import { gzipMemberOf } from "../bytes/gzip-member.ts";
import type { InflateFile } from "../compare/code/archive-diff.ts";
import type { CodeDiff } from "../compare/code/code-diff.ts";
import type { ReadCode } from "../compare/code/code-side.ts";
import { diffCode } from "../compare/code/diff-code.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { RecordedArchive, RecordedCode } from "../journal/recorded-code.ts";
import type { RunRecord } from "../journal/run-record.ts";
import { inSlices } from "../platform/event-loop.ts";
import { onDemand } from "../platform/on-demand.ts";
import { readArchive } from "./code-archive.ts";
import { checkRunId, readRun } from "./read-run.ts";

/** The most bytes of a patch that is compared by file and hunk. */
const MAX_PATCH: number = 4 * 1024 * 1024;
/** The most bytes of an archive that is compared by file. */
const MAX_ARCHIVE: number = 8 * 1024 * 1024;

/** Returns what differs between the code of two runs. Rejects with `RUN_NOT_FOUND`. */
export async function diffCodeOfRuns(
  backend: Backend,
  a: string,
  b: string,
  signal: AbortSignal | undefined,
): Promise<CodeDiff> {
  checkRunId(a, "a");
  checkRunId(b, "b");
  const [first, second] = await Promise.all([readRun(backend, a, signal), readRun(backend, b, signal)]);
  return await diffCodeOfRecords(backend, first, second, signal);
}

/** Returns what differs between the code of two records. Reads their patches. */
export async function diffCodeOfRecords(
  backend: Backend,
  a: Pick<RunRecord, "id" | "code">,
  b: Pick<RunRecord, "id" | "code">,
  signal: AbortSignal | undefined,
): Promise<CodeDiff> {
  const isShared = a.code?.patch?.digest === b.code?.patch?.digest;
  const readA = await readPatch(backend, a.code, signal);
  const readB = isShared ? { ...readA, code: b.code } : await readPatch(backend, b.code, signal);
  const [x, y] = [a.code?.archive, b.code?.archive];
  const differ = x && y && x.digest !== y.digest && x.size <= MAX_ARCHIVE && y.size <= MAX_ARCHIVE;
  const archives = differ
    ? [await tryArchive(backend, a.id, x, signal), await tryArchive(backend, b.id, y, signal)]
    : [];
  const inflate = archives[0] && archives[1] && (await fileInflater());
  signal?.throwIfAborted();
  return await inSlices(diffCode({ ...readA, archive: archives[0] }, { ...readB, archive: archives[1] }, inflate));
}

const compression = /* @__PURE__ */ onDemand(() => import("#gunzip"));

async function fileInflater(): Promise<InflateFile> {
  const { gunzip } = await compression();
  return (deflated, crc, size) => gunzip(gzipMemberOf(deflated, crc, size), size);
}

/** Returns an archive, or `undefined` if it is damaged. */
async function tryArchive(
  backend: Backend,
  id: string,
  archive: RecordedArchive,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  try {
    return await readArchive(backend, id, archive, signal);
  } catch (error) {
    if (!LedgerError.hasCode(error, "CORRUPT") && !LedgerError.hasCode(error, "NOT_FOUND")) throw error;
    return undefined;
  }
}

/** Returns the code with its patch. A patch that cannot be compared is not read; the result says why. */
export async function readPatch(
  backend: Backend,
  code: RecordedCode | undefined,
  signal: AbortSignal | undefined,
): Promise<ReadCode> {
  if (!code?.patch) return { code };
  const { digest, size } = code.patch;
  if (size > MAX_PATCH) return { code, unread: `patch: it has ${size} bytes, and is not compared by file` };
  const hex = parseDigest(digest);
  if (hex === undefined) return { code, unread: "patch: its digest is damaged" };
  try {
    return { code, patch: await readBlob(backend, hex, { size, most: MAX_PATCH }, signal) };
  } catch (error) {
    if (!LedgerError.hasCode(error, "CORRUPT") && !LedgerError.hasCode(error, "NOT_FOUND")) throw error;
    return { code, unread: "patch: what is stored is missing or damaged" };
  }
}
