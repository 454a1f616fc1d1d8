import { type Series, SeriesBuilder } from "../series/series.ts";

/** Points of one metric that wait for the next update. */
interface Pending {
  column: SeriesBuilder | undefined;
}

/** One metric of one writer. */
interface Channel {
  readonly pending: Pending;
  told: number;
}

/** Points that wait for the next update, and the number of points that each writer and metric has delivered so far. */
export class PointBuffer {
  readonly #keys: ReadonlySet<string> | undefined;
  readonly #pending = new Map<string, Pending>();
  readonly #writers = new Map<string, WriterPoints>();
  /** The number of points that wait. */
  length = 0;

  constructor(keys: ReadonlySet<string> | undefined) {
    this.#keys = keys;
  }

  writer(writer: string): WriterPoints {
    let points = this.#writers.get(writer);
    if (points === undefined) this.#writers.set(writer, (points = new WriterPoints(this)));
    return points;
  }

  /** By writer, then by metric: how many points were added so far, from journals or files. */
  get told(): Map<string, ReadonlyMap<string, number>> {
    return new Map([...this.#writers].map(([writer, points]) => [writer, points.told]));
  }

  /** Returns the points that wait, and empties the buffer. Yields where it may be interrupted. */
  *take(): Generator<void, Map<string, Series>, void> {
    const points = new Map<string, Series>();
    for (const [key, pending] of this.#pending) {
      if (pending.column === undefined) continue;
      points.set(key, yield* pending.column.toSeries());
      pending.column = undefined;
    }
    this.length = 0;
    return points;
  }

  /** Returns where points of a metric wait, or `undefined` if the metric is not wanted. */
  pending(key: string): Pending | undefined {
    if (this.#keys !== undefined && !this.#keys.has(key)) return undefined;
    let pending = this.#pending.get(key);
    if (pending === undefined) this.#pending.set(key, (pending = { column: undefined }));
    return pending;
  }
}

/** Adds the points of one writer to the buffer, in the order in which it logged them. */
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

  /** Adds points of one metric that were read from a file. */
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
