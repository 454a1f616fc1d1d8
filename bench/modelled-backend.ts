import type { Body, ByteStream } from "../src/backend/index.ts";
import type { Backend } from "../src/index.ts";

/** What requests cost. Times in ms of a clock that nobody waits for. */
export interface Network {
  /** From asking to the first byte. */
  readonly latencyMs: number;
  readonly bytesPerMs: number;
  /** Requests at a time; more wait. */
  readonly connections: number;
  /** Keys of a page of a listing. */
  readonly pageKeys: number;
}

/** An object store far away: 30 ms a request, 16 at a time, 50 MB/s each. */
export const OBJECT_STORE: Network = { latencyMs: 30, bytesPerMs: 50_000, connections: 16, pageKeys: 1000 };

/** Counts the requests of a backend, as an object store would be asked, and says how long they would take on a network. */
export class ModelledBackend {
  readonly backend: Backend;
  requests = 0;
  bytes = 0;
  /** When the last answer came. */
  now = 0;
  readonly #network: Network;
  readonly #free: number[];
  #waiting: { readonly end: number; readonly resume: () => void }[] = [];
  #scheduled = false;

  constructor(inner: Backend, network: Network) {
    this.#network = network;
    this.#free = Array.from({ length: network.connections }, () => 0);
    const { append: _, ...rest } = inner;
    this.backend = {
      ...rest,
      name: "modelled",
      contract: 1,
      capabilities: { ...inner.capabilities, append: false, move: false },
      create: async (key, body, options) => {
        const bytes = await collected(body);
        await this.#request(bytes.length);
        await inner.create(key, bytes, options);
      },
      read: async (key, options) => {
        const bytes = await inner.read(key, options);
        await this.#request(bytes.length);
        return bytes;
      },
      stat: async (key, options) => {
        await this.#request(0);
        return await inner.stat(key, options);
      },
      remove: async (key, options) => {
        await this.#request(0);
        await inner.remove(key, options);
      },
      list: (prefix, options) => this.#list(inner, prefix, options),
    };
  }

  /** Begins anew. */
  reset(): void {
    this.requests = 0;
    this.bytes = 0;
    this.now = 0;
    this.#free.fill(0);
  }

  async *#list(inner: Backend, prefix: string, options: Parameters<Backend["list"]>[1]): ReturnType<Backend["list"]> {
    let keys = 0;
    for await (const entry of inner.list(prefix, options)) {
      if (keys++ % this.#network.pageKeys === 0) await this.#request(this.#network.pageKeys * 200);
      yield entry;
    }
    if (keys === 0) await this.#request(0);
  }

  /** Ends when the answer would be there. */
  async #request(bytes: number): Promise<void> {
    const { latencyMs, bytesPerMs } = this.#network;
    this.requests++;
    this.bytes += bytes;
    const connection = this.#free.indexOf(Math.min(...this.#free));
    const end = Math.max(this.now, this.#free[connection]!) + latencyMs + bytes / bytesPerMs;
    this.#free[connection] = end;
    await new Promise<void>((resume) => {
      this.#waiting.push({ end, resume });
      this.#schedule();
    });
  }

  /** Answers come one at a time, each once nothing else goes on: what it leads to is asked for at its time. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#waiting.sort((a, b) => b.end - a.end);
      const next = this.#waiting.pop();
      if (next === undefined) return;
      this.now = Math.max(this.now, next.end);
      next.resume();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }
}

async function collected(body: Body): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const pieces: Uint8Array[] = [];
  for await (const piece of body as ByteStream) pieces.push(piece);
  return new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
}
