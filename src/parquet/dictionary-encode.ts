import { ByteSink } from "./byte-sink.ts";
import { ENCODING } from "./thrift-enums.ts";
import type { Page } from "./column-chunk-write.ts";
import { writePlainString } from "./plain.ts";

/** How many values are encoded between two yields. */
const PIECE = 1024;

/**
 * Returns the dictionary page and the data page of a column in which each of `values` is repeated `counts` times. Yields
 * where it may be interrupted.
 */
export function* dictionaryPages(values: readonly string[], counts: readonly number[]): Generator<void, Page[], void> {
  const dictionary = new ByteSink();
  for (const [i, value] of values.entries()) {
    if (i % PIECE === PIECE - 1) yield;
    writePlainString(value, dictionary);
  }
  const data = new ByteSink();
  const width = Math.max(1, 32 - Math.clz32(values.length - 1));
  data.byte(width);
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    count += counts[i]!;
    data.varint(counts[i]! * 2);
    for (let shift = 0; shift < width; shift += 8) data.byte((i >>> shift) & 255);
  }
  return [
    { isDictionary: true, encoding: ENCODING.plain, count: values.length, bytes: dictionary.written },
    { encoding: ENCODING.dictionary, count, bytes: data.written },
  ];
}
