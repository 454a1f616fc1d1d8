import type { LedgerError } from "../backend/error.ts";

interface Waiter {
  readonly target: number;
  readonly urgent: boolean;
  readonly resolve: () => void;
  readonly reject: (error: LedgerError) => void;
}

/** Those who wait until the records before a number are acknowledged. */
export class FlushWaiters {
  #waiters: Waiter[] = [];

  get isEmpty(): boolean {
    return this.#waiters.length === 0;
  }

  /** Whether one of them does not want to wait for a timer. */
  get areUrgent(): boolean {
    return this.#waiters.some(({ urgent }) => urgent);
  }

  /** Resolves once records up to `target`, that one not included, are acknowledged. */
  wait(target: number, urgent: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ target, urgent, resolve, reject });
    });
  }

  acknowledge(end: number): void {
    const done = this.#waiters.filter(({ target }) => target <= end);
    if (done.length === 0) return;
    this.#waiters = this.#waiters.filter(({ target }) => target > end);
    for (const { resolve } of done) resolve();
  }

  reject(error: LedgerError): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter.reject(error);
  }

  /** The records have new numbers, `base` lower. */
  renumber(base: number): void {
    this.#waiters = this.#waiters.map((waiter) => ({ ...waiter, target: waiter.target - base }));
  }
}
