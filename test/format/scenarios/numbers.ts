import type { Run } from "../../../src/index.ts";
import { seededRandom } from "../../seeded-random.ts";
import { flush, type Place } from "./place.ts";

const ODD = [
  Number.NaN,
  Infinity,
  -Infinity,
  0,
  -0,
  5e-324,
  -5e-324,
  1e-310,
  0.1,
  1 / 3,
  2.5,
  16_777_217,
  2 ** 53,
  -(2 ** 53),
  1e16,
  1e300,
  1.7976931348623157e308,
  -1.7976931348623157e308,
  2 ** 960,
  -(2 ** 960),
  3.4028234663852886e38,
];
const STEPS = [0, 1, -1, 7, 7, 3, 2 ** 31, 2 ** 40 + 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
const TIMES = [0, -1, 8.64e15, -8.64e15, 1_767_225_600_000];

/** Values, steps and times of all kinds, in journals and compacted, in both encodings of Parquet. */
export async function numbers({ open }: Place): Promise<void> {
  for (const parquet of ["compact", "compatible"] as const) {
    const ledger = await open({ parquet });
    for (const isClosed of [true, false]) {
      const start = async (name: string): Promise<Run> =>
        await ledger.startRun({ experiment: "numbers", name, environment: false, flush });
      const odd = await start("odd values");
      logOdd(odd);
      await end(odd, isClosed);
      const sums = await start("sums");
      logSums(sums);
      await end(sums, isClosed);
      const keys = await start("keys");
      logKeys(keys);
      await end(keys, isClosed);
    }
    const long = await ledger.startRun({ experiment: "numbers", name: "long", environment: false, flush });
    logLong(long);
    await end(long, true);
  }
}

/** More sets of keys than a writer gives numbers to: the rows beyond them name each key. */
export async function manyShapes({ open }: Place): Promise<void> {
  const ledger = await open();
  for (const isClosed of [true, false]) {
    const run = await ledger.startRun({ experiment: "shapes", environment: false, flush });
    const keys = Array.from({ length: 96 }, (_, i) => `m/${i}`);
    let rows = 0;
    for (let a = 0; a < keys.length; a++)
      for (let b = a + 1; b < keys.length && rows < 4150; b++, rows++) run.log({ [keys[a]!]: a / 3, [keys[b]!]: b });
    await end(run, isClosed);
  }
}

async function end(run: Run, isClosed: boolean): Promise<void> {
  await run.flush();
  if (isClosed) await run.finish();
}

function logOdd(run: Run): void {
  for (const value of ODD) run.log({ a: value });
  ODD.forEach((value, i) =>
    run.log({ a: value, b: -value, only: i }, { step: STEPS[i % STEPS.length]!, time: TIMES[i % TIMES.length]! }),
  );
  for (const step of STEPS) run.log({ steps: step }, { step });
}

/** Means depend on the order of adding, and on sums that would overflow. */
function logSums(run: Run): void {
  const random = seededRandom(7);
  for (let i = 0; i < 300; i++) {
    const tenth = Math.fround(random());
    run.log({
      tenth: 0.1,
      large: i % 2 === 0 ? 1e300 : -1e300 + i,
      mixed: random() * 10 ** Math.floor(random() * 30),
      float32: tenth,
    });
  }
  for (const value of [1e308, 1e308, 1e308, -1e308, 3]) run.log({ overflow: value });
  for (const value of [3, 1e308, 1e308]) run.log({ later: value });
  for (const value of [-0, -0]) run.log({ zero: value });
  for (const value of [1, Infinity, 2]) run.log({ infinite: value });
  for (const value of [Infinity, -Infinity]) run.log({ both: value });
}

/** Keys whose order by UTF-8 bytes is not that of UTF-16, and keys that objects of JavaScript have. */
function logKeys(run: Run): void {
  const keys = [
    "\uffee",
    "😀",
    "é",
    "a",
    "a.b",
    "a/b",
    "__proto__",
    "\ufeffa",
    "constructor",
    "2",
    "10",
    "z".repeat(250),
    " b",
  ];
  for (let i = 0; i < 5; i++) {
    run.log(Object.fromEntries(keys.map((key, k) => [key, i * k + 0.5])));
    run.log(Object.fromEntries(keys.slice(0, 3 + i).map((key) => [key, -i])), { step: 3 });
  }
}

/** Long enough for overviews and for row groups of their own. One series is out of order, one has gaps of NaN. */
function logLong(run: Run): void {
  const random = seededRandom(11);
  for (let i = 0; i < 17_000; i++) {
    const value = Math.sin(i / 500) + random() / 4;
    const nan = i % 5 === 0 || (i > 4000 && i < 4200) ? Number.NaN : value;
    run.log({ curve: value, gaps: nan }, { step: i * 3 });
    run.log({ shuffled: i % 7 === 3 ? Infinity : value }, { step: (i * 7919) % 17_000 });
  }
}
