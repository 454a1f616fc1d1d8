import type { Clock, Timer } from "../platform/clock.ts";
import { type ErrorCode, type LedgerError, ledgerErrorOf } from "../errors/ledger-error.ts";
import { retryDelay } from "../journal/flush-policy.ts";
import { MAX_QUEUED_BYTES, OVERHEAD_BYTES } from "./queue-bound.ts";

/** How many uploads run at once. */
const PARALLEL = 4;
/** Codes of failures that another attempt cannot fix. */
const FINAL: readonly ErrorCode[] = ["CORRUPT", "INVALID_ARGUMENT", "TOO_LARGE", "UNSUPPORTED"];

/**
 * Gets each failure. `isFinal`: the upload is dropped. `isFirst`: {@link UploadQueue.add} rejects with this failure.
 */
export type OnFailure = (error: LedgerError, how: { readonly isFinal: boolean; readonly isFirst: boolean }) => void;

interface Upload {
  readonly onFailure: OnFailure;
  readonly bytes: number;
  readonly work: () => Promise<void>;
  isActive: boolean;
  /** Whether the promise of {@link UploadQueue.add} has rejected. */
  hasFailed: boolean;
  /** The attempt that is under way, or comes next. */
  attempt: Attempt;
}

class Attempt {
  resolve!: () => void;
  reject!: (error: LedgerError) => void;
  readonly promise: Promise<void> = new Promise<void>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });

  constructor() {
    // Nobody has to wait for it: `onFailure` gets failures, too.
    this.promise.catch(() => {});
  }
}

/**
 * Runs uploads in the background, a few at a time. Like the journal it keeps an upload that fails, and tries it again
 * after a wait that doubles, or when {@link settle} is called. It drops an upload that can never succeed.
 */
export class UploadQueue {
  readonly #clock: Clock;
  /** The uploads in the order of their calls. */
  readonly #uploads = new Set<Upload>();
  #bytes = 0;
  #active = 0;
  #failures = 0;
  #retry: Timer | undefined;
  /** Further failures that end an upload. */
  #givesUp: ((error: LedgerError) => boolean) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether there is no upload that {@link settle} would wait for. */
  get isSettled(): boolean {
    return this.#uploads.size === 0;
  }

  /** `besides`: bytes that wait elsewhere. */
  hasRoom(bytes: number, besides: number): boolean {
    const all = this.#bytes + besides;
    return (this.#uploads.size === 0 && besides === 0) || all + bytes + OVERHEAD_BYTES <= MAX_QUEUED_BYTES;
  }

  /**
   * Adds an upload of `bytes` bytes. Resolves once `work` has resolved. Rejects with the error of the first attempt
   * that fails.
   */
  add(bytes: number, work: () => Promise<void>, onFailure: OnFailure): Promise<void> {
    const upload = {
      onFailure,
      bytes: bytes + OVERHEAD_BYTES,
      work,
      isActive: false,
      hasFailed: false,
      attempt: new Attempt(),
    };
    this.#uploads.add(upload);
    this.#bytes += upload.bytes;
    const { promise } = upload.attempt;
    this.#begin();
    return promise;
  }

  /**
   * Tries all uploads at once. Rejects with the first failure that another attempt may fix. `onFailure` gets every
   * failure. Meanwhile it also drops an upload if `givesUp` returns true for its failure.
   */
  async settle(givesUp?: (error: LedgerError) => boolean): Promise<void> {
    this.#givesUp = givesUp;
    this.#retry?.cancel();
    this.#retry = undefined;
    const attempts = [...this.#uploads].map(({ attempt }) => attempt.promise);
    this.#begin();
    const outcomes = await Promise.allSettled(attempts);
    const failures = outcomes.flatMap((outcome) =>
      outcome.status === "rejected" ? [outcome.reason as LedgerError] : [],
    );
    const failure = failures.find((error) => !this.#isFinal(error));
    this.#givesUp = undefined;
    if (failure) throw failure;
  }

  #isFinal(error: LedgerError): boolean {
    return FINAL.includes(error.code) || this.#givesUp?.(error) === true;
  }

  #begin(): void {
    for (const upload of this.#uploads) {
      if (this.#retry !== undefined || this.#active >= PARALLEL) return;
      if (!upload.isActive) void this.#try(upload);
    }
  }

  async #try(upload: Upload): Promise<void> {
    upload.isActive = true;
    this.#active++;
    try {
      await upload.work();
      this.#remove(upload);
      this.#failures = 0;
      upload.attempt.resolve();
    } catch (cause) {
      this.#failed(upload, cause);
    }
    upload.isActive = false;
    this.#active--;
    this.#begin();
  }

  #failed(upload: Upload, cause: unknown): void {
    const error = ledgerErrorOf(cause, "storing a value failed without a reason");
    const { attempt } = upload;
    const isFinal = this.#isFinal(error);
    if (isFinal) this.#remove(upload);
    else {
      upload.attempt = new Attempt();
      this.#wait(error);
    }
    const isFirst = !upload.hasFailed;
    upload.hasFailed = true;
    attempt.reject(error);
    upload.onFailure(error, { isFinal, isFirst });
  }

  /**
   * Waits before the next attempt. Calls whose uploads have not begun reject with the reason; these uploads keep
   * waiting.
   */
  #wait(error: LedgerError): void {
    this.#failures++;
    this.#retry?.cancel();
    this.#retry = this.#clock.timer(retryDelay(this.#failures), () => {
      this.#retry = undefined;
      this.#begin();
    });
    for (const upload of this.#uploads) {
      if (upload.isActive) continue;
      const { attempt } = upload;
      upload.attempt = new Attempt();
      upload.hasFailed = true;
      attempt.reject(error);
    }
  }

  #remove(upload: Upload): void {
    this.#uploads.delete(upload);
    this.#bytes -= upload.bytes;
  }
}
