/** How many blobs are remembered. Blobs beyond that are verified once for each run that has them. */
const MAX_BLOBS = 3_000_000;
const PARTS = 4096;
/** The words of a digest, then the words of the size plus 1. */
const DIGEST_WORDS = 8;
const WORDS = DIGEST_WORDS + 2;
const FIRST_PLACES = 8;
const WORD = 2 ** 32;

/**
 * Blobs that hold the bytes of their digest, with their sizes. Takes 50 to 75 bytes for each, and 1 MB at most when there
 * are few. Each part grows on its own, so that no call takes long.
 */
export class CheckedBlobs {
  readonly #parts: (Part | undefined)[] = Array.from({ length: PARTS });
  #count = 0;

  /** Returns the size of a blob that was verified, or `undefined`. `hex`: the 64 digits of its digest. */
  sizeOf(hex: string): number | undefined {
    const words = wordsOf(hex);
    return words && this.#parts[partOf(words)]?.sizeOf(words);
  }

  /** Remembers a blob that was verified. */
  add(hex: string, size: number): void {
    const words = wordsOf(hex);
    if (words === undefined || this.#count >= MAX_BLOBS) return;
    const part = (this.#parts[partOf(words)] ??= new Part());
    if (part.add(words, size)) this.#count++;
  }
}

/** An open hash table. */
class Part {
  #table = new Uint32Array(FIRST_PLACES * WORDS);
  #count = 0;

  sizeOf(words: Uint32Array): number | undefined {
    const at = this.#find(words);
    const size = sizeAt(this.#table, at);
    return size < 0 ? undefined : size;
  }

  /** Returns whether the blob is new. */
  add(words: Uint32Array, size: number): boolean {
    const found = this.#find(words);
    const isNew = sizeAt(this.#table, found) < 0;
    const places = this.#table.length / WORDS;
    const isFull = isNew && (this.#count + 1) * 5 > places * 4;
    if (isFull) this.#grow(Math.ceil(places * 1.5));
    const at = isFull ? this.#find(words) : found;
    this.#table.set(words, at);
    this.#table[at + DIGEST_WORDS] = (size + 1) % WORD;
    this.#table[at + DIGEST_WORDS + 1] = Math.floor((size + 1) / WORD);
    if (isNew) this.#count++;
    return isNew;
  }

  /** Returns where the digest is, or the free place where it belongs. */
  #find(words: Uint32Array): number {
    const table = this.#table;
    const places = table.length / WORDS;
    for (let place = words[1]! % places; ; place = (place + 1) % places) {
      const at = place * WORDS;
      if (sizeAt(table, at) < 0 || isAt(table, at, words)) return at;
    }
  }

  #grow(places: number): void {
    const old = this.#table;
    this.#table = new Uint32Array(places * WORDS);
    for (let at = 0; at < old.length; at += WORDS)
      if (sizeAt(old, at) >= 0)
        this.#table.set(old.subarray(at, at + WORDS), this.#find(old.slice(at, at + DIGEST_WORDS)));
  }
}

function isAt(table: Uint32Array, at: number, words: Uint32Array): boolean {
  for (let i = 0; i < DIGEST_WORDS; i++) if (table[at + i] !== words[i]) return false;
  return true;
}

/** Returns the size at a place, or -1 if the place is free. */
function sizeAt(table: Uint32Array, at: number): number {
  return table[at + DIGEST_WORDS]! + table[at + DIGEST_WORDS + 1]! * WORD - 1;
}

function partOf(words: Uint32Array): number {
  return words[0]! % PARTS;
}

/** Returns the digest as eight words, or `undefined` for any other text. */
function wordsOf(hex: string): Uint32Array | undefined {
  if (hex.length !== 8 * DIGEST_WORDS) return undefined;
  const words = new Uint32Array(DIGEST_WORDS);
  for (let i = 0; i < DIGEST_WORDS; i++) words[i] = Number.parseInt(hex.slice(8 * i, 8 * i + 8), 16);
  return words;
}
