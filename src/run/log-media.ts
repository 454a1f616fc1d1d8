import { concernsOneObject, LedgerError, unreadable } from "../errors/ledger-error.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { MediaEntry, MediaKind } from "../journal/media-entry.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import { isCanvas, takePicture } from "../media/canvas.ts";
import type { RunContext } from "./run-context.ts";
import { Awaited } from "./awaited.ts";
import { copyInput } from "./copy-input.ts";
import { HeardPromise } from "./heard-promise.ts";
import type { Refusal } from "./late-calls.ts";
import { checkPosition, type LogPosition, stepOf, timeOf } from "./log-position.ts";
import { MAX_QUEUED_BYTES, OVERHEAD_BYTES } from "./queue-bound.ts";
import type { StepCount } from "./step-count.ts";
import type { LoggedValue, MediaStore, MediaTrouble } from "./store-media.ts";
import { checkName } from "./check-text.ts";
import { ofCall } from "./unheard-failure.ts";

/** Is set once the class is loaded. Values of later runs then need not be copied to wait for it. */
let loaded: typeof MediaStore | undefined;
const mediaStore = /* @__PURE__ */ onDemand(() => import("./store-media.ts"));

/** Options of `logImage`. */
export interface LogImageOptions extends LogPosition {
  /** The text to show with the image, at most 10,000 characters. */
  readonly caption?: string | undefined;
}

/** Options of `logHistogram`. */
export interface LogHistogramOptions extends LogPosition {
  /** The number of bins, 1 to 10,000. Default 64. */
  readonly bins?: number | undefined;
}

const METHODS = { text: "logText", image: "logImage", histogram: "logHistogram", table: "logTable" } as const;
const OWN_OPTIONS = { text: {}, image: { caption: true }, histogram: { bins: true }, table: {} } as const;

/**
 * Logs the rich values of a session. The first value loads the {@link MediaStore}, which checks and stores values.
 * Values that are logged until it is loaded are copied and wait.
 */
export class MediaLog implements MediaTrouble {
  readonly #runId: string;
  readonly #context: RunContext;
  readonly #writer: JournalWriter;
  readonly #steps: StepCount;
  #store: MediaStore | undefined;
  #loading: Promise<MediaStore> | undefined;
  /** The number of values that wait for the store. */
  #early = 0;
  /** The bytes of these values. */
  #earlyBytes = 0;
  #logged = 0;
  /**
   * Errors that reject the promise of a call. An error stays here until it is known whether anybody handles the
   * promise.
   */
  readonly #ofCalls = new Set<LedgerError>();

  constructor(runId: string, context: RunContext, writer: JournalWriter, steps: StepCount) {
    this.#runId = runId;
    this.#context = context;
    this.#writer = writer;
    this.#steps = steps;
  }

  /** Whether no value waits. */
  get isSettled(): boolean {
    return this.#early === 0 && this.#ofCalls.size === 0 && this.#store?.isSettled !== false;
  }

  /**
   * Takes a value as it is at the call; see `Run.logText`. `tooLate`: why the call is refused, if the run is closed.
   */
  log(
    type: MediaKind,
    key: string,
    input: unknown,
    at: (LogImageOptions & LogHistogramOptions) | undefined,
    tooLate: Refusal | undefined,
  ): Promise<MediaEntry> {
    const awaited = new Awaited();
    const stored = this.#log(type, key, input, at, tooLate, awaited);
    const entry = new HeardPromise<MediaEntry>((resolve, reject) => void stored.then(resolve, reject));
    entry.onAwaited(() => awaited.begin());
    entry.onRejected((reason, isHeard) => {
      const isOfCall = this.#ofCalls.delete(reason as LedgerError);
      if (isOfCall && !isHeard) this.#writer.report(ofCall(METHODS[type], key, reason as LedgerError));
    });
    return entry;
  }

  /**
   * Stores and records the values that wait. Rejects with the first failure. Values that may still succeed are kept.
   */
  async settle(): Promise<void> {
    // The values wait for the same promise, and began to wait earlier. So they are in the store after this `await`.
    if (this.#early > 0) await this.#load().catch(() => {});
    try {
      await this.#store?.settle();
    } finally {
      // `onError` must be called before a flush or the end of the run resolves. That takes a few steps.
      for (let step = 0; step < 100 && this.#ofCalls.size > 0; step++) await undefined;
    }
  }

  /**
   * Resolves once everything that was logged is stored. Otherwise rejects with the first failure, after it has stored
   * the rest.
   */
  async flush(): Promise<void> {
    if (this.isSettled) return await this.#writer.flush();
    const [media, journal] = await Promise.allSettled([this.settle(), this.#writer.flush()]);
    // Stores the records of the values that are stored by now, even if others are not.
    await this.#writer.flush();
    for (const outcome of [media, journal]) if (outcome.status === "rejected") throw outcome.reason;
  }

  /**
   * Stores the values that wait, for a session that ends. Values that the store refuses do not keep the run from
   * ending, if the store takes records of the run: each value is tried once more and then dropped.
   */
  async flushLast(): Promise<void> {
    if (!this.isSettled) await this.#flushLast();
    await this.#store?.settleRemovals();
  }

  /** Ends the timers of values that wait. */
  close(): void {
    this.#store?.close();
  }

  async #flushLast(): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // Shows that the store takes records. If it does not, all values are kept.
      this.#writer.event({ kind: "beat" }, "beat");
      await this.#writer.flush();
      await this.#store?.settle(isRefusal);
      await this.#writer.flush();
    }
  }

  refused(cause: unknown): LedgerError {
    return this.#tellCaller(unreadable("value", cause));
  }

  dropped(key: string): LedgerError {
    const error = new LedgerError(
      "TOO_LARGE",
      `the value of ${JSON.stringify(key)} was dropped: more than ${MAX_QUEUED_BYTES} bytes would wait to be stored`,
      { field: key },
    );
    this.#writer.drop(1);
    return this.#tellCaller(error);
  }

  failed(
    { type, key }: Pick<MediaEntry, "key" | "type">,
    error: LedgerError,
    { isFinal, isFirst }: { readonly isFinal: boolean; readonly isFirst: boolean },
  ): void {
    if (isFinal) this.#writer.drop(1);
    // The promise of the call has the first failure. A first failure that is final is not trouble of the ledger.
    if (isFinal && isFirst) this.#tellCaller(error);
    else this.#writer.report(ofCall(METHODS[type], key, error));
  }

  /** Marks an error that rejects the promise of a call: `onError` gets it only if nobody handles the promise. */
  #tellCaller(error: LedgerError): LedgerError {
    this.#ofCalls.add(error);
    this.#writer.counts.lastError = error;
    return error;
  }

  /** Takes step, time and content before its first `await`, so as they are at the call. */
  async #log(
    type: MediaKind,
    key: string,
    input: unknown,
    at: (LogImageOptions & LogHistogramOptions) | undefined,
    tooLate: Refusal | undefined,
    awaited: Awaited,
  ): Promise<MediaEntry> {
    this.#writer.assertUnfenced();
    if (tooLate) throw tooLate.isExpected ? tooLate.error : this.#tellCaller(tooLate.error);
    const value = this.#place(type, key, input, at);
    const ready = this.#store ?? (loaded && this.#open(loaded));
    if (ready) return await ready.log(value, awaited);

    const { copy, bytes } = this.#copy(key, value.input);
    this.#early++;
    this.#earlyBytes += bytes;
    let store: MediaStore;
    try {
      store = await this.#load();
    } catch (cause) {
      const error = new LedgerError(
        "IO",
        "the code that stores texts, images, histograms and tables cannot be loaded",
        {
          cause,
        },
      );
      this.failed({ type, key }, error, { isFinal: true, isFirst: true });
      throw error;
    } finally {
      this.#early--;
      this.#earlyBytes -= bytes;
    }
    return await store.log({ ...value, input: copy, isOwn: true }, awaited);
  }

  #place(type: MediaKind, key: string, input: unknown, at: LogImageOptions & LogHistogramOptions = {}): LoggedValue {
    try {
      checkName(key, "key");
      checkPosition(METHODS[type], at, { step: true, time: true, ...OWN_OPTIONS[type] });
      const step = stepOf(at);
      const time = timeOf(at, this.#context.clock);
      const { caption, bins } = at;
      // Taken now, because the canvas may change right after the call.
      const taken = type === "image" && isCanvas(input) ? takePicture(input) : input;
      return {
        n: this.#logged++,
        place: { key, type, step: this.#steps.richValue(step), time },
        input: taken,
        isOwn: false,
        caption,
        bins,
      };
    } catch (error) {
      throw this.refused(error);
    }
  }

  #copy(key: string, input: unknown): { readonly copy: unknown; readonly bytes: number } {
    let bytes = 0;
    let full: LedgerError | undefined;
    const take = (more: number): void => {
      bytes += more;
      if (this.#early > 0 && this.#earlyBytes + bytes > MAX_QUEUED_BYTES) throw (full = this.dropped(key));
    };
    try {
      take(OVERHEAD_BYTES);
      return { copy: copyInput(input, take), bytes };
    } catch (error) {
      throw full ?? this.refused(error);
    }
  }

  #load(): Promise<MediaStore> {
    this.#loading ??= mediaStore().then(
      ({ MediaStore }) => this.#open((loaded = MediaStore)),
      (error: unknown) => {
        this.#loading = undefined;
        throw error;
      },
    );
    return this.#loading;
  }

  #open(Store: typeof MediaStore): MediaStore {
    return (this.#store ??= new Store(this.#runId, this.#context, this.#writer, this));
  }
}

/**
 * Returns whether the store failed to take one object, and may take others: a small record fits on a disk that is full.
 */
function isRefusal(error: unknown): boolean {
  return concernsOneObject(error) || LedgerError.hasCode(error, "NO_SPACE");
}
