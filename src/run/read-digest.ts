import type { Backend } from "../backend/backend.ts";
import { callOptions } from "../backend/call-options.ts";
import { formatDigest } from "../bytes/digest.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import { loadSha256 } from "../bytes/sha256.ts";

/** How many bytes are read at once. */
const READ_BYTES: number = 4 * 1024 * 1024;

/** Reads an object to its end, or its first `most` bytes. Returns how many bytes it read, and their digest. */
export async function readDigest(
  backend: Backend,
  key: string,
  most: number,
  signal: AbortSignal | undefined,
): Promise<{ readonly size: number; readonly digest: string }> {
  const { createSha256 } = await loadSha256();
  const hash = createSha256();
  let size = 0;
  while (size < most) {
    const length = Math.min(READ_BYTES, most - size);
    const bytes = await backend.read(key, { ...callOptions(signal), range: { offset: size, length } });
    hash.update(bytes);
    size += bytes.length;
    if (bytes.length < length) break;
    await breakIfDue();
  }
  return { size, digest: formatDigest(hash.digestHex()) };
}
