import type { LoggedPoints } from "./logged.ts";

/** What a run logs, whoever holds it. */
type Target = Parameters<LoggedPoints["log"]>[0];

const START = Date.UTC(2026, 10, 1);
/** More than a row group that several keys share is likely to hold. */
const LONG_ROWS = 17_000;
const SHORT_KEYS = 300;
const SHORT_ROWS = 50;

/** Every kind of float64. */
const ODD_VALUES = [
  0,
  -0,
  Number.NaN,
  Infinity,
  -Infinity,
  5e-324,
  -5e-324,
  2.225073858507201e-308,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  0.1,
  1 / 3,
  Math.fround(0.1),
  2 ** 53,
  -(2 ** 53) - 2,
  1e-45,
];
/** Out of order, repeated, and with differences that no float64 holds. */
const ODD_STEPS = [
  0,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
  2 ** 32 + 1,
  2 ** 32 + 1,
  2 ** 31,
  -1,
  2 ** 52 + 1,
  7,
];
const ODD_TIMES = [START, 0, -1, 8.64e15, -8.64e15, START + 1, START];
/**
 * U+FF5E has three bytes in UTF-8 and U+1F680 four, but in UTF-16 it is the other way round: sorting by the wrong one shows.
 */
const ODD_KEYS = [
  "指标/损失",
  "～",
  "🚀",
  "val/ä",
  "__proto__",
  "constructor",
  "a",
  "a/b",
  "a b.c'd\"e",
  "decoder/layers/0/self_attention/output/weight/norm",
  "decoder/layers/0/self_attention/output/weight/mean",
];

/** Values, steps, times and keys that are easily got wrong. */
export function logOddities(logged: LoggedPoints, run: Target): void {
  for (let i = 0; i < ODD_VALUES.length * ODD_STEPS.length; i++) {
    const metrics = ODD_KEYS.map((key, k) => [key, ODD_VALUES[(i + k) % ODD_VALUES.length]!] as const);
    logged.log(run, metrics, ODD_STEPS[i % ODD_STEPS.length]!, ODD_TIMES[i % ODD_TIMES.length]!);
  }
  for (let i = 0; i < 20; i++) {
    logged.log(
      run,
      [
        ["all/nan", Number.NaN],
        ["all/minus_zero", -0],
        ["all/zero_then_minus", i === 0 ? 0 : -0],
        ["all/infinite", i % 2 === 0 ? Infinity : -Infinity],
      ],
      i,
      START + i,
    );
  }
}

/** Keys with many points over the same steps, and others one behind the other far beyond 2^32. */
export function logLongSeries(logged: LoggedPoints, run: Target, from = 0, rows: number = LONG_ROWS): void {
  for (let i = from; i < from + rows; i++) {
    const loss = Math.exp(-i / 5000) * (1 + 0.1 * Math.sin(i * 12.9898));
    logged.log(
      run,
      [
        ["train/loss", loss],
        ["train/loss32", Math.fround(loss)],
        ["train/epoch", Math.floor(i / 1000)],
        ["train/noise", (Math.sin(i) * 43758.5453) % 1],
      ],
      i,
      START + i * 55 + (i % 3),
    );
  }
}

export function logPhases(logged: LoggedPoints, run: Target): void {
  for (let phase = 0; phase < 5; phase++) {
    for (let i = 0; i < LONG_ROWS; i++)
      logged.log(run, [[`phase/${phase}`, phase + i / 7]], 2 ** 33 * (phase + 1) + i, START + i);
  }
}

/** Many keys with few points each, which share row groups. */
export function logShortSeries(logged: LoggedPoints, run: Target): void {
  for (let i = 0; i < SHORT_ROWS; i++) {
    const metrics = Array.from(
      { length: SHORT_KEYS },
      (_, k) => [`layers/${k}/grad_norm`, Math.fround(1 + Math.sin(i * 78.233 + k))] as const,
    );
    logged.log(run, metrics, i, START + i);
  }
}
