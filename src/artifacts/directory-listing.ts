import { callOptions } from "../backend/call-options.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import type { FileTree } from "../backend/file-tree.ts";
import { compareUtf8 } from "../bytes/utf8-order.ts";
import { sourceFailed } from "./source-reader.ts";
import { MAX_FILES } from "./manifest.ts";
import { assertDistinctPaths, toArtifactPath } from "./path.ts";
import { type Content, type NormalSource, fileContent } from "./source.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { utf8Encoder } from "../bytes/utf8.ts";

/** A file of a source that has not been read yet. */
export interface FoundFile {
  readonly path: string;
  readonly content: Content;
}

interface ListCall {
  readonly signal: AbortSignal | undefined;
  readonly onSkip: (path: string) => void;
}

/**
 * Lists the files of a directory, or of an object of sources by path. Checks their paths and sorts them by
 * `compareUtf8`.
 */
export async function listFiles(
  source: Exclude<NormalSource, { readonly kind: "content" }>,
  call: ListCall,
): Promise<FoundFile[]> {
  const found = source.kind === "files" ? await listTree(source.tree, call) : await listMap(source.files, call);
  assertCount(found);
  found.sort((a, b) => compareUtf8(a.path, b.path));
  const paths = found.map(({ path }) => path);
  assertDistinctPaths(paths, "INVALID_ARGUMENT", "source");
  return found;
}

/** Returns the number of bytes of a content, if it is known. */
export function sizeOf(content: Content): number | undefined {
  if (content.kind === "bytes") return content.bytes.byteLength;
  return content.kind === "reopenable" ? content.size : undefined;
}

/** Lists sources by their paths. The files of a directory are listed under the directory's path. */
async function listMap(files: readonly (readonly [string, NormalSource])[], call: ListCall): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  for (const [path, source] of files) {
    if (source.kind === "content") found.push({ path, content: source.content });
    else if (source.kind === "files") {
      for (const { path: below, content } of await listTree(source.tree, call))
        found.push({ path: source.tree.single ? path : toArtifactPath(`${path}/${below}`, "source"), content });
    }
  }
  return found;
}

async function listTree(tree: FileTree, { signal, onSkip }: ListCall): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  try {
    for await (const file of tree.files({ onSkip, ...callOptions(signal) })) {
      signal?.throwIfAborted();
      found.push({ path: toArtifactPath(file.path, "source"), content: fileContent(file) });
      assertCount(found);
      // What a file system has in memory is listed without any pause.
      const pause = breakIfDue();
      if (pause !== undefined) await pause;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw sourceFailed(error);
  }
  return found;
}

function assertCount({ length }: readonly FoundFile[]): void {
  if (length > MAX_FILES)
    throw new LedgerError("TOO_LARGE", `source has more than ${MAX_FILES} files`, { field: "source" });
}

/** The most paths that a message names. */
const SHOWN = 5;

/** Collects the links and special files that a source leaves out. */
export class SkippedFiles {
  readonly #shown: string[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  readonly add = (path: string): void => {
    if (this.#count++ < SHOWN) this.#shown.push(JSON.stringify(String(path).slice(0, 100)));
  };

  error(): LedgerError {
    const more = this.#count > SHOWN ? ` and ${this.#count - SHOWN} more` : "";
    const paths = `${this.#shown.join(", ")}${more}`;
    return new LedgerError(
      "UNSUPPORTED",
      `logArtifact left out links and special files: ${paths}. Pass onSkip to fromPath to handle them yourself`,
      { field: "source" },
    );
  }
}

/** The number of lines that are hashed together. */
const LINES = 500;

/** One file in the listing of a directory. `hex` is the SHA-256 of its content. */
interface ListedFile {
  readonly path: string;
  readonly size: number;
  readonly hex: string;
}

/**
 * Returns the digest of a directory: the SHA-256 of one line for each file, `JSON.stringify([path, size, hex])` and a
 * newline, in UTF-8. `files` must be sorted by the UTF-8 bytes of their paths (`compareUtf8`). An empty directory has
 * the digest of no bytes.
 */
export async function listingDigest(files: readonly ListedFile[]): Promise<string> {
  const { createSha256 } = await loadSha256();
  const hash = createSha256();
  const encoder = utf8Encoder();
  for (let start = 0; start < files.length; start += LINES) {
    const lines = files.slice(start, start + LINES);
    hash.update(encoder.encode(lines.map(({ path, size, hex }) => `${JSON.stringify([path, size, hex])}\n`).join("")));
    await breakIfDue();
  }
  return hash.digestHex();
}
