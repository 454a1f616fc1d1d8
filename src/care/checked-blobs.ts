/** How many blobs are remembered. Blobs beyond that are verified once for each run that has them. */
const MAX_BLOBS = 4_000_000;

/** Blobs that hold the bytes of their digest, with their sizes. Takes about 50 bytes for each. */
export class CheckedBlobs {
  // The first 52 bits of a digest are enough to know it: a wrong match among millions is less likely than a broken disk.
  readonly #sizes = new Map<number, number>();
  /** Returns the size of a blob that was verified, or `undefined`. */
  sizeOf(hex: string): number | undefined {
    return this.#sizes.get(shortOf(hex));
  }

  /** Remembers a blob that was verified. */
  add(hex: string, size: number): void {
    if (this.#sizes.size < MAX_BLOBS) this.#sizes.set(shortOf(hex), size);
  }
}

function shortOf(hex: string): number {
  return Number.parseInt(hex.slice(0, 13), 16);
}
