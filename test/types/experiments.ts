// Compiled by `npm run typecheck`, never run: what a typed experiment takes, and what is an error before a program starts.
import { type } from "arktype";
import * as v from "valibot";
import { z } from "zod";
import { defineExperiment, type Ledger, type Run } from "runledger";
import { compareRecords } from "runledger/compare";

declare const ledger: Ledger;
interface Lr {
  lr: number;
}

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

  run.setParams({ optimizer: { beta: 0.9 }, layers: [1, 2] });
  run.setParams({ lr: 0.2 }, { overwrite: true });
  // @ts-expect-error -- not a param of the experiment
  run.setParams({ lrr: 0.1 });
  // @ts-expect-error -- one of two is not
  run.setParams({ lr: 0.1, optimizer: { decay: 1 } });
  // @ts-expect-error -- epochs are a number once the schema has read them
  run.setParams({ epochs: "3" });
  // @ts-expect-error -- not an optimizer
  run.setParams({ optimizer: { name: "sdg" } });
  // @ts-expect-error -- no params
  run.setParams(5);

  run.defineMetric("loss", { unit: "nats" });
  run.defineMetric("layer/7");
  run.defineMetric("val/*", { goal: "minimize" });
  // @ts-expect-error -- not a metric of the experiment
  run.defineMetric("lose");

  const any: Run = run;
  any.log({ other: 1 });
  any.setParams({ other: 1 });
  any.defineMetric("other");

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
  // @ts-expect-error -- not a param of the experiment
  same.setParams({ lrr: 1 });
  // The compiler marks the wrong param, and not the whole call.
  await ledger.startRun({
    schema: digits,
    params: {
      // @ts-expect-error -- lr is not a text
      lr: "1",
      optimizer: { name: "adam" },
      layers: [],
    },
  });
  await ledger.startRun({
    schema: digits,
    params: { lr: 1, optimizer: { name: "adam" }, layers: [] },
    // @ts-expect-error -- no such option
    nmae: "x",
  });
  // @ts-expect-error -- params are needed
  await ledger.startRun({ schema: digits });
  // @ts-expect-error -- the experiment has a name
  await ledger.startRun({ schema: digits, experiment: "x", params: { lr: 1, optimizer: { name: "sgd" }, layers: [] } });
  await ledger.withRun({ schema: digits, params: { lr: 1, optimizer: { name: "adam" }, layers: [] } }, (of) => {
    // @ts-expect-error -- not a metric of the experiment
    of.log({ lose: 1 });
  });

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
    // @ts-expect-error -- a run may have no metric that matches
    void metrics["layer/9"].last;
    void metrics["layer/9"]?.last;
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
  await digits.search(ledger, {
    filter: (where) =>
      where
        .param("optimizer.name")
        .in(["sgd", "adam"])
        .and(where.param("optimizer.name").like("s%"))
        .and(where.param("optimizer.beta").isNull())
        .and(where.param("optimizer").isNotNull()),
  });
  await digits.search(ledger, { filter: (where) => where.attribute("status").in(["failed", "KILLED"]) });
  // @ts-expect-error -- no such status
  await digits.search(ledger, { filter: (where) => where.attribute("status").eq("finishd") });
  // @ts-expect-error -- lr is a number
  await digits.search(ledger, { filter: (where) => where.param("lr").eq("0.1") });
  // @ts-expect-error -- not an optimizer
  await digits.search(ledger, { filter: (where) => where.param("optimizer.name").eq("sdg") });
  // @ts-expect-error -- texts have no order
  await digits.search(ledger, { filter: (where) => where.param("optimizer.name").lt(1) });
  // @ts-expect-error -- numbers fit no pattern
  await digits.search(ledger, { filter: (where) => where.param("layers.0").like("1%") });

  await digits.search(ledger, { orderBy: ["metrics.val/loss.min DESC", "params.optimizer.beta", "start_time desc"] });
  await digits.search(ledger, { orderBy: ['metrics."loss".best ASC', "metrics.layer/3", "tags.a", "attributes.name"] });
  // @ts-expect-error -- no such metric
  await digits.search(ledger, { orderBy: "metrics.lose" });
  // @ts-expect-error -- no such param
  await digits.search(ledger, { orderBy: ["metrics.loss", "params.lrr DESC"] });
  // @ts-expect-error -- no such number of a metric
  await digits.search(ledger, { orderBy: "metrics.loss.mni" });
  // @ts-expect-error -- no such attribute
  await digits.search(ledger, { orderBy: "started" });
  // @ts-expect-error -- no such member
  await digits.search(ledger, { fields: ["parms"] });
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
  run.setParams({ anything: 1 });
  run.setParams({ lr: 1 } as Lr);
  run.defineMetric("anything");
  await free.start(ledger, { params: { a: 1 } });
  await free.search(ledger, { orderBy: ["metrics.anything DESC", "params.a.b"] });
  const plain = await ledger.startRun({ schema: { name: "plain", metrics: { a: {} } }, params: { lr: 1 } as Lr });
  plain.log({ anything: 1 });
  plain.setParams({ lr: 1 } as Lr);
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
