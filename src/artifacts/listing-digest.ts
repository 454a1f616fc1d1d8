import { loadSha256 } from "../bytes/sha256.ts";
import { utf8Encoder } from "../bytes/utf8.ts";

/** One file as the listing of a directory sees it. `hex` is the SHA-256 of the content. */
export interface ListedFile {
  readonly path: string;
  readonly size: number;
  readonly hex: string;
}

/**
 * The digest of a directory: SHA-256 over one line for each file, `JSON.stringify([path, size, hex])` and a newline, in UTF-8.
 * `files` are in the order of their UTF-8 bytes (`compareUtf8`). An empty directory has the digest of no bytes.
 */
export async function listingDigest(files: readonly ListedFile[]): Promise<string> {
  const { createSha256 } = await loadSha256();
  const hash = createSha256();
  const encoder = utf8Encoder();
  for (const { path, size, hex } of files) hash.update(encoder.encode(`${JSON.stringify([path, size, hex])}\n`));
  return hash.digestHex();
}
