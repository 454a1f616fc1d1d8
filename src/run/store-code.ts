import type { ArtifactStore } from "../artifacts/store.ts";
import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import type { RecordedCode } from "../journal/recorded-code.ts";
import { mapBounded } from "../platform/bounded.ts";
import type { CheckedCode } from "./check-code.ts";

/** How many parts of an archive are stored at the same time. */
const PARALLEL_PARTS = 4;

/** Stores the patch and the archive of the code as blobs. Returns what the record says of them. */
export async function storeBodies(
  store: Pick<ArtifactStore, "putBlob">,
  { patch, archive }: Pick<CheckedCode, "patch" | "archive">,
  incomplete: readonly string[],
): Promise<Pick<RecordedCode, "patch" | "archive">> {
  const isComplete = (name: string): boolean => !incomplete.some((line) => line.startsWith(`${name}:`));
  const put = async (bytes: Uint8Array): Promise<{ readonly digest: string; readonly size: number }> => {
    const { hex, size } = await store.putBlob(bytes);
    return { digest: formatDigest(hex), size };
  };
  const parts = archive && (await mapBounded(archive.parts, PARALLEL_PARTS, undefined, put));
  return {
    ...(patch && { patch: { ...(await put(patch)), complete: isComplete("patch") } }),
    ...(archive &&
      parts && {
        archive: {
          digest: formatDigest(await (await loadSha256()).sha256Hex(archive.bytes)),
          size: archive.bytes.length,
          files: archive.paths.length,
          complete: isComplete("archive"),
          parts,
        },
      }),
  };
}
