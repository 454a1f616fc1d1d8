import type { LedgerError } from "../errors/ledger-error.ts";

interface Waiter {
  target: number;
  /** `passive`: waits for a write that begins for another reason. `urgent`: does not wait for the timer of a retry. */
  haste: Haste;
  readonly stored: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: LedgerError) => void;
}

type Haste = "passive" | "active" | "urgent";

const HASTE: readonly Haste[] = ["passive", "active", "urgent"];

/** Beyond this number of waiters, later ones share the promise of the last one. */
const MAX_WAITERS = 1000;

/**
 * The calls that wait until the records before a number are acknowledged. Calls that wait for the same number share a
 * promise.
 */
export class FlushWaiters {
  #waiters: Waiter[] = [];
  #urgent = 0;
  #passive = 0;

  /** Whether one of the calls needs a write. */
  get needWrite(): boolean {
    return this.#waiters.length > this.#passive;
  }

  /** Whether one of the calls must not wait for a timer. */
  get areUrgent(): boolean {
    return this.#urgent > 0;
  }

  /** Resolves once the records before number `target` are acknowledged. */
  wait(target: number, haste: Haste): Promise<void> {
    const last = this.#waiters.at(-1);
    if (last && (last.target === target || this.#waiters.length >= MAX_WAITERS)) {
      last.target = Math.max(last.target, target);
      if (HASTE.indexOf(haste) > HASTE.indexOf(last.haste)) {
        this.#count(last.haste, -1);
        this.#count((last.haste = haste), 1);
      }
      return last.stored;
    }
    let resolve!: () => void;
    let reject!: (error: LedgerError) => void;
    const stored = new Promise<void>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    this.#waiters.push({ target, haste, stored, resolve, reject });
    this.#count(haste, 1);
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
    this.#urgent = 0;
    this.#passive = 0;
    for (const { haste } of waiters) this.#count(haste, 1);
  }

  #count(haste: Haste, by: number): void {
    if (haste === "urgent") this.#urgent += by;
    if (haste === "passive") this.#passive += by;
  }
}
