/** A page of texts that is smaller, inflated, costs little whatever it is made of. */
const SMALL_BYTES: number = 1024 * 1024;
/** Deflate makes up to 1032 bytes of one. */
const MAX_RATIO = 128;

/**
 * Whether a page of texts inflates to so many times its `stored` bytes that a small file could fill a reader's memory. Readers
 * refuse such a page, so writers store it without deflating it.
 */
export function inflatesTooFar(stored: number, size: number): boolean {
  return size > SMALL_BYTES && size > MAX_RATIO * stored;
}
