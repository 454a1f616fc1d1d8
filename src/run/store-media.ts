import { LedgerError } from "../errors/ledger-error.ts";
import type { MediaEntry, MediaEvent } from "../journal/media-entry.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import { type MediaContent, type PendingContent, MAX_STORED_BYTES, textContent } from "../media/content.ts";
import { histogramContent } from "../media/histogram.ts";
import { imageContent } from "../media/image.ts";
import { tableContent } from "../media/table.ts";
import { tooLarge } from "../media/wrong-input.ts";
import type { RunContext } from "./run-context.ts";
import { UploadQueue } from "./upload-queue.ts";

/** A logged rich value. Its content is not checked yet. */
export interface LoggedValue {
  /** The place among the values of the session. */
  readonly n: number;
  readonly place: Pick<MediaEntry, "key" | "type" | "step" | "time">;
  readonly input: unknown;
  /** An option of images. */
  readonly caption: unknown;
  /** An option of histograms. */
  readonly bins: unknown;
}

/** Gets the errors of values. */
export interface MediaTrouble {
  /** Called for bad input. Returns the error to throw. */
  refused(cause: unknown): LedgerError;
  /** Called for a value that finds no room. Returns the error to throw. */
  dropped(key: string): LedgerError;
  /**
   * Called for each failure in the background. `isFinal`: the value is dropped. `isFirst`: the call rejects with this
   * error.
   */
  failed(
    of: Pick<MediaEntry, "key" | "type">,
    error: LedgerError,
    how: { readonly isFinal: boolean; readonly isFirst: boolean },
  ): void;
}

/** Checks rich values, stores them in the background, and records each one in the journal once it is stored. */
export class MediaStore {
  readonly #context: RunContext;
  readonly #writer: JournalWriter;
  readonly #trouble: MediaTrouble;
  readonly #queue: UploadQueue;

  constructor(context: RunContext, writer: JournalWriter, trouble: MediaTrouble) {
    this.#context = context;
    this.#writer = writer;
    this.#trouble = trouble;
    this.#queue = new UploadQueue(context.clock);
  }

  /** Whether no value waits. */
  get isSettled(): boolean {
    return this.#queue.isSettled;
  }

  /**
   * Stores and records the values that wait. Rejects with the first failure. Values that may still succeed are kept.
   * `givesUp` as in {@link UploadQueue.settle}.
   */
  async settle(givesUp?: (error: LedgerError) => boolean): Promise<void> {
    await this.#queue.settle(givesUp);
  }

  /** Checks and copies the value before the first `await`. Resolves once the value is stored and recorded. */
  async log(value: LoggedValue): Promise<MediaEntry> {
    const { n, place } = value;
    let content: MediaContent | PendingContent;
    try {
      content = toContent(value);
    } catch (error) {
      throw this.#trouble.refused(error);
    }
    const { held } = content;
    const inline = "inline" in content ? content.inline : undefined;
    if (!(this.#writer.hasRoom && (inline !== undefined || this.#queue.hasRoom(held))))
      throw this.#trouble.dropped(place.key);
    let entry: MediaEntry;
    if ("inline" in content && inline !== undefined) {
      const { mediaType, details } = content;
      entry = { ...place, size: held, mediaType, inline, ...details };
      this.#writer.event(toEvent(entry, n), "media");
    } else {
      const stored = this.#upload(content);
      let made: MediaEntry | undefined;
      const store = async (): Promise<void> => {
        made = { ...place, ...(await stored()) };
        this.#writer.event(toEvent(made, n), "media");
      };
      await this.#queue.add(held, store, (error, how) => this.#trouble.failed(place, error, how));
      entry = made as unknown as MediaEntry;
    }
    await this.#writer.flush(false);
    return entry;
  }

  /** Returns a function that stores the content. A second call after a failure does not encode the content again. */
  #upload(content: MediaContent | PendingContent): () => Promise<Omit<MediaEntry, keyof LoggedValue["place"]>> {
    let source: MediaContent | PendingContent | undefined = content;
    let ready: { readonly bytes: Uint8Array; readonly mediaType: string; readonly details: MediaContent["details"] };
    return async () => {
      if (source !== undefined) {
        const { encode, type, mediaType, details } = "load" in source ? await source.load() : source;
        ready = { bytes: await encoded(encode, type), mediaType, details };
        // Only the encoded form stays in memory.
        source = undefined;
      }
      const { bytes, mediaType, details } = ready;
      const { hex, size } = await (await this.#context.artifacts()).putBlob(bytes);
      return { size, mediaType, digest: `sha256:${hex}`, ...details };
    };
  }
}

function toContent({ place, input, caption, bins }: LoggedValue): MediaContent | PendingContent {
  switch (place.type) {
    case "text":
      return textContent(input);
    case "image":
      return imageContent(input, caption);
    case "histogram":
      return histogramContent(input, bins);
    case "table":
      return tableContent(input);
  }
}

function toEvent({ time, ...entry }: MediaEntry, n: number): MediaEvent {
  return { kind: "media", n, at: time, ...entry };
}

/** Returns the encoded content. A failure to encode is final, because another attempt would fail, too. */
async function encoded(encode: MediaContent["encode"], type: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await encode();
  } catch (cause) {
    if (LedgerError.is(cause)) throw cause;
    throw new LedgerError("UNSUPPORTED", `this ${type} cannot be encoded here`, { cause });
  }
  if (bytes.byteLength > MAX_STORED_BYTES) throw tooLarge(type, `${bytes.byteLength} bytes`, `${MAX_STORED_BYTES}`);
  return bytes;
}
