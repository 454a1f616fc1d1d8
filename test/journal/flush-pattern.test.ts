import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  divideRepeated,
  firstFlush,
  type FlushRange,
  FlushRanges,
  holdsFlushes,
  wantedFlushes,
} from "../../src/journal/flush-pattern.ts";
import { journalSegmentsAtMost } from "../catalog/request-formula.ts";
import { REPEATED_BYTES, RepeatedFlushes } from "../../src/journal/repeated-flushes.ts";

const digits = (n: number): number => n.toString(4).replaceAll("0", "").length;

/** The objects of a writer whose flushes have these sizes, and of each number of flushes the ones that a reader needs. */
function* stored(sizes: Iterable<number>): Generator<{ all: FlushRange[]; needed: FlushRange[]; bytes: number }, void> {
  const flushes = new RepeatedFlushes();
  const all: (FlushRange & { readonly bytes: number })[] = [];
  let needed: typeof all = [];
  let seq = 0;
  for (const size of sizes) {
    const repeated = flushes.before(seq);
    const first = repeated.objects[0];
    const from = first ? firstFlush(first) : seq;
    const before = needed.filter((each) => each.seq < from);
    const bytes = size + needed.slice(before.length).reduce((sum, each) => sum + each.bytes, 0);
    const object = { seq, flushes: seq + 1 - from, bytes };
    flushes.add(object, { bytes, repeated, frames: [], state: undefined });
    all.push(object);
    needed = [...before, object];
    yield { all, needed, bytes };
    seq++;
  }
}

test("small flushes: a reader needs an object for each digit, and flushes are uploaded about ten times", () => {
  let uploaded = 0;
  for (const { all, needed, bytes } of stored(Array.from({ length: 10_000 }, () => 100))) {
    uploaded += bytes;
    expect(needed.length).toBe(digits(all.length));
    if (all.length % 97 !== 0) continue;
    expect(divideRepeated(all).needed).toEqual(needed);
    expect(uploaded / (100 * all.length)).toBeLessThanOrEqual(1.5 * (Math.log(all.length) / Math.log(4) + 1));
  }
});

test("for any sizes: ranges nest, each flush is in one needed object, and repeats are bounded", () => {
  const sizes = fc.array(fc.oneof(fc.integer({ min: 20, max: 5000 }), fc.integer({ min: 1e5, max: 6e6 })), {
    minLength: 1,
    maxLength: 300,
  });
  fc.assert(
    fc.property(sizes, (of) => {
      let last: { all: FlushRange[]; needed: FlushRange[] } = { all: [], needed: [] };
      let i = 0;
      let logged = 0;
      for (const now of stored(of)) {
        const size = of[i++]!;
        logged += size;
        expect(now.bytes).toBeLessThanOrEqual(size + REPEATED_BYTES);
        last = now;
        expect(now.needed.length).toBeLessThanOrEqual(journalSegmentsAtMost(i, logged));
      }
      const { all, needed } = last;
      expect(divideRepeated(all).needed).toEqual(needed);
      expect(firstFlush(needed[0]!)).toBe(0);
      for (const [at, each] of needed.entries()) expect(firstFlush(each)).toBe(at === 0 ? 0 : needed[at - 1]!.seq + 1);
      for (const each of all)
        for (const other of all)
          if (other.seq > each.seq) expect(holdsFlushes(other, each) || firstFlush(other) > each.seq).toBe(true);
    }),
    { numRuns: 20 },
  );
});

test("how many flushes an object holds follows from the objects before it, not from its own size", () => {
  const small = [...stored([100, 100, 100, 100])].at(-1)!;
  const large = [...stored([100, 100, 100, 9e6])].at(-1)!;
  expect(large.all.at(-1)).toMatchObject({ seq: 3, flushes: small.all.at(-1)!.flushes });
});

describe("whichever objects are removed in whichever order while a run is listed", () => {
  test("a listing in ascending order has all flushes that were stored before it began", () => {
    const order = ({ seq, flushes }: FlushRange): string =>
      String(seq).padStart(6, "0") + (flushes > 1 ? `-${flushes}` : "");
    for (let before = 1; before < 70; before += 3) {
      const after = before + 70;
      const { all } = [...stored(Array.from({ length: after }, () => 100))].at(-1)!;
      // While the listing is at key number `at`, the writer stores the rest and removes what is repeated.
      for (let at = 0; at <= before; at++) {
        const first = all.slice(0, before).sort((a, b) => (order(a) < order(b) ? -1 : 1));
        const then = divideRepeated(all).needed;
        const seen = [...first.slice(0, at), ...then.filter((each) => at === 0 || order(each) > order(first[at - 1]!))];
        // What was listed and is gone is noticed when it is read, unless what repeats it is listed, too.
        const { needed } = divideRepeated(seen);
        const isGone = needed.some((each) => !then.includes(each));
        expect(isGone || new FlushRanges(needed).holdAll(0, before - 1)).toBe(true);
      }
    }
  });
});

test("objects that overlap and do not nest are all needed", () => {
  const ranges = [
    { seq: 4, flushes: 5 },
    { seq: 6, flushes: 4 },
    { seq: 6, flushes: 1 },
    { seq: 9, flushes: 1 },
  ];
  const { needed, repeated } = divideRepeated(ranges);
  expect(needed).toEqual([ranges[0], ranges[1], ranges[3]]);
  expect(repeated).toEqual([ranges[2]]);
  const held = new FlushRanges(ranges);
  expect(held.holdAll(0, 6)).toBe(true);
  expect(held.holdAll(0, 9)).toBe(false);
  expect(held.holding({ seq: 5, flushes: 3 })).toBe(ranges[1]);
  expect(held.holding({ seq: 5, flushes: 4 })).toBeUndefined();
});

test("numbers that a store makes up cost no time", () => {
  const far = 999_999_999_999;
  expect(new FlushRanges([{ seq: far, flushes: far + 1 }]).holdAll(0, far - 1)).toBe(true);
  expect(new FlushRanges([{ seq: far, flushes: 2 }]).holdAll(0, far)).toBe(false);
  expect(wantedFlushes(4 ** 10 - 1)).toBe(4 ** 10);
});
