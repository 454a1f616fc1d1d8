import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { MAX_PACKED_BYTES, type PackedPlace } from "../journal/media-pack.ts";
import type { MediaEntry, MediaEvent } from "../journal/media-entry.ts";
import type { JournalWriter } from "../journal/journal-writer.ts";
import { type MediaContent, type PendingContent, MAX_STORED_BYTES, textContent } from "../media/content.ts";
import { histogramContent } from "../media/histogram.ts";
import { imageContent } from "../media/image.ts";
import { tableContent } from "../media/table.ts";
import { tooLarge } from "../media/wrong-input.ts";
import type { RunContext } from "./run-context.ts";
import type { Awaited } from "./awaited.ts";
import { PackedMedia } from "./pack-media.ts";
import { type OnFailure, UploadQueue } from "./upload-queue.ts";

/** A logged rich value. Its content is not checked yet. */
export interface LoggedValue {
  /** The place among the values of the session. */
  readonly n: number;
  readonly place: Pick<MediaEntry, "key" | "type" | "step" | "time">;
  readonly input: unknown;
  /** Whether nobody else can change the input, so it need not be copied. */
  readonly isOwn: boolean;
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

/**
 * Checks rich values, stores them in the background, and records each one in the journal once it is stored. Small
 * contents are stored together; see {@link PackedMedia}.
 */
export class MediaStore {
  readonly #runId: string;
  readonly #context: RunContext;
  readonly #writer: JournalWriter;
  readonly #trouble: MediaTrouble;
  readonly #queue: UploadQueue;
  readonly #packed: PackedMedia;

  constructor(runId: string, context: RunContext, writer: JournalWriter, trouble: MediaTrouble) {
    this.#runId = runId;
    this.#context = context;
    this.#writer = writer;
    this.#trouble = trouble;
    const { backend, clock, ids } = context;
    this.#queue = new UploadQueue(clock);
    this.#packed = new PackedMedia({
      backend,
      runId,
      clock,
      queue: this.#queue,
      stream: ids("records"),
      patience: () => writer.secondWriteIn,
    });
  }

  /** Whether no value waits. */
  get isSettled(): boolean {
    return this.#queue.isSettled && this.#packed.isEmpty;
  }

  /**
   * Stores and records the values that wait. Rejects with the first failure. Values that may still succeed are kept.
   * `givesUp` as in {@link UploadQueue.settle}.
   */
  async settle(givesUp?: (error: LedgerError) => boolean): Promise<void> {
    const failures: unknown[] = [];
    for (;;) {
      await this.#queue.settle(givesUp).catch((error: unknown) => void failures.push(error));
      if (this.#packed.isStoring ? failures.length > 0 : this.#packed.isEmpty) break;
      this.#packed.hurry();
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Resolves once no object of this session is being removed. */
  async settleRemovals(): Promise<void> {
    await this.#packed.settleRemovals();
  }

  /** Ends the timers of values that wait for others. */
  close(): void {
    this.#packed.close();
  }

  /**
   * Checks and copies the value before the first `await`. Resolves once the value is stored and recorded: with the next
   * write of the journal, unless the caller waits for it.
   */
  async log(value: LoggedValue, awaited: Awaited): Promise<MediaEntry> {
    const { n, place } = value;
    let content: MediaContent | PendingContent;
    try {
      content = toContent(value);
    } catch (error) {
      throw this.#trouble.refused(error);
    }
    const { held } = content;
    const inline = "inline" in content ? content.inline : undefined;
    if (!(this.#writer.hasRoom && (inline !== undefined || this.#queue.hasRoom(held, this.#packed.bytes))))
      throw this.#trouble.dropped(place.key);
    let entry: MediaEntry;
    if ("inline" in content && inline !== undefined) {
      const { mediaType, details } = content;
      entry = { ...place, size: held, mediaType, inline, ...details };
      this.#record(entry, n);
    } else entry = await this.#store(value, content, awaited);
    const recorded = this.#writer.whenStored();
    awaited.whenAwaited(() => void this.#writer.flush(false).catch(() => {}));
    await recorded;
    return entry;
  }

  /** Stores and records a value whose content is not in the record itself. */
  async #store(
    { n, place }: LoggedValue,
    content: MediaContent | PendingContent,
    awaited: Awaited,
  ): Promise<MediaEntry> {
    const encode = encoder(content);
    const onFailure: OnFailure = (error, how) => this.#trouble.failed(place, error, how);
    let entry: MediaEntry | undefined;
    let packed: Promise<void> | undefined;
    const store = async (): Promise<void> => {
      const { bytes, mediaType, details } = await encode();
      const { sha256Hex } = await loadSha256();
      const isSmall = bytes.length <= MAX_PACKED_BYTES;
      const artifacts = isSmall ? undefined : await this.#context.artifacts();
      const hex = artifacts ? (await artifacts.putBlob(bytes)).hex : await sha256Hex(bytes);
      const made = { ...place, size: bytes.length, mediaType, digest: formatDigest(hex), ...details };
      const record = (at?: PackedPlace): void => {
        entry = { ...made, ...(at && { packed: { run: this.#runId, ...at } }) };
        this.#record(entry, n);
      };
      if (artifacts) return record();
      packed = this.#packed.add({ bytes, hex, record, onFailure });
    };
    await this.#queue.add(content.held, store, onFailure);
    awaited.whenAwaited(() => this.#packed.hurry());
    await packed;
    return entry as unknown as MediaEntry;
  }

  #record({ time, packed, ...entry }: MediaEntry, n: number): void {
    const place = packed && { stream: packed.stream, offset: packed.offset };
    const event: MediaEvent = { kind: "media", n, at: time, ...entry, ...(place && { packed: place }) };
    this.#writer.event(event, "media");
  }
}

interface Encoded extends Pick<MediaContent, "mediaType" | "details"> {
  readonly bytes: Uint8Array;
}

/** Returns a function that encodes a content. A second call does not encode it again. */
function encoder(content: MediaContent | PendingContent): () => Promise<Encoded> {
  let source: MediaContent | PendingContent | undefined = content;
  let ready: Encoded;
  return async () => {
    if (source === undefined) return ready;
    const { encode, type, mediaType, details } = "load" in source ? await source.load() : source;
    ready = { bytes: await encoded(encode, type), mediaType, details };
    // Only the encoded form stays in memory.
    source = undefined;
    return ready;
  };
}

function toContent({ place, input, isOwn, caption, bins }: LoggedValue): MediaContent | PendingContent {
  switch (place.type) {
    case "text":
      return textContent(input);
    case "image":
      return imageContent(input, caption, isOwn);
    case "histogram":
      return histogramContent(input, bins);
    case "table":
      return tableContent(input);
  }
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
