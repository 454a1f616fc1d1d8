import { type Series, SeriesBuilder } from "../series/series.ts";

/** Points of one metric that are to be told. */
interface Pending {
  column: SeriesBuilder | undefined;
}

/** One metric of one writer. */
interface Channel {
  readonly pending: Pending;
  told: number;
}

/** Points that are to be told with the next update, and how many of each writer and metric have been. */
export class PointBuffer {
  readonly #keys: ReadonlySet<string> | undefined;
  readonly #pending = new Map<string, Pending>();
  readonly #writers = new Map<string, WriterPoints>();
  /** How many wait. */
  length = 0;

  constructor(keys: ReadonlySet<string> | undefined) {
    this.#keys = keys;
  }

  writer(writer: string): WriterPoints {
    let points = this.#writers.get(writer);
    if (points === undefined) this.#writers.set(writer, (points = new WriterPoints(this)));
    return points;
  }

  /** Of each writer and metric how many points have been taken in, from wherever they came. */
  get told(): Map<string, ReadonlyMap<string, number>> {
    return new Map([...this.#writers].map(([writer, points]) => [writer, points.told]));
  }

  /** Hands out what waits. */
  take(): Map<string, Series> {
    const points = new Map<string, Series>();
    for (const [key, pending] of this.#pending) {
      if (pending.column === undefined) continue;
      points.set(key, pending.column.toSeries());
      pending.column = undefined;
    }
    this.length = 0;
    return points;
  }

  /** `undefined` for a metric that is not wanted. */
  pending(key: string): Pending | undefined {
    if (this.#keys !== undefined && !this.#keys.has(key)) return undefined;
    let pending = this.#pending.get(key);
    if (pending === undefined) this.#pending.set(key, (pending = { column: undefined }));
    return pending;
  }
}

/** The points of one writer on their way into the buffer, in the order in which it logged them. */
export class WriterPoints {
  readonly #buffer: PointBuffer;
  readonly #channels = new Map<string, Channel>();
  readonly #ofShape = new WeakMap<readonly string[], (Channel | undefined)[]>();

  constructor(buffer: PointBuffer) {
    this.#buffer = buffer;
  }

  get told(): Map<string, number> {
    return new Map([...this.#channels].map(([key, { told }]) => [key, told]));
  }

  row(keys: readonly string[], step: number, time: number, values: Float64Array): void {
    let channels = this.#ofShape.get(keys);
    if (channels === undefined) this.#ofShape.set(keys, (channels = keys.map((key) => this.#channel(key))));
    for (let i = 0; i < channels.length; i++) {
      const channel = channels[i];
      if (channel !== undefined) this.#push(channel, step, time, values[i] as number);
    }
  }

  /** Points of one metric that were not read from a journal. */
  series(key: string, { steps, times, values }: Series): void {
    const channel = this.#channel(key);
    if (channel === undefined) return;
    for (let i = 0; i < values.length; i++) {
      this.#push(channel, steps[i] as number, times[i] as number, values[i] as number);
    }
  }

  #push(channel: Channel, step: number, time: number, value: number): void {
    (channel.pending.column ??= new SeriesBuilder()).push(step, time, value);
    channel.told++;
    this.#buffer.length++;
  }

  #channel(key: string): Channel | undefined {
    let channel = this.#channels.get(key);
    if (channel !== undefined) return channel;
    const pending = this.#buffer.pending(key);
    if (pending !== undefined) this.#channels.set(key, (channel = { pending, told: 0 }));
    return channel;
  }
}
