/** Tells the tabs and workers of a site what was changed. Where the platform has no channels, nobody hears it. */
export class ChangeChannel {
  readonly #name: string;
  #own: BroadcastChannel | undefined;
  #isClosed = false;

  constructor(name: string) {
    this.#name = name;
  }

  tell(keys: readonly string[]): void {
    if (this.#isClosed || typeof BroadcastChannel !== "function") return;
    this.#own ??= newChannel(this.#name);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has no target
    this.#own.postMessage(keys);
  }

  /** Calls `seen` after each change under the prefix, by anybody. Returns a function that stops this. */
  watch(prefix: string, seen: () => void): () => void {
    const channel = newChannel(this.#name);
    channel.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (!Array.isArray(data)) return;
      if (prefix === "" || data.some((key) => String(key).startsWith(`${prefix}/`))) seen();
    });
    return () => channel.close();
  }

  close(): void {
    this.#isClosed = true;
    this.#own?.close();
  }
}

function newChannel(name: string): BroadcastChannel {
  const channel = new BroadcastChannel(name);
  // In Node, an open channel keeps the process alive.
  (channel as { unref?(): void }).unref?.();
  return channel;
}
