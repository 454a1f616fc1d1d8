import { inOneGo } from "../../../src/platform/event-loop.ts";
import { ByteSink } from "../../../src/parquet/byte-sink.ts";
import { type Page, writeChunk } from "../../../src/parquet/column-chunk-write.ts";
import { dictionaryPages } from "../../../src/parquet/dictionary-encode.ts";
import {
  beginFile,
  type ColumnElement,
  endFile,
  TEXT,
  TIMESTAMP,
  type WrittenChunk,
} from "../../../src/parquet/footer-write.ts";
import { ENCODING, TYPE } from "../../../src/parquet/thrift-enums.ts";

interface Point {
  readonly step: number;
  readonly time: number;
  readonly value: number;
}

/** A file with two points, whose steps and times are encoded so that their differences wrap around at 64 bits. */
export function wrappedPoints(runId: string, key: string, points: readonly Point[]): Uint8Array {
  const out = new ByteSink();
  // Returns pages that are as long as they were, so that they are stored as they are.
  const compressor = { compress: ({ bytes }: Page) => bytes, reset: () => {} };
  const add = (element: ColumnElement, pages: readonly Page[], min?: Uint8Array, max?: Uint8Array): WrittenChunk =>
    writeChunk(out, element, pages, compressor, {
      nulls: 0,
      ...(min && max && { min, max, minExact: true, maxExact: true }),
    });
  const text = (name: string, value: string): WrittenChunk => {
    const bound = new TextEncoder().encode(value);
    return add({ name, ...TEXT }, inOneGo(dictionaryPages([value], [points.length])), bound, bound);
  };
  const integers = (element: ColumnElement, values: readonly number[]): WrittenChunk => {
    const [low, high] = [Math.min(...values), Math.max(...values)].map((value) =>
      bytesOf(BigInt64Array.of(BigInt(value))),
    );
    return add(element, [{ encoding: ENCODING.delta, count: values.length, bytes: wrappedDeltas(values) }], low, high);
  };
  beginFile(out);
  const value: Page = {
    encoding: ENCODING.plain,
    count: points.length,
    bytes: bytesOf(Float64Array.from(points, (point) => point.value)),
  };
  const chunks = [
    text("run_id", runId),
    text("key", key),
    integers(
      { name: "step", type: TYPE.int64 },
      points.map(({ step }) => step),
    ),
    integers(
      { name: "time", ...TIMESTAMP },
      points.map(({ time }) => time),
    ),
    add({ name: "value", type: TYPE.double }, [value]),
  ];
  endFile(
    out,
    chunks.map(({ element }) => element),
    [{ chunks, rows: points.length, start: 4, end: out.offset }],
  );
  return out.written.slice();
}

const bytesOf = (values: BigInt64Array | Float64Array): Uint8Array =>
  new Uint8Array(values.buffer.slice(0) as ArrayBuffer);

/** A page of DELTA_BINARY_PACKED whose least difference is said to be 2^63 - 1. */
function wrappedDeltas([first = 0, ...rest]: readonly number[]): Uint8Array {
  const out = new ByteSink();
  const least = 2n ** 63n - 1n;
  for (const head of [128, 4, rest.length + 1]) out.varint(head);
  out.zigzag(BigInt(first));
  out.zigzag(least);
  for (let i = 0; i < 4; i++) out.byte(i === 0 ? 64 : 0);
  let before = first;
  for (let i = 0; i < 32; i++) {
    const value = rest[i] ?? before;
    out.int64(BigInt.asIntN(64, BigInt(value - before) - least));
    before = value;
  }
  return out.written.slice();
}
