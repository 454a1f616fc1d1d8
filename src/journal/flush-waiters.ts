import type { LedgerError } from "../errors/ledger-error.ts";

interface Waiter {
  target: number;
  urgent: boolean;
  readonly stored: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: LedgerError) => void;
}

/** Beyond this number of waiters, later ones share the promise of the last one. */
const MAX_WAITERS = 1000;

/**
 * The calls that wait until the records before a number are acknowledged. Calls that wait for the same number share a
 * promise.
 */
export class FlushWaiters {
  #waiters: Waiter[] = [];
  #urgent = 0;

  get isEmpty(): boolean {
    return this.#waiters.length === 0;
  }

  /** Whether one of the calls must not wait for a timer. */
  get areUrgent(): boolean {
    return this.#urgent > 0;
  }

  /** Resolves once the records before number `target` are acknowledged. */
  wait(target: number, urgent: boolean): Promise<void> {
    const last = this.#waiters.at(-1);
    if (last && (last.target === target || this.#waiters.length >= MAX_WAITERS)) {
      last.target = Math.max(last.target, target);
      if (urgent && !last.urgent) {
        last.urgent = true;
        this.#urgent++;
      }
      return last.stored;
    }
    let resolve!: () => void;
    let reject!: (error: LedgerError) => void;
    const stored = new Promise<void>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    this.#waiters.push({ target, urgent, stored, resolve, reject });
    if (urgent) this.#urgent++;
    return stored;
  }

  acknowledge(end: number): void {
    const done = this.#waiters.filter(({ target }) => target <= end);
    if (done.length === 0) return;
    this.#keep(this.#waiters.filter(({ target }) => target > end));
    for (const { resolve } of done) resolve();
  }

  reject(error: LedgerError): void {
    const waiters = this.#waiters;
    this.#keep([]);
    for (const waiter of waiters) waiter.reject(error);
  }

  /** Lowers the numbers of the records by `base`. */
  renumber(base: number): void {
    for (const waiter of this.#waiters) waiter.target -= base;
  }

  #keep(waiters: Waiter[]): void {
    this.#waiters = waiters;
    this.#urgent = waiters.filter(({ urgent }) => urgent).length;
  }
}
