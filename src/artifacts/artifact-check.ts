import { isError } from "../platform/any-realm.ts";
import { mapBounded } from "../platform/bounded.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { blobKey, type StoredBlob } from "./blobs.ts";
import type { ManifestFile } from "./manifest.ts";
import { isPacked, type PackedFile, readPack } from "./packed-files.ts";
import { blobChunks } from "./read-blob.ts";

/** The number of blobs that are read at a time. */
const PARALLEL = 4;

/** A file that is not as it was logged. */
export interface ArtifactProblem {
  /** The file is missing, has another size or another digest, or cannot be read for another reason. */
  readonly kind: "missing" | "size" | "digest" | "unreadable";
  /** The backend key concerned. */
  readonly key: string;
  /** The problem in words, for people. */
  readonly message: string;
}

/** What `verify` of an artifact found. */
export interface ArtifactCheck {
  /** True if every file holds the bytes that were logged. */
  readonly intact: boolean;
  /** The number of files it read. */
  readonly checked: number;
  /** What is wrong, one entry per file. Empty if `intact`. */
  readonly problems: readonly ArtifactProblem[];
}

/** Reads files and compares them with their digests. Rejects only if it is aborted. */
export async function checkFiles(
  backend: Backend,
  files: readonly ManifestFile[],
  signal: AbortSignal | undefined,
): Promise<ArtifactCheck> {
  const distinct = [...new Map(files.map((file) => [`${file.hex} ${file.size}`, file])).values()];
  const groups = new Map<StoredBlob, ManifestFile[]>();
  for (const file of distinct) {
    const blob = file.place?.pack ?? file;
    const group = groups.get(blob);
    if (group === undefined) groups.set(blob, [file]);
    else group.push(file);
  }
  const found = await mapBounded([...groups.values()], PARALLEL, signal, (group, stop) =>
    checkBlob(backend, group, stop),
  );
  const problems = new Map(found.flat());
  return {
    intact: problems.size === 0,
    checked: files.length,
    problems: distinct.map((file) => problems.get(file)).filter((problem) => problem !== undefined),
  };
}

/** Checks the files of one pack, or one file that is a blob of its own. Returns those with a problem. */
async function checkBlob(
  backend: Backend,
  group: readonly ManifestFile[],
  signal: AbortSignal,
): Promise<(readonly [ManifestFile, ArtifactProblem])[]> {
  const [first] = group as readonly [ManifestFile];
  const blob: StoredBlob = first.place?.pack ?? first;
  const key = blobKey(blob.hex);
  const all = (kind: ArtifactProblem["kind"], describe: (content: string) => string) =>
    group.map((file) => {
      const content = `the ${file.place === undefined ? "" : "pack with the "}content of ${JSON.stringify(file.path)}`;
      return [file, { kind, key, message: describe(content) }] as const;
    });
  try {
    const stat = await backend.stat(key, callOptions(signal));
    if (stat === undefined) return all("missing", (content) => `${content} is missing`);
    if (stat.size !== blob.size)
      return all("size", (content) => `${content} has ${stat.size} bytes instead of ${blob.size}`);
    if (isPacked(first)) return await checkPack(backend, group as readonly PackedFile[], signal);
    for await (const _ of blobChunks(backend, first, signal)) {
      // Reading checks the chunks.
    }
    return [];
  } catch (error) {
    signal.throwIfAborted();
    const message = isError(error) ? error.message : String(error);
    return all(LedgerError.hasCode(error, "CORRUPT") ? "digest" : "unreadable", () => message);
  }
}

async function checkPack(
  backend: Backend,
  files: readonly PackedFile[],
  signal: AbortSignal,
): Promise<(readonly [ManifestFile, ArtifactProblem])[]> {
  const { pack } = (files[0] as PackedFile).place;
  const key = blobKey(pack.hex);
  const bytes = await readPack(backend, pack, signal);
  const { createSha256 } = await loadSha256();
  const found: (readonly [ManifestFile, ArtifactProblem])[] = [];
  for (const file of files) {
    const { at } = file.place;
    const hash = createSha256();
    hash.update(bytes.subarray(at, at + file.size));
    if (hash.digestHex() !== file.hex) {
      const message = `${key} does not hold the bytes of the digest of ${JSON.stringify(file.path)}`;
      found.push([file, { kind: "digest", key, message }]);
    }
    await breakIfDue();
  }
  return found;
}
