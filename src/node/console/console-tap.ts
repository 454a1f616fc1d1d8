import { Buffer } from "node:buffer";
import { format } from "node:util";
import { isBytes } from "../../platform/any-realm.ts";
import { utf8Decoder } from "../../bytes/utf8.ts";

/** A standard stream of the process. */
export type StreamName = "stdout" | "stderr";

/** Gets what the process writes. Must not write itself. */
export type ConsoleListener = (stream: StreamName, text: string) => void;

type Method = (...args: unknown[]) => unknown;

const listeners = new Set<ConsoleListener>();
/** The streams that are being written to. What an inner wrapper sees then, an outer one has reported already. */
const busy = new Set<StreamName>();

/** Wraps one method while somebody listens. */
class MethodTap {
  readonly #target: { [name: string]: unknown };
  readonly #name: string;
  readonly #stream: StreamName;
  readonly #textOf: (args: readonly unknown[]) => string;
  #own: PropertyDescriptor | undefined;
  #wrapper: Method | undefined;

  constructor(target: object, name: string, stream: StreamName, textOf: (args: readonly unknown[]) => string) {
    this.#target = target as { [name: string]: unknown };
    this.#name = name;
    this.#stream = stream;
    this.#textOf = textOf;
  }

  begin(): void {
    const original = this.#target[this.#name] as Method;
    const [stream, textOf] = [this.#stream, this.#textOf];
    const wrapper = function (this: unknown, ...args: unknown[]): unknown {
      if (listeners.size === 0 || busy.has(stream)) return Reflect.apply(original, this, args);
      busy.add(stream);
      try {
        tell(stream, () => textOf(args));
        return Reflect.apply(original, this, args);
      } finally {
        busy.delete(stream);
      }
    };
    this.#own = Object.getOwnPropertyDescriptor(this.#target, this.#name);
    this.#wrapper = wrapper;
    Object.defineProperty(this.#target, this.#name, {
      value: wrapper,
      enumerable: this.#own?.enumerable ?? true,
      configurable: true,
      writable: true,
    });
  }

  /**
   * Restores the method exactly, unless somebody else has wrapped it since: then the wrapper stays between the two, and
   * only passes on what it gets.
   */
  end(): void {
    if (this.#target[this.#name] !== this.#wrapper) return;
    if (this.#own) Object.defineProperty(this.#target, this.#name, this.#own);
    else delete this.#target[this.#name];
  }
}

function tell(stream: StreamName, text: () => string): void {
  try {
    const written = text();
    for (const listener of listeners) if (written !== "") listener(stream, written);
  } catch {
    // The program must be able to write whatever happens here.
  }
}

let taps: MethodTap[] = [];

/** Passes everything that the process writes to a listener. Returns a function that ends this. */
export function listen(listener: ConsoleListener): () => void {
  if (listeners.size === 0) {
    taps = allTaps();
    for (const tap of taps) tap.begin();
  }
  listeners.add(listener);
  return () => {
    if (!listeners.delete(listener) || listeners.size > 0) return;
    // In reverse order, as wrappers have to be taken off.
    for (const tap of taps.splice(0).reverse()) tap.end();
  };
}

function allTaps(): MethodTap[] {
  const streams = (["stdout", "stderr"] as const).map((stream) => {
    const decoder = new StreamDecoder();
    return new MethodTap(process[stream], "write", stream, ([chunk, encoding]) => decoder.decode(chunk, encoding));
  });
  // In Node the console writes to the streams. In Bun and Deno it does not.
  if (process.versions["bun"] === undefined && process.versions["deno"] === undefined) return streams;
  const methods = { log: "stdout", info: "stdout", debug: "stdout", warn: "stderr", error: "stderr" } as const;
  const consoles = Object.entries(methods).map(
    ([name, stream]) => new MethodTap(console, name, stream, (args) => `${format(...args)}\n`),
  );
  return [...streams, ...consoles];
}

/** Decodes what a stream is given: text, or bytes that may end within a character. */
class StreamDecoder {
  readonly #decoder = utf8Decoder();

  decode(chunk: unknown, encoding: unknown): string {
    if (typeof chunk === "string") {
      // `write("ff", "hex")` writes a byte.
      const isText = typeof encoding !== "string" || /^(?:utf-?8|ucs-?2|utf-?16le|ascii)$/i.test(encoding);
      return isText ? chunk : this.#bytes(Buffer.from(chunk, encoding as BufferEncoding));
    }
    return isBytes(chunk) ? this.#bytes(chunk) : "";
  }

  #bytes(bytes: Uint8Array): string {
    return this.#decoder.decode(bytes, { stream: true });
  }
}
