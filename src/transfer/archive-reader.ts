import { abortable } from "../platform/abort.ts";
import { equalBytes } from "../backend/body.ts";
import { isBytes } from "../platform/any-realm.ts";
import { invalidArgument } from "../errors/ledger-error.ts";
import { damaged } from "./archive-contents.ts";

/** Reads the bytes of an archive one after the other. */
export class ArchiveReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #signal: AbortSignal | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  #isOver = false;
  /** How many bytes were read. */
  at = 0;

  constructor(chunks: AsyncIterator<Uint8Array>, signal: AbortSignal | undefined) {
    this.#chunks = chunks;
    this.#signal = signal;
  }

  /** Yields the next `size` bytes. Throws `CORRUPT` if the archive ends before. */
  async *read(size: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let left = size; left > 0;) {
      if (!(await this.#fill())) throw damaged(`it is cut: it ends after ${this.at} bytes`);
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      this.at += piece.length;
      left -= piece.length;
      yield piece;
    }
  }

  /** Returns the next `size` bytes in a buffer of their own. */
  async take(size: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(size);
    let at = 0;
    for await (const piece of this.read(size)) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  /** Reads bytes that must be there. Throws `CORRUPT` with `why` for others. */
  async expect(bytes: Uint8Array, why: string): Promise<void> {
    const from = this.at;
    if (!equalBytes(await this.take(bytes.length), bytes)) throw damaged(`${why}, at byte ${from}`);
  }

  /** Returns whether all was read. */
  async isAtEnd(): Promise<boolean> {
    return !(await this.#fill());
  }

  /** Closes the source without waiting for it. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#chunks.return?.().then(undefined, () => {});
  }

  async #fill(): Promise<boolean> {
    while (this.#rest.length === 0 && !this.#isOver) {
      const { done, value } = await abortable(this.#chunks.next(), this.#signal);
      if (done) this.#isOver = true;
      else if (!isBytes(value)) throw invalidArgument("source", "a stream of Uint8Array", value);
      else this.#rest = value;
    }
    return this.#rest.length > 0;
  }
}
