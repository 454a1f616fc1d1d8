/** Whether a backend is closed, and what ends its requests. One signal would get a listener for each request. */
export class Closing {
  isClosed = false;
  readonly #stops = new Set<() => void>();

  /** Calls `stop` when the backend is closed, at once if it is closed. Returns what takes this back. */
  onClose(stop: () => void): () => void {
    if (this.isClosed) stop();
    this.#stops.add(stop);
    return () => this.#stops.delete(stop);
  }

  close(): void {
    this.isClosed = true;
    for (const stop of this.#stops) stop();
  }
}
