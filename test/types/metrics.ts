// Compiled by `npm run typecheck`, never run: what `log()` takes, and what is an error before a program starts.
import type { Metrics, Run } from "runledger";

interface Inner {
  readonly a: bigint;
}
interface Loss {
  loss: number;
  accuracy?: number;
  inner: Inner;
}
declare const run: Run;
declare const loss: Loss;
declare const metrics: Metrics;
declare const record: Readonly<Record<string, number | undefined>>;
declare const either: { a: number } | { b: number };
declare const name: string;
declare const anything: any; // oxlint-disable-line no-explicit-any -- as it comes from a program in JavaScript

run.log(loss);
run.log(metrics);
run.log(record);
run.log(either);
run.log(anything);
run.log({});
run.log({ a: { b: 1 }, c: undefined, [name]: 2, d: anything }, { step: undefined, time: undefined });
run.log({ ...loss, ...record });

export function wrapper<T extends Metrics>(given: T): void {
  run.log(given);
}

// @ts-expect-error -- text
run.log({ a: "1" });
// @ts-expect-error -- several
run.log({ a: [1] });
// @ts-expect-error -- null
run.log({ a: null });
// @ts-expect-error -- bytes
run.log({ a: new Float32Array(1) });
// @ts-expect-error -- a function
run.log({ a: () => 1 });
// @ts-expect-error -- a date
run.log({ a: new Date() });
// @ts-expect-error -- a forgotten await
run.log({ a: Promise.resolve(1) });
// @ts-expect-error -- no name
run.log(5);
// @ts-expect-error -- no names
run.log([1]);
// @ts-expect-error -- a name without a value
run.log("loss");
