/** The part of a file handle that is needed to write. */
export interface Writable {
  write(buffer: Uint8Array, offset: number, length: number, position: number | null): Promise<{ bytesWritten: number }>;
}

/**
 * Streams are collected into blocks of this size. At most `DEPTH` blocks are being written while the next one fills.
 */
const BLOCK_BYTES = 1024 * 1024;
const DEPTH = 4;
/**
 * Initial size of the first block. It is smaller because most streams fit in it, and a program may write hundreds of
 * them at once.
 */
const SMALL_BLOCK_BYTES = 64 * 1024;
/** The most bytes of one write. The signal is checked between writes. */
const SLICE_BYTES = 8 * 1024 * 1024;

/** Writes all bytes, however few each call writes. `position` has the same meaning as in `FileHandle.write`. */
export async function writeFully(file: Writable, bytes: Uint8Array, position: number | null): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    const at = position === null ? null : position + done;
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, at);
    if (bytesWritten <= 0) throw new Error("the file system wrote no bytes and gave no error");
    done += bytesWritten;
  }
}

/** Writes bytes to the beginning of a file. */
export async function writeBytes(file: Writable, bytes: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
  for (let at = 0; at < bytes.byteLength; at += SLICE_BYTES) {
    signal?.throwIfAborted();
    await writeFully(file, bytes.subarray(at, at + SLICE_BYTES), at);
  }
}

/**
 * Writes chunks to the beginning of a file in constant memory. Writes a few blocks at once while the next chunks are
 * made. Copies the chunks, so that their buffer may be reused for the next one. Returns the number of bytes. When it
 * rejects, no write is in progress any more.
 */
export async function writeChunks(file: Writable, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  const writing: Promise<Uint8Array>[] = [];
  let made = 0;
  let block: Uint8Array | undefined;
  let filled = 0;
  let position = 0;

  const submit = (full: Uint8Array, length: number): void => {
    const written = writeFully(file, full.subarray(0, length), position).then(() => full);
    written.catch(() => {}); // Thrown when the block is needed again, or at the end.
    writing.push(written);
    position += length;
    block = undefined;
    filled = 0;
  };

  try {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.byteLength;) {
        if (block === undefined) {
          if (made < DEPTH) block = new Uint8Array(made === 0 ? SMALL_BLOCK_BYTES : BLOCK_BYTES);
          else block = await (writing.shift() as Promise<Uint8Array>);
          made++;
        }
        if (filled === block.length) {
          const larger = new Uint8Array(BLOCK_BYTES);
          larger.set(block);
          block = larger;
        }
        const part = chunk.subarray(at, at + block.length - filled);
        block.set(part, filled);
        filled += part.byteLength;
        at += part.byteLength;
        if (filled === BLOCK_BYTES) submit(block, filled);
      }
    }
    if (block !== undefined) submit(block, filled);
    await Promise.all(writing);
    return position;
  } finally {
    await Promise.allSettled(writing);
  }
}
