import { readOptions } from "../arguments/options.ts";
import { readBlob } from "../artifacts/read-blob.ts";
import type { Backend, CallOptions } from "../backend/backend.ts";
import { concatBytes } from "../backend/body.ts";
import { parseDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { RecordedArchive } from "../journal/recorded-code.ts";
import { mapBounded } from "../platform/bounded.ts";
import { MAX_ARCHIVE } from "../run/archive-parts.ts";
import { readRun } from "./read-run.ts";

/** How many parts are read at the same time. */
const PARALLEL_PARTS = 8;

/** Returns the archive of a run's code, checked against its digest, or `undefined` if the run recorded none. */
export async function readCodeArchive(
  backend: Backend,
  id: string,
  options: CallOptions | undefined,
): Promise<Uint8Array | undefined> {
  const { signal } = readOptions<CallOptions>("codeArchive", options, { signal: true });
  const { archive } = (await readRun(backend, id, signal)).code ?? {};
  return archive && (await readArchive(backend, id, archive, signal));
}

/** Returns a recorded archive, checked against its digest. */
export async function readArchive(
  backend: Backend,
  id: string,
  { digest, size, parts }: RecordedArchive,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const sum = parts.reduce((total, part) => total + part.size, 0);
  if (sum !== size || size > MAX_ARCHIVE) throw corrupt(id, `cannot have the ${size} bytes that are recorded`);
  const bytes = concatBytes(
    await mapBounded(parts, PARALLEL_PARTS, signal, async (part, signal) => {
      const hex = parseDigest(part.digest);
      if (hex === undefined) throw corrupt(id, "has a part with a wrong digest");
      return await readBlob(backend, hex, { size: part.size, most: size }, signal);
    }),
  );
  if ((await (await loadSha256()).sha256Hex(bytes)) !== parseDigest(digest))
    throw corrupt(id, "does not have the bytes that its digest promises");
  return bytes;
}

function corrupt(id: string, why: string): LedgerError {
  return new LedgerError("CORRUPT", `the archive of the code of run ${id} ${why}`, { operation: "read" });
}
