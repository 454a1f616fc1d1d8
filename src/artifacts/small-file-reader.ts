import { isBytes } from "../platform/any-realm.ts";
import { mapBounded } from "../platform/bounded.ts";
import { breakIfDue } from "../platform/event-loop.ts";
import type { Sha256Module } from "../bytes/digest.ts";
import type { StoredBlob } from "./blobs.ts";
import type { KnownDigests } from "./known-digests.ts";
import type { Content } from "./source.ts";
import { readWhole, sourceFailed } from "./source-reader.ts";

/** The number of contents that are read together, and at a time, if they cannot be read at once. */
const WINDOW = 32;
const PARALLEL = 8;

/** A content of a known size. */
export type SizedContent = Exclude<Content, { readonly kind: "stream" }>;

/** Returns the number of bytes of a content. */
export function contentSize(content: SizedContent): number {
  return content.kind === "bytes" ? content.bytes.byteLength : content.size;
}

/** Reads and hashes small contents in ascending order, some of them ahead. */
export class SmallFileReader {
  readonly #contents: readonly SizedContent[];
  readonly #known: KnownDigests;
  readonly #hashing: Sha256Module;
  readonly #signal: AbortSignal | undefined;
  readonly #ahead = new Map<number, { readonly bytes: Uint8Array; readonly begun: number }>();

  constructor(
    contents: readonly SizedContent[],
    known: KnownDigests,
    hashing: Sha256Module,
    signal: AbortSignal | undefined,
  ) {
    this.#contents = contents;
    this.#known = known;
    this.#hashing = hashing;
    this.#signal = signal;
  }

  /** Returns the digest of a content, if it is known without reading. */
  known(index: number): string | undefined {
    const content = this.#contents[index] as SizedContent;
    return content.kind === "bytes" ? undefined : this.#known.get(content.state, content.size);
  }

  /**
   * Reads and hashes a content. Its bytes are valid until the next call. `wants`: whether another content will be read
   * soon. Rejects with `CONFLICT` if a content does not have its stated size, or as its source does.
   */
  async read(index: number, wants: (index: number) => boolean): Promise<StoredBlob & { readonly bytes: Uint8Array }> {
    const pause = breakIfDue();
    if (pause !== undefined) {
      await pause;
      this.#signal?.throwIfAborted();
    }
    const content = this.#contents[index] as SizedContent;
    let begun = performance.now();
    let bytes = this.#atOnce(index, content);
    if (bytes === undefined) {
      if (!this.#ahead.has(index)) await this.#readAhead(index, wants);
      ({ bytes, begun } = this.#ahead.get(index) as { bytes: Uint8Array; begun: number });
      this.#ahead.delete(index);
    }
    const hash = this.#hashing.createSha256();
    hash.update(bytes);
    const blob = { hex: hash.digestHex(), size: bytes.byteLength };
    if (content.kind === "reopenable") this.#known.set(content.state, blob, begun);
    return { ...blob, bytes };
  }

  #atOnce(index: number, content: SizedContent): Uint8Array | undefined {
    if (content.kind === "bytes") return content.bytes;
    if (this.#ahead.has(index)) return undefined;
    try {
      const bytes = content.readNow?.();
      // Anything else is an error that reading it as a stream describes.
      return isBytes(bytes) && bytes.byteLength === content.size ? bytes : undefined;
    } catch (error) {
      throw sourceFailed(error);
    }
  }

  async #readAhead(first: number, wants: (index: number) => boolean): Promise<void> {
    const indexes = [first];
    for (let i = first + 1; i < Math.min(first + WINDOW, this.#contents.length); i++) {
      if (this.#contents[i]?.kind === "reopenable" && !this.#ahead.has(i) && wants(i)) indexes.push(i);
    }
    await mapBounded(indexes, PARALLEL, this.#signal, async (index, stop) => {
      const content = this.#contents[index] as SizedContent & { kind: "reopenable" };
      const begun = performance.now();
      this.#ahead.set(index, { bytes: await readWhole(content, stop), begun });
    });
  }
}
