// Compiled by `npm run typecheck`, never run: what a typed experiment takes, and what is an error before a program starts.
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import { defineExperiment, type Ledger, type Run } from "runledger";
import { compareRecords } from "runledger/compare";

declare const ledger: Ledger;

const digits = defineExperiment({
  name: "digits",
  params: z.object({
    lr: z.number().positive(),
    optimizer: z.object({ name: z.enum(["sgd", "adam"]), beta: z.number().optional() }),
    epochs: z.coerce.number().default(3),
    layers: z.array(z.number()),
  }),
  metrics: { loss: { goal: "minimize" }, "val/loss": { goal: "minimize" }, "layer/*": {}, "deep/**": {} },
});

export async function known(): Promise<void> {
  const run = await digits.start(ledger, {
    params: { lr: 0.1, optimizer: { name: "sgd" }, layers: [1] },
    tags: { a: 1 },
  });
  run.log({ loss: 1 });
  run.log({ loss: 1, "val/loss": 2 }, { step: 1 });
  run.log({ val: { loss: 1 }, loss: undefined });
  run.log({ "layer/7": 1, layer: { kernel: 2n }, deep: { a: { b: 1 } } });
  // @ts-expect-error -- not a metric of the experiment
  run.log({ lose: 1 });
  // @ts-expect-error -- one of two is not
  run.log({ loss: 1, accuracy: 1 });
  // @ts-expect-error -- not below val
  run.log({ val: { loss: 1, accuracy: 1 } });
  // @ts-expect-error -- not a number
  run.log({ loss: "1" });
  // @ts-expect-error -- any name
  run.log({} as Record<string, number>);
  const any: Run = run;
  any.log({ other: 1 });

  // @ts-expect-error -- lr is missing
  await digits.start(ledger, { params: { optimizer: { name: "sgd" }, layers: [] } });
  // @ts-expect-error -- not an optimizer
  await digits.start(ledger, { params: { lr: 1, optimizer: { name: "sdg" }, layers: [] } });
  // @ts-expect-error -- params are needed
  await digits.start(ledger);
  // @ts-expect-error -- the experiment has a name
  await digits.start(ledger, { experiment: "x", params: { lr: 1, optimizer: { name: "sgd" }, layers: [] } });

  const same = await ledger.startRun({ schema: digits, params: { lr: 1, optimizer: { name: "adam" }, layers: [] } });
  same.log({ loss: 1 });
  // @ts-expect-error -- not a metric of the experiment
  same.log({ lose: 1 });
  // @ts-expect-error -- lr is not a text
  await ledger.startRun({ schema: digits, params: { lr: "1", optimizer: { name: "adam" }, layers: [] } });

  const child = await any.startChild({ schema: digits, params: { lr: 1, optimizer: { name: "adam" }, layers: [] } });
  child.log({ loss: 1 });
  // @ts-expect-error -- not a metric of the experiment
  child.log({ lose: 1 });
  // @ts-expect-error -- lr is not a text
  await run.startChild({ schema: digits, params: { lr: "1", optimizer: { name: "adam" }, layers: [] } });
  // @ts-expect-error -- params are needed
  await run.startChild({ schema: digits });
  // @ts-expect-error -- the experiment has a name
  await run.startChild({ schema: digits, experiment: "x", params: { lr: 1, optimizer: { name: "sgd" }, layers: [] } });
  const untyped: Run = await run.startChild({ experiment: "x", params: { any: 1 } });
  untyped.log({ other: 1 });

  const resumed = await digits.resume(ledger, "id", { mode: "exclusive" });
  resumed.log({ loss: 1 });
  // @ts-expect-error -- not a metric of the experiment
  resumed.log({ lose: 1 });

  const text: string = await digits.withRun(
    ledger,
    { params: { lr: 1, optimizer: { name: "sgd" }, layers: [] } },
    (run) => {
      // @ts-expect-error -- not a metric of the experiment
      run.log({ lose: 1 });
      return run.id;
    },
  );

  const { runs } = await digits.search(ledger, {
    filter: (where) => where.metric("loss").lt(0.1).and(where.param("optimizer.name").eq("sgd")),
    orderBy: "metrics.loss",
  });
  for (const { params, metrics } of runs) {
    const epochs: number = params.epochs;
    const name: "sgd" | "adam" = params.optimizer.name;
    const loss: number | undefined = metrics.loss?.last.value;
    // @ts-expect-error -- no such param
    void params.lrr;
    // @ts-expect-error -- no such metric
    void metrics.lose;
    void [epochs, name, loss, text];
  }
  compareRecords(runs);
  await digits.search(ledger, { filter: (where) => where.param("layers.0").gt(1).and(where.metric("layer/3").lt(1)) });
  await digits.search(ledger, {
    filter: (where) =>
      where
        // @ts-expect-error -- no such metric
        .metric("lose")
        .lt(1)
        // @ts-expect-error -- no such param
        .or(where.param("optimizer.lr").lt(1)),
  });
  const { runs: brief } = await digits.search(ledger, { fields: ["params"] });
  const lr: number | undefined = brief[0]?.params.lr;
  // @ts-expect-error -- was not asked for
  void brief[0]?.metrics;
  void lr;
}

export async function others(): Promise<void> {
  const free = defineExperiment({ name: "free" });
  const run = await free.start(ledger);
  run.log({ anything: 1 });
  await free.start(ledger, { params: { a: 1 } });
  const inValibot = defineExperiment({
    name: "v",
    params: v.object({ lr: v.optional(v.number(), 1) }),
    metrics: { m: {} },
  });
  await inValibot.start(ledger);
  await inValibot.start(ledger, { params: { lr: 2 } });
  // @ts-expect-error -- lr is a number
  await inValibot.start(ledger, { params: { lr: "2" } });
  const inArktype = defineExperiment({ name: "a", params: type({ lr: "number > 0" }), metrics: { m: {} } });
  await inArktype.start(ledger, { params: { lr: 2 } });
  // @ts-expect-error -- lr is missing
  await inArktype.start(ledger, { params: {} });
  const lr: number = (await inArktype.search(ledger)).runs[0]!.params.lr;
  void lr;
  // @ts-expect-error -- a goal that does not exist
  defineExperiment({ name: "x", metrics: { m: { goal: "small" } } });
}
