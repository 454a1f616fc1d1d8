import type { Clock, Timer } from "../platform/clock.ts";
import { type ErrorCode, type LedgerError, ledgerErrorOf } from "../errors/ledger-error.ts";
import { retryDelay } from "../journal/flush-policy.ts";
import { MAX_QUEUED_BYTES, OVERHEAD_BYTES } from "./queue-bound.ts";

/** Uploads at a time. */
const PARALLEL = 4;
/** Failures that trying again cannot mend. */
const FINAL: readonly ErrorCode[] = ["CORRUPT", "INVALID_ARGUMENT", "TOO_LARGE", "UNSUPPORTED"];

/** Gets each failure. `isFinal`: the upload is given up. `isFirst`: {@link UploadQueue.add} rejects with this failure. */
type OnFailure = (error: LedgerError, how: { readonly isFinal: boolean; readonly isFirst: boolean }) => void;

interface Upload {
  readonly onFailure: OnFailure;
  readonly bytes: number;
  readonly work: () => Promise<void>;
  isActive: boolean;
  /** The promise of {@link UploadQueue.add} has rejected. */
  hasFailed: boolean;
  /** Of the attempt that comes next, or is under way. */
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
    // Nobody has to wait for it: failures are told to `onFailure` too.
    this.promise.catch(() => {});
  }
}

/**
 * Uploads in the background, a few at a time. As with the journal, what fails is kept and tried again, after a while that
 * doubles or when {@link settle} is called; unless it can never succeed.
 */
export class UploadQueue {
  readonly #clock: Clock;
  /** In order. */
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

  /** True when there is nothing that {@link settle} would wait for. */
  get isSettled(): boolean {
    return this.#uploads.size === 0;
  }

  hasRoom(bytes: number): boolean {
    return this.#uploads.size === 0 || this.#bytes + bytes + OVERHEAD_BYTES <= MAX_QUEUED_BYTES;
  }

  /** Resolves when `work` has; rejects with the cause of the first attempt that fails. */
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
   * Tries all uploads that wait, at once. Rejects with the first failure that another try may mend; `onFailure` gets every
   * failure. Meanwhile an upload is also given up if `givesUp` returns true for its failure.
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

  /** Uploads that have not begun keep waiting, and calls that wait for them reject with the reason. */
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
