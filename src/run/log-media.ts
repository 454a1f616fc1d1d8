import { LedgerError, invalidArgument } from "../backend/error.ts";
import type { MediaEntry, MediaKind } from "../journal/media-entry.ts";
import type { JournalWriter } from "../journal/writer.ts";
import type { RunContext } from "./context.ts";
import { copyInput } from "./copy-input.ts";
import { type LogPosition, stepOf, timeOf } from "./position.ts";
import { MAX_QUEUED_BYTES, OVERHEAD_BYTES } from "./queue-bound.ts";
import type { StepCount } from "./step-count.ts";
import type { LoggedValue, MediaStore, MediaTrouble } from "./store-media.ts";
import { checkName } from "./text.ts";

export interface LogImageOptions extends LogPosition {
  /** Text to be shown with it, at most 10,000 characters. */
  readonly caption?: string;
}

export interface LogHistogramOptions extends LogPosition {
  /** Bins to count values in, 1 to 10,000. Default 64. */
  readonly bins?: number;
}

/**
 * The rich values of a run. What checks and stores them is loaded with the first: values logged until it is there are copied
 * and wait, later ones go straight to it.
 */
export class MediaLog implements MediaTrouble {
  readonly #context: RunContext;
  readonly #writer: JournalWriter;
  readonly #steps: StepCount;
  #store: MediaStore | undefined;
  #loading: Promise<MediaStore> | undefined;
  /** Values that wait for it, and the bytes they take. */
  #early = 0;
  #earlyBytes = 0;
  #logged = 0;
  /** Why a value was refused or given up that {@link takeLost} has not told of yet. */
  #lost: LedgerError | undefined;

  constructor(context: RunContext, writer: JournalWriter, steps: StepCount) {
    this.#context = context;
    this.#writer = writer;
    this.#steps = steps;
  }

  /** True when nothing waits, and nothing was lost that {@link takeLost} would tell of. */
  get isSettled(): boolean {
    return this.#early === 0 && this.#lost === undefined && this.#store?.isSettled !== false;
  }

  /** Takes a value as it is at the call, or as one that comes too late. See `Run.logText`. */
  log(
    type: MediaKind,
    key: string,
    input: unknown,
    at: (LogImageOptions & LogHistogramOptions) | undefined,
    tooLate: LedgerError | undefined,
  ): Promise<MediaEntry> {
    const entry = this.#log(type, key, input, at, tooLate);
    // A failure that nobody waits for shows in `onError`, in `stats` and in `flush`.
    entry.catch(() => {});
    return entry;
  }

  /** Stores what waits and adds it to the journal; rejects with the first failure, after which what can be stored is kept. */
  async settle(): Promise<void> {
    // What waits for the same promise has waited longer, and so is in the store when this goes on.
    if (this.#early > 0) await this.#load().catch(() => {});
    await this.#store?.settle();
  }

  /** The first of what was lost since the last call. */
  takeLost(): LedgerError | undefined {
    const lost = this.#lost;
    this.#lost = undefined;
    return lost;
  }

  refused(cause: unknown): LedgerError {
    const error = LedgerError.is(cause)
      ? cause
      : new LedgerError("INVALID_ARGUMENT", "the value cannot be read", { cause });
    this.#lost ??= error;
    this.#writer.report(error);
    return error;
  }

  dropped(key: string): LedgerError {
    const error = new LedgerError(
      "TOO_LARGE",
      `the value of ${JSON.stringify(key)} was dropped: more than ${MAX_QUEUED_BYTES} bytes would wait to be stored`,
      { field: key },
    );
    this.#writer.drop(1);
    this.#writer.report(error);
    return error;
  }

  failed(error: LedgerError, isFinal: boolean): void {
    if (isFinal) {
      this.#lost ??= error;
      this.#writer.drop(1);
    }
    this.#writer.report(error);
  }

  /** Up to the first `await` it runs at the call, as it must: it takes step, time and content. */
  async #log(
    type: MediaKind,
    key: string,
    input: unknown,
    at: (LogImageOptions & LogHistogramOptions) | undefined,
    tooLate: LedgerError | undefined,
  ): Promise<MediaEntry> {
    this.#writer.assertUnfenced();
    if (tooLate) {
      this.#writer.report(tooLate);
      throw tooLate;
    }
    const value = this.#place(type, key, input, at);
    if (this.#store) return await this.#store.log(value);

    const { copy, bytes } = this.#copy(key, input);
    this.#early++;
    this.#earlyBytes += bytes;
    let store: MediaStore;
    try {
      store = await this.#load();
    } catch (cause) {
      const error = new LedgerError("IO", "what stores texts, images, histograms and tables cannot be loaded", {
        cause,
      });
      this.failed(error, true);
      throw error;
    } finally {
      this.#early--;
      this.#earlyBytes -= bytes;
    }
    return await store.log({ ...value, input: copy });
  }

  #place(type: MediaKind, key: string, input: unknown, at: LogImageOptions & LogHistogramOptions = {}): LoggedValue {
    try {
      checkName(key, "key");
      if (typeof at !== "object" || at === null) throw invalidArgument("at", "an object", at);
      const step = stepOf(at);
      const time = timeOf(at, this.#context.clock);
      const { caption, bins } = at;
      return {
        n: this.#logged++,
        place: { key, type, step: this.#steps.richValue(step), time },
        input,
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
    this.#loading ??= import("./store-media.ts").then(
      ({ MediaStore }) => (this.#store = new MediaStore(this.#context, this.#writer, this)),
      (error: unknown) => {
        this.#loading = undefined;
        throw error;
      },
    );
    return this.#loading;
  }
}
