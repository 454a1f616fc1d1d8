import { type Backend, openLedger } from "../../src/index.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { seededIds } from "../../src/testing/index.ts";
import { type Clock, systemClock } from "../../src/platform/clock.ts";

/** Threads with one backend in common, which know of each other whether they live. */
export class Threads {
  readonly #inner: Backend;
  readonly #living = new Set<string>();
  readonly #hidden = new Set<string>();
  #started = 0;
  /** How often somebody asked whether a thread lives. */
  asked = 0;

  constructor(inner: Backend) {
    this.#inner = inner;
  }

  /**
   * Begins a thread: a ledger of its own. `intercept` is called before, or `after`, each of its backend calls. One that is `quick` waits for
   * 1 ms at most: it watches runs, and writes none.
   */
  async start(
    intercept: (method: string, key: string) => void | Promise<void> = () => {},
    { quick = false, after = false, clock: given }: { quick?: boolean; after?: boolean; clock?: Clock } = {},
  ): Promise<Thread> {
    const name = `thread ${++this.#started}`;
    this.#living.add(name);
    const backend = this.#as(name, intercept, after);
    // A recovery that waits for a sign of life did not look whether the thread lives.
    const clock: Clock = given ?? {
      ...systemClock,
      sleep: (_ms, signal) => (quick ? systemClock.sleep(1, signal) : Promise.reject(new Error(`${name} waits`))),
      timer: (_ms, fn) => (quick ? systemClock.timer(1, fn) : { cancel() {} }),
    };
    const ids = seededIds(this.#started, () => clock.now());
    return { name, ledger: await openLedger(backend, { clock, ids }), die: () => void this.#living.delete(name) };
  }

  /** Nobody can tell any more whether the thread lives. */
  hide({ name }: Thread): void {
    this.#hidden.add(name);
  }

  show({ name }: Thread): void {
    this.#hidden.delete(name);
  }

  #as(name: string, intercept: (method: string, key: string) => void | Promise<void>, after: boolean): Backend {
    const liveness = {
      token: name,
      isAlive: async (token: string) => {
        this.asked++;
        return this.#hidden.has(token) ? undefined : this.#living.has(token);
      },
    };
    return new Proxy(this.#inner, {
      get: (inner, member) => {
        if (member === "liveness") return liveness;
        const value: unknown = Reflect.get(inner, member);
        if (typeof value !== "function") return value;
        if (member === "list") {
          return async function* (prefix: string, options?: object) {
            if (!after) await intercept("list", prefix);
            yield* inner.list(prefix, options);
            if (after) await intercept("list", prefix);
          };
        }
        return async (...args: unknown[]) => {
          if (!after) await intercept(String(member), String(args[0]));
          const result = await (value as (...args: unknown[]) => Promise<unknown>).apply(inner, args);
          if (after) await intercept(String(member), String(args[0]));
          return result;
        };
      },
    });
  }
}

export interface Thread {
  readonly name: string;
  readonly ledger: Ledger;
  die(): void;
}
