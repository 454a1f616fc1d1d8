import type { BlobStore, StoredBlob } from "./blobs.ts";
import { MAX_PACK_BYTES, type Place } from "./places.ts";

/** The most packs that are sent at a time. Each is in memory. */
const MOST_SENDING = 2;

interface PackWriterOptions {
  /** The most bytes that come, if fewer than a pack. */
  readonly most: number;
  readonly signal: AbortSignal | undefined;
  readonly onBytes: (bytes: number) => void;
}

/** Puts small contents one after another into packs, and stores each pack as a blob. */
export class PackWriter {
  readonly #blobs: Pick<BlobStore, "put">;
  readonly #options: PackWriterOptions;
  /** The pack that is being filled. Gets its digest and size once it is full. */
  #pack: { hex: string; size: number } = { hex: "", size: 0 };
  #bytes: Uint8Array | undefined;
  #sending: Promise<unknown>[] = [];

  constructor(blobs: Pick<BlobStore, "put">, options: PackWriterOptions) {
    this.#blobs = blobs;
    this.#options = options;
  }

  /** Copies a content of at most 8 MiB into a pack. Its place is complete when {@link end} has resolved. */
  async add(content: Uint8Array): Promise<Place> {
    if (this.#bytes !== undefined && this.#pack.size + content.byteLength > this.#bytes.byteLength) await this.#send();
    this.#bytes ??= new Uint8Array(Math.min(MAX_PACK_BYTES, Math.max(this.#options.most, content.byteLength)));
    const place = { pack: this.#pack as StoredBlob, at: this.#pack.size };
    this.#bytes.set(content, place.at);
    this.#pack.size += content.byteLength;
    return place;
  }

  /** Stores the last pack. Resolves when all are stored. */
  async end(): Promise<void> {
    if (this.#bytes !== undefined) await this.#send();
    await Promise.all(this.#sending);
  }

  /** Resolves when nothing is being sent any more, or when the signal is aborted. Never rejects. */
  async settle(): Promise<void> {
    if (this.#options.signal?.aborted !== true) await Promise.allSettled(this.#sending);
  }

  async #send(): Promise<void> {
    const { signal, onBytes } = this.#options;
    const pack = this.#pack;
    const bytes = (this.#bytes as Uint8Array).subarray(0, pack.size);
    this.#bytes = undefined;
    this.#pack = { hex: "", size: 0 };
    const content = { kind: "bytes", bytes } as const;
    const sending = this.#blobs.put(content, { signal, onBytes }).then(({ hex }) => void (pack.hex = hex));
    sending.catch(() => {}); // The error is thrown when the next pack is full, or at the end.
    this.#sending.push(sending);
    if (this.#sending.length > MOST_SENDING) await this.#sending.shift();
  }
}
