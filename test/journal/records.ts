import type { Backend } from "../../src/backend/backend.ts";
import { type Clock, systemClock } from "../../src/platform/clock.ts";
import type { Removal } from "../../src/journal/writer-options.ts";
import { memoryBackend } from "../../src/backends/memory/index.ts";
import type { RunCreated } from "../../src/journal/run-created.ts";
import type { Damage } from "../../src/journal/damage.ts";
import type { RunEvent } from "../../src/journal/event.ts";
import { flushPolicy } from "../../src/journal/flush-policy.ts";
import { decodeEvent } from "../../src/journal/decode-event.ts";
import { listSegments } from "./list-segments.ts";
import { type JournalVisitor, readWriter } from "../../src/journal/journal-reader.ts";
import { JournalWriter } from "../../src/journal/journal-writer.ts";

import fc from "fast-check";

export const RUN = "run00000000000000";
export const WRITER = "writer0000000000";

/** A row as logged, or as read back. */
export interface Row {
  readonly step: number;
  readonly time: number;
  readonly metrics: readonly (readonly [string, number])[];
}

const anyDouble = fc.oneof(
  fc.double(),
  fc.float(),
  fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 0, 5e-324, -5e-324, Number.MAX_VALUE, 2 ** 53, 1.1),
);
const anyStep = fc.oneof(
  fc.nat(1000),
  fc.maxSafeInteger(),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 31, 2 ** 32 + 1, -1),
);
const anyTime = fc.oneof(
  fc.integer({ min: 1_700_000_000_000, max: 1_800_000_000_000 }),
  fc.constantFrom(-8.64e15, 8.64e15, 0),
);
const anyKey = fc.oneof(
  fc.constantFrom("loss", "acc", "__proto__", "val/ä", "指标", "a/b/c"),
  fc.string({ minLength: 1, maxLength: 6, unit: "grapheme" }),
);

/** Rows of any shape and any values. */
export const rows: fc.Arbitrary<Row[]> = fc.array(
  fc.record({
    step: anyStep,
    time: anyTime,
    metrics: fc.uniqueArray(fc.tuple(anyKey, anyDouble), { minLength: 1, maxLength: 12, selector: ([key]) => key }),
  }),
  { maxLength: 60 },
);

export function newWriter(
  backend: Backend,
  options: {
    maxBufferedBytes?: number;
    onError?: () => void;
    removal?: Removal;
    clock?: Clock;
    created?: RunCreated;
  } = {},
): JournalWriter {
  const { onError = () => {}, removal, clock = systemClock, created, ...flush } = options;
  return new JournalWriter({
    backend,
    runId: RUN,
    writerId: WRITER,
    created,
    clock,
    removal,
    policy: flushPolicy({ intervalMs: 1e9, ...flush }, backend.capabilities.append),
    beatMs: 1e9,
    order: 0,
    held: { chars: 0, values: 0, names: 0 },
    keeper: { restore: async () => {}, compactedTo: async () => undefined },
    newWriterId: () => "writer1111111111",
    onError,
  });
}

export function addRow(writer: JournalWriter, { step, time, metrics }: Row): void {
  const shape = writer.registry.shapeOf(metrics.map(([key]) => key));
  const values = Float64Array.from(metrics, ([, value]) => value);
  if (shape) writer.row(shape, step, time, values);
  else
    writer.looseRow(
      metrics.map(([key]) => key),
      metrics.map(([key]) => new TextEncoder().encode(key)),
      step,
      time,
      values,
    );
}

export interface Journal {
  readonly rows: Row[];
  readonly events: RunEvent[];
  readonly numbers: number[];
  readonly damage: Damage[];
}

/** Everything all writers of {@link RUN} have written, writer by writer. */
export async function readAll(backend: Backend): Promise<Journal> {
  const journal: Journal = { rows: [], events: [], numbers: [], damage: [] };
  for (const segments of (await listSegments(backend, RUN)).values()) {
    const visitor: JournalVisitor = {
      row: (n, keys, step, time, values) => {
        journal.numbers.push(n);
        journal.rows.push({ step, time, metrics: keys.map((key, i) => [key, values[i] as number] as const) });
      },
      event: (n, event) => {
        journal.numbers.push(n);
        journal.events.push(event);
      },
      damage: (damage) => void journal.damage.push(damage),
    };
    await readWriter(backend, RUN, segments, visitor, undefined, 0, decodeEvent);
  }
  return journal;
}

/** A memory backend that claims not to append, as an object store. */
export function objectsOnly(inner: Backend = memoryBackend()): Backend {
  return {
    contract: 1,
    name: "objects",
    capabilities: { ...inner.capabilities, append: false, move: false },
    create: (key, body, options) => inner.create(key, body, options),
    read: (key, options) => inner.read(key, options),
    stat: (key, options) => inner.stat(key, options),
    list: (prefix, options) => inner.list(prefix, options),
    remove: (key, options) => inner.remove(key, options),
  };
}

export function same(a: readonly Row[], b: readonly Row[]): boolean {
  return (
    a.length === b.length &&
    a.every((row, i) => {
      const other = b[i] as Row;
      return (
        row.step === other.step &&
        row.time === other.time &&
        row.metrics.length === other.metrics.length &&
        row.metrics.every(([key, value], j) => key === other.metrics[j]?.[0] && Object.is(value, other.metrics[j]?.[1]))
      );
    })
  );
}
