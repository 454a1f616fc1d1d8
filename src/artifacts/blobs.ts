import { abortable } from "../platform/abort.ts";
import type { Backend, Body, ByteStream } from "../backend/backend.ts";
import { byteStream, concatBytes } from "../backend/body.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { callOptions } from "../backend/call-options.ts";
import { type Sha256, type Sha256Module, isSha256Hex } from "../bytes/digest.ts";
import { SourceReader, checked, drain, readWhole } from "./source-reader.ts";
import { readRanges } from "./read-ranges.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import type { Content } from "./source.ts";
import { SMALL_BYTES } from "./own-source.ts";
import { storeOnce } from "./store-once.ts";

/** A stored content. */
export interface StoredBlob {
  /** Its SHA-256, 64 hex digits. */
  readonly hex: string;
  /** Bytes. */
  readonly size: number;
}

export interface PutOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of further bytes that are stored, or were stored already. The calls add up to the size. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

/** Returns the key of the blob with this SHA-256. Throws `CORRUPT` for anything but 64 lower-case hex digits. */
export function blobKey(hex: string): string {
  if (!isSha256Hex(hex)) throw new LedgerError("CORRUPT", "a digest is not 64 lower-case hex digits");
  return `blobs/sha256/${hex.slice(0, 2)}/${hex}`;
}

/**
 * Stores each content once, under its digest.
 *
 * A content that can be read again is hashed first, and sent only if it is not stored. A content that can be read only
 * once, and is too large for memory, is hashed while it is written to `blobs/incoming/<id>`, and then gets its name.
 */
export class BlobStore {
  readonly #backend: Backend;
  readonly #newId: () => string;
  /**
   * Contents that are being sent, so that equal files of a directory are sent once. Resolve to true if the content was
   * stored.
   */
  readonly #sending = new Map<string, Promise<boolean>>();

  constructor(backend: Backend, newId: () => string) {
    this.#backend = backend;
    this.#newId = newId;
  }

  /**
   * Stores a content. Rejects with `CONFLICT` if the content changes while it is read, `CORRUPT` if the store holds
   * something else under its digest, `INVALID_ARGUMENT` if the source yields anything but bytes, `IO` if the source
   * fails, or as the backend does. A failure leaves at most a file in `blobs/incoming`.
   */
  async put(content: Content, options: PutOptions = {}): Promise<StoredBlob> {
    const hashing = await loadSha256();
    switch (content.kind) {
      case "bytes":
        return this.#putBytes(content.bytes, hashing, options);
      case "reopenable":
        return content.size <= SMALL_BYTES
          ? this.#putBytes(await readWhole(content, options.signal), hashing, options)
          : this.#putTwice(content, hashing, options);
      case "stream":
        return this.#putStream(content.chunks, hashing, options);
    }
  }

  /** Returns whether a content is stored, which takes one request. */
  async has({ hex, size }: StoredBlob, signal?: AbortSignal): Promise<boolean> {
    return (await this.#backend.stat(blobKey(hex), callOptions(signal)))?.size === size;
  }

  async #putBytes(bytes: Uint8Array, hashing: Sha256Module, options: PutOptions): Promise<StoredBlob> {
    options.signal?.throwIfAborted();
    const hex = await hashing.sha256Hex(bytes);
    await this.#send(hex, bytes.byteLength, () => bytes, options.signal);
    options.onBytes?.(bytes.byteLength);
    return { hex, size: bytes.byteLength };
  }

  /** Reads a content to hash it, then again to send it. */
  async #putTwice(
    content: Content & { kind: "reopenable" },
    { createSha256 }: Sha256Module,
    options: PutOptions,
  ): Promise<StoredBlob> {
    const { signal, onBytes } = options;
    const size = content.size;
    const first = createSha256();
    await drain(new SourceReader(() => content.open(signal), signal), (chunk) => first.update(chunk), size);
    const hex = first.digestHex();
    let told = 0;
    let reader: SourceReader | undefined;
    try {
      const body = (): ByteStream => {
        const second = content.stable ? undefined : { hash: createSha256(), hex };
        reader?.close();
        reader = new SourceReader(() => content.open(signal), signal);
        let sent = 0;
        const tell = (bytes: number): void => {
          sent += bytes;
          if (sent <= told) return;
          const more = sent - told;
          told = sent;
          onBytes?.(more);
        };
        return byteStream(checked(reader, size, second, tell), size);
      };
      await this.#send(hex, size, body, signal);
    } catch (error) {
      throw reader?.failure === undefined ? error : reader.failure.error;
    } finally {
      reader?.close();
    }
    if (told < size) onBytes?.(size - told);
    return { hex, size };
  }

  async #putStream(chunks: AsyncIterable<Uint8Array>, hashing: Sha256Module, options: PutOptions): Promise<StoredBlob> {
    const reader = new SourceReader(() => chunks, options.signal);
    try {
      const head: Uint8Array[] = [];
      let bytes = 0;
      while (bytes <= SMALL_BYTES) {
        const chunk = await reader.next();
        if (chunk === undefined) return await this.#putBytes(concatBytes(head, bytes), hashing, options);
        bytes += chunk.byteLength;
        // The source may reuse the memory of a chunk when it is asked for the next one.
        head.push(bytes <= SMALL_BYTES ? new Uint8Array(chunk) : chunk);
      }
      return await this.#spool(head, reader, hashing.createSha256, options);
    } catch (error) {
      throw reader.failure === undefined ? error : reader.failure.error;
    } finally {
      reader.close();
    }
  }

  async #spool(
    head: Uint8Array[],
    reader: SourceReader,
    createSha256: () => Sha256,
    options: PutOptions,
  ): Promise<StoredBlob> {
    const { signal, onBytes } = options;
    const spool = `blobs/incoming/${this.#newId()}`;
    const hash = createSha256();
    let size = 0;
    const body = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      for (
        let chunk = head.shift() ?? (await reader.next());
        chunk !== undefined;
        chunk = head.shift() ?? (await reader.next())
      ) {
        hash.update(chunk);
        size += chunk.byteLength;
        yield chunk;
        try {
          onBytes?.(chunk.byteLength);
        } catch (error) {
          throw reader.fail(error);
        }
      }
    };
    try {
      await this.#backend.create(spool, byteStream(body()), callOptions(signal));
      const hex = hash.digestHex();
      const stored = await this.#settle(hex, size, () => this.#name(spool, hex, size, createSha256, signal), signal);
      if (stored !== "moved") await this.#discard(spool);
      return { hex, size };
    } catch (error) {
      const gone = this.#discard(spool);
      // An aborted call ends at once, while the removal continues.
      if (signal?.aborted !== true) await gone;
      throw error;
    }
  }

  /** Moves or copies a spooled content to the key of its digest. */
  async #name(
    spool: string,
    hex: string,
    size: number,
    createSha256: () => Sha256,
    signal: AbortSignal | undefined,
  ): Promise<"moved" | "copied"> {
    const backend = this.#backend;
    const key = blobKey(hex);
    if (backend.capabilities.move === true && backend.move !== undefined) {
      await backend.move(spool, key, callOptions(signal));
      return "moved";
    }
    const check = { hash: createSha256(), hex, key: spool };
    const reader = new SourceReader(() => readRanges(backend, spool, size, signal), signal);
    try {
      await backend.create(key, byteStream(checked(reader, size, check), size), callOptions(signal));
    } catch (error) {
      throw reader.failure === undefined ? error : reader.failure.error;
    } finally {
      reader.close();
    }
    return "copied";
  }

  async #send(hex: string, size: number, body: () => Body, signal: AbortSignal | undefined): Promise<void> {
    await this.#settle(hex, size, () => this.#backend.create(blobKey(hex), body(), callOptions(signal)), signal);
  }

  /** Runs `store` unless the blob exists or another call of this handle is storing it. */
  async #settle<T>(
    hex: string,
    size: number,
    store: () => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T | "there"> {
    for (let other = this.#sending.get(hex); other !== undefined; other = this.#sending.get(hex)) {
      if (await abortable(other, signal)) return "there";
    }
    const blob = { key: blobKey(hex), size, newId: this.#newId, signal };
    const sending = storeOnce(this.#backend, blob, store);
    const done = sending.then(
      () => true,
      () => false,
    );
    this.#sending.set(hex, done);
    try {
      return await sending;
    } finally {
      this.#sending.delete(hex);
    }
  }

  /** Removes a spool if it can. One that stays can be found in `blobs/incoming` and removed later. */
  async #discard(key: string): Promise<void> {
    await this.#backend.remove(key).catch(() => {});
  }
}
