import { MAX_BYTES_IN_FLIGHT } from "../limits.ts";

/** Runs work in order, and together only as long as the bytes that the work holds stay below a limit. */
export class ByteGate {
  readonly #waiting: { readonly size: number; readonly start: () => void }[] = [];
  #free: number = MAX_BYTES_IN_FLIGHT;

  /** Runs `work`, which holds `bytes` bytes. More than the limit runs alone. */
  async run<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    const size = Math.min(bytes, MAX_BYTES_IN_FLIGHT);
    if (this.#waiting.length === 0 && size <= this.#free) this.#free -= size;
    else await new Promise<void>((start) => this.#waiting.push({ size, start }));
    try {
      return await work();
    } finally {
      this.#free += size;
      this.#startNext();
    }
  }

  #startNext(): void {
    for (let next = this.#waiting[0]; next && next.size <= this.#free; next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free -= next.size;
      next.start();
    }
  }
}
