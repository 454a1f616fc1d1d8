import { isDataView } from "../platform/any-realm.ts";
import { LedgerError, invalidArgument } from "../errors/ledger-error.ts";
import { decodeJson } from "../bytes/decode-json.ts";
import { encodeJson } from "../bytes/encode-json.ts";
import { type MediaContent, asText } from "./content.ts";
import { impossible, wrongInput } from "./wrong-input.ts";

/**
 * Numbers to count, or counts that were made elsewhere: `counts[i]` values lie in `[edges[i], edges[i + 1])`, the last
 * edge included.
 */
export type HistogramSource =
  | ArrayLike<number>
  | {
      /** The number of values in each bin. */
      readonly counts: ArrayLike<number>;
      /** The edges of the bins in ascending order, one more than `counts`. */
      readonly edges: ArrayLike<number>;
    };

/** Counts of values between ascending edges. */
export interface Histogram {
  /**
   * The number of values in each bin. A value on an edge counts in the bin above it, a value on the last edge in the
   * last bin.
   */
  readonly counts: readonly number[];
  /** The edges of the bins, one more than `counts`. Empty if there was no finite value to count. */
  readonly edges: readonly number[];
  /** The number of values that are NaN. No bin counts them. */
  readonly nan: number;
  /** The number of values that are -Infinity. No bin counts them. */
  readonly negativeInfinity: number;
  /** The number of values that are Infinity. No bin counts them. */
  readonly positiveInfinity: number;
}

/** The most bins. */
const MAX_BINS = 10_000;
const DEFAULT_BINS = 64;

/**
 * Returns the content of a histogram: the given counts, or counts of numbers in `bins` bins (default 64) of equal width
 * from the least to the greatest finite value. There are fewer bins if float64 has no numbers between their edges, one
 * bin if all values are equal, and none without a finite value. Throws `INVALID_ARGUMENT`.
 */
export function histogramContent(source: unknown, bins?: unknown): MediaContent {
  if (bins !== undefined) {
    if (typeof bins !== "number" || !Number.isInteger(bins) || bins < 1 || bins > MAX_BINS)
      throw invalidArgument("bins", `a whole number from 1 to ${MAX_BINS}`, bins);
  }
  if (isNumbers(source)) return toContent(count(source, bins ?? DEFAULT_BINS));
  if (typeof source !== "object" || source === null || !("counts" in source) || !("edges" in source))
    throw wrongInput("data", "an array of numbers or { counts, edges }", source);
  if (bins !== undefined) throw impossible("bins", "must be left out if counts are given", bins);
  return toContent(checkCounts(source.counts, source.edges));
}

/**
 * Returns the content to store: a `range` instead of edges of equal width, and no counts of 0 for values outside bins.
 */
function toContent({ counts, edges, nan, negativeInfinity, positiveInfinity }: Histogram): MediaContent {
  const first = edges[0];
  const last = edges.at(-1);
  const even = first === undefined || last === undefined ? [] : evenEdges(first, last, counts.length);
  const isEven = even.length === edges.length && even.every((edge, i) => Object.is(edge, edges[i]));
  const stored = {
    counts,
    ...(isEven && edges.length > 0 ? { range: [first, last] } : { edges }),
    ...(nan > 0 && { nan }),
    ...(negativeInfinity > 0 && { negativeInfinity }),
    ...(positiveInfinity > 0 && { positiveInfinity }),
  };
  return asText("histogram", "application/json", encodeJson(stored, "data"));
}

/**
 * Returns `bins + 1` edges `low + (high - low) * (i / bins)`, none above `high`, which is the last. Calculates with
 * halves if the difference overflows.
 */
export function evenEdges(low: number, high: number, bins: number): number[] {
  const isWide = !Number.isFinite(high - low);
  const edges = [low];
  for (let i = 1; i < bins; i++) {
    const part = i / bins;
    const edge = isWide ? 2 * (low / 2 + (high / 2 - low / 2) * part) : low + (high - low) * part;
    edges.push(Math.min(edge, high));
  }
  edges.push(high);
  return edges;
}

function count(values: ArrayLike<number>, bins: number): Histogram {
  const { length } = values;
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const odd = { nan: 0, negativeInfinity: 0, positiveInfinity: 0 };
  for (let i = 0; i < length; i++) {
    const value = values[i];
    if (typeof value !== "number") throw wrongInput(`data[${i}]`, "a number", value);
    if (Number.isFinite(value)) {
      if (value < low) low = value;
      if (value > high) high = value;
    } else if (Number.isNaN(value)) odd.nan++;
    else if (value < 0) odd.negativeInfinity++;
    else odd.positiveInfinity++;
  }
  if (low > high) return { counts: [], edges: [], ...odd };
  const edges = edgesOf(low, high, bins);
  const counts = new Array<number>(edges.length - 1).fill(0);
  const top = counts.length - 1;
  const half = high / 2 - low / 2;
  for (let i = 0; i < length; i++) {
    const value = values[i] as number;
    if (!Number.isFinite(value)) continue;
    // Rounding may be off by one bin, or by more if equal edges were removed, so the edges decide.
    let bin =
      top === 0 ? 0 : Math.min(top, Math.max(0, Math.floor(((value / 2 - low / 2) / half) * counts.length) || 0));
    while (bin > 0 && value < (edges[bin] as number)) bin--;
    while (bin < top && value >= (edges[bin + 1] as number)) bin++;
    counts[bin]!++;
  }
  return { counts, edges, ...odd };
}

function edgesOf(low: number, high: number, bins: number): number[] {
  if (low < high) return evenEdges(low, high, bins).filter((edge, i, all) => i === 0 || edge > (all[i - 1] as number));
  // At least 0.5 to either side, and more if adding 0.5 would not change the value.
  const reach = Math.max(0.5, Math.abs(low) * 2 ** -50);
  return [Math.max(low - reach, -Number.MAX_VALUE), Math.min(low + reach, Number.MAX_VALUE)];
}

function checkCounts(counts: unknown, edges: unknown): Histogram {
  const own = (value: unknown, field: string): number[] => {
    if (!isNumbers(value)) throw wrongInput(field, "an array of numbers", value);
    if (value.length > MAX_BINS + 1)
      throw impossible(field, `has ${value.length} elements, but at most ${MAX_BINS} bins are allowed`, value);
    return Array.from(value, (item: unknown, i) => {
      if (typeof item !== "number") throw wrongInput(`${field}[${i}]`, "a number", item);
      return item;
    });
  };
  const ownCounts = own(counts, "counts");
  const ownEdges = own(edges, "edges");
  ownCounts.forEach((item, i) => {
    if (!Number.isSafeInteger(item) || item < 0) throw invalidArgument(`counts[${i}]`, "a whole number from 0", item);
    // The library's JSON would store -0 as -0.
    ownCounts[i] = item + 0;
  });
  ownEdges.forEach((edge, i) => {
    if (!Number.isFinite(edge)) throw invalidArgument(`edges[${i}]`, "a finite number", edge);
    if (i > 0 && !(edge > (ownEdges[i - 1] as number)))
      throw invalidArgument(`edges[${i}]`, "greater than the previous edge", edge);
  });
  if (ownCounts.length === 0 || ownEdges.length !== ownCounts.length + 1)
    throw impossible(
      "edges",
      `has ${ownEdges.length} elements, but must have one more than the ${ownCounts.length} counts, and at least 2`,
      edges,
    );
  return { counts: ownCounts, edges: ownEdges, nan: 0, negativeInfinity: 0, positiveInfinity: 0 };
}

/** Returns whether the value is an array or a typed array. Its elements are checked later. */
function isNumbers(value: unknown): value is ArrayLike<number> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !isDataView(value));
}

/** Returns a stored histogram. Throws `CORRUPT` for any other text. */
export function readHistogram(text: string): Histogram {
  const stored = decodeJson(text);
  if (typeof stored !== "object" || stored === null || Array.isArray(stored)) throw noHistogram("is not an object");
  const { counts, edges, range, ...odd } = stored as Record<string, unknown>;
  if (!isNumberList(counts) || counts.length > MAX_BINS || !counts.every(isCount))
    throw noHistogram("has wrong counts");
  const all = isNumberList(range) && range.length === 2 && counts.length > 0 ? fromRange(range, counts.length) : edges;
  if (!isNumberList(all) || all.length !== (counts.length === 0 ? 0 : counts.length + 1))
    throw noHistogram("has invalid edges");
  all.forEach((edge, i) => {
    if (!Number.isFinite(edge) || (i > 0 && edge <= (all[i - 1] as number)))
      throw noHistogram("has edges out of order");
  });
  const rest = (name: string): number => {
    const { [name]: value = 0 } = odd;
    if (!isCount(value)) throw noHistogram(`has an invalid count of ${name}`);
    return value;
  };
  return {
    counts,
    edges: all,
    nan: rest("nan"),
    negativeInfinity: rest("negativeInfinity"),
    positiveInfinity: rest("positiveInfinity"),
  };
}

function fromRange([low, high]: readonly number[], bins: number): number[] {
  return evenEdges(low as number, high as number, bins);
}

function isNumberList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => typeof item === "number");
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function noHistogram(why: string): LedgerError {
  return new LedgerError("CORRUPT", `a stored histogram ${why}`);
}
