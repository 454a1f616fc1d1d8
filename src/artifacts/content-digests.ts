import { loadSha256 } from "../bytes/sha256.ts";
import type { PutOptions, StoredBlob } from "./blobs.ts";
import { drain, SourceReader } from "./source-reader.ts";
import type { Content } from "./source.ts";

/** Takes contents as the store of blobs does, but only computes their digests, in constant memory. */
export class ContentDigests {
  /** Nothing is to be stored. */
  readonly storesNothing = true;

  /** Returns true: a content whose digest is known needs nothing more. */
  async has(): Promise<boolean> {
    return true;
  }

  async put(content: Content, { signal }: PutOptions = {}): Promise<StoredBlob> {
    const { createSha256, sha256Hex } = await loadSha256();
    signal?.throwIfAborted();
    if (content.kind === "bytes") return { hex: await sha256Hex(content.bytes), size: content.bytes.byteLength };
    const hash = createSha256();
    if (content.kind === "reopenable") {
      await drain(new SourceReader(() => content.open(signal), signal), (chunk) => hash.update(chunk), content.size);
      return { hex: hash.digestHex(), size: content.size };
    }
    const reader = new SourceReader(() => content.chunks, signal);
    let size = 0;
    try {
      for (let chunk = await reader.next(); chunk !== undefined; chunk = await reader.next()) {
        hash.update(chunk);
        size += chunk.byteLength;
      }
    } finally {
      reader.close();
    }
    return { hex: hash.digestHex(), size };
  }
}
