import type { Backend } from "../backend/backend.ts";
import { concatBytes } from "../backend/body.ts";
import { createOrMatch } from "../backend/create-or-match.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import { LedgerError } from "../errors/ledger-error.ts";
import { type MediaPack, mediaPackName, type PackedPlace } from "../journal/media-pack.ts";
import { runPrefix } from "../journal/run-created.ts";
import { mapBounded } from "../platform/bounded.ts";
import type { Clock, Timer } from "../platform/clock.ts";
import { OVERHEAD_BYTES } from "./queue-bound.ts";
import { RecentPacks } from "./recent-packs.ts";
import type { OnFailure, UploadQueue } from "./upload-queue.ts";

/** A pack is stored once its contents have this many bytes. */
const PACK_BYTES: number = 8 * 1024 * 1024;
/** A pack is ready this long before the write of the journal that records its values, in ms. */
const AHEAD_MS = 1000;
/** How many places of stored contents a session remembers, so that it stores equal ones once. */
const MAX_KNOWN = 10_000;
const REMOVALS_AT_ONCE = 8;

/** A small content that waits for a pack. */
export interface SmallContent {
  readonly bytes: Uint8Array;
  /** Its SHA-256, 64 hex digits. */
  readonly hex: string;
  /** Called once the content is stored. */
  readonly record: (place: PackedPlace) => void;
  /** Called for each failure that is final, and for one content of a pack if it is not. */
  readonly onFailure: OnFailure;
}

interface Waiting extends SmallContent {
  readonly resolve: () => void;
  readonly reject: (error: LedgerError) => void;
  /** Whether its promise has rejected. */
  hasFailed: boolean;
}

/** What a {@link PackedMedia} is made of. */
export interface PackedMediaOptions {
  readonly backend: Backend;
  readonly runId: string;
  readonly clock: Clock;
  readonly queue: UploadQueue;
  /** The id of the stream. */
  readonly stream: string;
  /** Returns how long contents may wait for others, in ms. */
  readonly patience: () => number;
}

/**
 * Stores small contents of a session together, in packs. Contents wait for others until the journal is about to be
 * written for the second time, until they fill a pack, or until the caller waits for one of them. One pack is stored at
 * a time; what comes meanwhile goes into the next one.
 */
export class PackedMedia {
  readonly #options: PackedMediaOptions;
  readonly #recent = new RecentPacks();
  readonly #known = new Map<string, PackedPlace>();
  readonly #stream: string;
  /** The bytes of the stream so far. */
  #end = 0;
  #waiting: Waiting[] = [];
  #bytes = 0;
  #storing: readonly Waiting[] = [];
  #isHurried = false;
  #timer: Timer | undefined;
  #removals: Promise<unknown> = Promise.resolve();

  constructor(options: PackedMediaOptions) {
    this.#options = options;
    this.#stream = options.stream;
  }

  /** The bytes in memory of the contents that are in no pack yet. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether all contents are in a pack. The queue says whether the packs are stored. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Whether a pack is being stored, or waits for another attempt. */
  get isStoring(): boolean {
    return this.#storing.length > 0;
  }

  /** Resolves once the content is stored and `record` was called. Rejects with the first failure. */
  add(content: SmallContent): Promise<void> {
    const known = this.#known.get(content.hex);
    if (known) {
      content.record(known);
      return Promise.resolve();
    }
    const stored = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ ...content, resolve, reject, hasFailed: false });
    });
    // The caller may look at the promise later.
    stored.catch(() => {});
    this.#bytes += content.bytes.length + OVERHEAD_BYTES;
    if (this.#bytes >= PACK_BYTES) this.#begin();
    else this.#arm();
    return stored;
  }

  /** Stores what waits as soon as possible: at once, or after the pack that is being stored. */
  hurry(): void {
    if (this.isEmpty) return;
    this.#isHurried = true;
    this.#begin();
  }

  /** Resolves once objects are removed that later ones repeat. */
  async settleRemovals(): Promise<void> {
    await this.#removals;
  }

  /** Ends the timer. */
  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#storing.length > 0 || this.isEmpty) return;
    const patience = this.#options.patience();
    this.#timer = this.#options.clock.timer(Math.max(0, patience - Math.min(AHEAD_MS, patience / 4)), () => {
      this.#timer = undefined;
      this.#begin();
    });
  }

  #begin(): void {
    if (this.#storing.length > 0 || this.isEmpty) return;
    this.close();
    this.#isHurried = false;
    const values = this.#take();
    this.#storing = values;
    const places = new Map<string, PackedPlace>();
    const pack = this.#make(values, places);
    const store = async (): Promise<void> => {
      if (pack.bytes.length > 0) await this.#store(pack.from, pack.bytes);
      for (const [hex, place] of places) this.#remember(hex, place);
      for (const { hex, record } of values) record(places.get(hex)!);
      this.#ended();
      for (const { resolve } of values) resolve();
    };
    const onFailure: OnFailure = (error, how) => {
      const told = how.isFinal ? values : values.slice(0, 1);
      for (const value of told) value.onFailure(error, { ...how, isFirst: !value.hasFailed });
      for (const value of values) value.hasFailed = true;
      if (how.isFinal) this.#ended();
    };
    this.#options.queue.add(pack.bytes.length, store, onFailure).catch((error: LedgerError) => {
      // What waits behind the pack waits for the same store.
      for (const value of [...values, ...this.#waiting]) value.reject(error);
      for (const value of this.#waiting) value.hasFailed = true;
    });
  }

  /** Removes as many contents from those that wait as fit a pack. */
  #take(): Waiting[] {
    let bytes = 0;
    const end = this.#waiting.findIndex((value, i) => (bytes += value.bytes.length) > PACK_BYTES && i > 0);
    const taken = end < 0 ? this.#waiting : this.#waiting.slice(0, end);
    this.#waiting = end < 0 ? [] : this.#waiting.slice(end);
    this.#bytes = this.#waiting.reduce((sum, value) => sum + value.bytes.length + OVERHEAD_BYTES, 0);
    return taken;
  }

  /** Returns the next pack. `places` gets the place of each of its contents, by digest. */
  #make(
    values: readonly Waiting[],
    places: Map<string, PackedPlace>,
  ): { readonly from: number; readonly bytes: Uint8Array } {
    const from = this.#end;
    const parts: Uint8Array[] = [];
    for (const { bytes, hex } of values) {
      if (places.has(hex)) continue;
      const known = this.#known.get(hex);
      if (known) {
        places.set(hex, known);
        continue;
      }
      places.set(hex, { stream: this.#stream, offset: this.#end });
      parts.push(bytes);
      this.#end += bytes.length;
    }
    return { from, bytes: concatBytes(parts) };
  }

  async #store(from: number, own: Uint8Array): Promise<void> {
    const { backend } = this.#options;
    const { sha256Hex } = await loadSha256();
    const { repeated, level } = this.#recent.repeatedBy(from);
    const bytes = concatBytes([...repeated.map((each) => each.bytes), own]);
    const pack = {
      stream: this.#stream,
      from: from + own.length - bytes.length,
      to: from + own.length,
      hex: await sha256Hex(bytes),
    };
    const key = this.#keyOf(pack);
    // The packs that it repeats are removed afterwards.
    if (!(await createOrMatch(backend, key, bytes, undefined, repeated.length > 0)))
      throw new LedgerError("CORRUPT", `${key} does not have the bytes that its name promises`, { key });
    this.#recent.add({ ...pack, bytes, level }, repeated.length);
    this.#remove(repeated);
  }

  #keyOf(pack: MediaPack): string {
    return `${runPrefix(this.#options.runId)}/${mediaPackName(pack)}`;
  }

  /** Removes packs in the background. Readers do not need them. */
  #remove(packs: readonly MediaPack[]): void {
    if (packs.length === 0) return;
    const { backend } = this.#options;
    const before = this.#removals;
    const remove = async (): Promise<void> => {
      await before;
      await mapBounded(packs, REMOVALS_AT_ONCE, undefined, (pack, signal) =>
        backend.remove(this.#keyOf(pack), { signal }),
      );
    };
    this.#removals = remove().catch(() => {});
  }

  #remember(hex: string, place: PackedPlace): void {
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(hex, place);
  }

  #ended(): void {
    this.#storing = [];
    if (this.#isHurried || this.#bytes >= PACK_BYTES) this.#begin();
    else this.#arm();
  }
}
