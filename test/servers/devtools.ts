import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { CHROMIUM_FLAGS } from "./chromium.ts";

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** A Chromium that a test drives through the DevTools protocol. Its profile outlives it until `remove`. */
export class DrivenChromium {
  readonly #program: string;
  readonly #profile: string;
  #process!: ChildProcess;
  #waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  #next = 0;

  private constructor(program: string, profile: string) {
    this.#program = program;
    this.#profile = profile;
  }

  static async start(program: string): Promise<DrivenChromium> {
    const browser = new DrivenChromium(program, await mkdtemp(join(tmpdir(), "runledger-chromium-")));
    await browser.restart();
    return browser;
  }

  /** Starts the browser after `kill`, with what it has stored. */
  async restart(): Promise<void> {
    const flags = [...CHROMIUM_FLAGS, `--user-data-dir=${this.#profile}`, "--remote-debugging-pipe", "about:blank"];
    this.#process = spawn(this.#program, flags, {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
      detached: true,
    });
    await once(this.#process, "spawn");
    let text = "";
    (this.#process.stdio[4] as Readable).setEncoding("utf8").on("data", (chunk: string) => {
      const messages = (text + chunk).split("\0");
      text = messages.pop()!;
      for (const message of messages) this.#settle(JSON.parse(message) as Answer);
    });
    (this.#process.stdio[3] as Writable).on("error", () => {}); // It was killed.
    await this.send("Browser.getVersion");
  }

  async tab(url: string): Promise<Tab> {
    const { targetId } = await this.send<{ targetId: string }>("Target.createTarget", { url });
    const { sessionId } = await this.send<{ sessionId: string }>("Target.attachToTarget", { targetId, flatten: true });
    const tab = new Tab(this, targetId, sessionId);
    for (;;) {
      try {
        await tab.call("loaded");
        return tab;
      } catch (error) {
        // The call was made on the empty page that the tab begins with.
        if (!/context was destroyed|Inspected target navigated/.test(String(error))) throw error;
      }
    }
  }

  send<T>(method: string, params: object = {}, sessionId?: string): Promise<T> {
    const id = this.#next++;
    const answered = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    (this.#process.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return answered as Promise<T>;
  }

  /** Ends the browser with all of its processes at once, as a power cut or `kill -9` does. */
  async kill(): Promise<void> {
    const ended = once(this.#process, "exit");
    process.kill(-this.#process.pid!, "SIGKILL");
    await ended;
    for (const { reject } of this.#waiting.values()) reject(new Error("the browser was killed"));
    this.#waiting = new Map();
  }

  /** Kills the browser and removes its profile. */
  async remove(): Promise<void> {
    await this.kill();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  #settle({ id, result, error }: Answer): void {
    const waiting = this.#waiting.get(id ?? -1);
    if (!waiting) return;
    this.#waiting.delete(id!);
    if (error) waiting.reject(new Error(error.message));
    else waiting.resolve(result);
  }
}

interface Evaluated {
  readonly result: { readonly value?: unknown };
  readonly exceptionDetails?: { readonly exception?: { readonly description?: string } };
}

/** A tab of the browser. */
export class Tab {
  readonly #browser: DrivenChromium;
  readonly #target: string;
  readonly #session: string;

  constructor(browser: DrivenChromium, target: string, session: string) {
    this.#browser = browser;
    this.#target = target;
    this.#session = session;
  }

  /** Calls one of the functions that the page has put into `globalThis.calls`, with values that JSON can hold. */
  async call<T>(name: string, ...args: readonly unknown[]): Promise<T> {
    const list = args.map((arg) => JSON.stringify(arg)).join(", ");
    // The page may still be loading.
    const expression = `(async () => {
      while (!globalThis.calls) await new Promise((resolve) => setTimeout(resolve, 5));
      return await globalThis.calls.${name}(${list});
    })()`;
    const options = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = await this.send<Evaluated>("Runtime.evaluate", options);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? "the page threw");
    return result.value as T;
  }

  send<T>(method: string, params: object = {}): Promise<T> {
    return this.#browser.send(method, params, this.#session);
  }

  /** Ends the process of the page, as if it had run out of memory. */
  crash(): void {
    this.send("Page.crash").catch(() => {}); // There is no answer.
  }

  async close(): Promise<void> {
    await this.#browser.send("Target.closeTarget", { targetId: this.#target });
  }
}
