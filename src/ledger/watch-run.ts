import { type OptionNames, readOptions } from "../arguments/options.ts";
import type { RunUpdate, WatchRunOptions } from "./run-update.ts";

type OpenUpdates = (
  options: WatchRunOptions,
  signal: AbortSignal,
) => Promise<AsyncGenerator<RunUpdate, void, undefined>>;
type Step = IteratorResult<RunUpdate, void>;

const NAMES: OptionNames<WatchRunOptions> = { signal: true, points: true, keys: true, maxPoints: true, giveUpMs: true };

const DONE = { done: true, value: undefined } as const;

/**
 * The updates of a run for the caller. A caller cannot leave a generator while it waits for an update, which may take
 * hours. Here `return()` ends the wait.
 */
export class RunWatch implements AsyncIterableIterator<RunUpdate, void, undefined> {
  readonly #open: OpenUpdates;
  readonly #options: WatchRunOptions | undefined;
  readonly #stop = new AbortController();
  readonly #abort = (): void => this.#stop.abort(this.#signal?.reason);
  #signal: AbortSignal | undefined;
  #updates: Promise<AsyncGenerator<RunUpdate, void, undefined>> | undefined;
  #left = false;

  constructor(open: OpenUpdates, options: WatchRunOptions | undefined) {
    this.#open = open;
    this.#options = options;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<Step> {
    if (this.#left) return DONE;
    this.#updates ??= this.#begin();
    try {
      const step = await (await this.#updates).next();
      if (step.done === true) this.#release();
      return this.#left ? DONE : step;
    } catch (error) {
      this.#release();
      if (this.#left) return DONE;
      throw error;
    }
  }

  async return(): Promise<Step> {
    this.#left = true;
    this.#release();
    this.#stop.abort();
    await this.#updates?.then((updates) => updates.return()).catch(() => {});
    return DONE;
  }

  async #begin(): Promise<AsyncGenerator<RunUpdate, void, undefined>> {
    const options = readOptions("watchRun", this.#options, NAMES);
    this.#signal = options.signal;
    if (this.#signal?.aborted === true) this.#abort();
    else this.#signal?.addEventListener("abort", this.#abort, { once: true });
    return await this.#open(options, this.#stop.signal);
  }

  #release(): void {
    this.#signal?.removeEventListener("abort", this.#abort);
  }
}
