import { type OptionNames, readOptions } from "../arguments/options.ts";
import { LedgerError, invalidArgument, reading } from "../errors/ledger-error.ts";
import type { ExperimentWhere } from "../filter/experiment-where.ts";
import type { ExperimentOrder } from "../filter/experiment-order.ts";
import type { Where } from "../filter/where-term.ts";
import type { Dictionary } from "../journal/event.ts";
import type { MetricSummary } from "../journal/metric-summary.ts";
import type { MetricDefinition, RunRecord } from "../journal/run-record.ts";
import { onDemand } from "../platform/on-demand.ts";
import { checkSchema } from "../run/check-schema.ts";
import type { NamesOf, PatternsOf } from "../run/metric-names.ts";
import type { ResumeRunOptions } from "../run/resume-run.ts";
import type { Run } from "../run/run.ts";
import type { ExperimentOptions, RunSchema } from "../run/run-schema.ts";
import type { InputOf, OutputOf, StandardSchema } from "../run/standard-schema.ts";
import type { StartRunOptions } from "../run/start-options.ts";
import type { Tags } from "../run/tags.ts";
import type { Ledger } from "./ledger.ts";
import type { RunQuery } from "./run-query.ts";
import type { RunPage } from "./search-runs.ts";

const DEFINITION: OptionNames<RunSchema> = { name: true, params: true, metrics: true, metricNames: true };

const filtering = /* @__PURE__ */ onDemand(() => import("../filter/where.ts"));

/**
 * The record of a run of an experiment. The types are those that the schema promises: a run that was started without
 * the schema may have other params.
 */
export type ExperimentRecord<Params, Name extends string> = Omit<RunRecord, "params" | "metrics"> & {
  /** The params as the schema returned them. */
  readonly params: Params;
  /** The summary of each metric that the run has, by its name. */
  readonly metrics: { readonly [N in Exclude<Name, PatternsOf<Name>>]?: MetricSummary } & {
    // As with the names: a run need not have any metric that matches.
    readonly [N in PatternsOf<Name>]: MetricSummary | undefined;
  };
};

/**
 * An experiment whose params and metrics the compiler knows. `Name` are the names of the metrics, `Input` is what the
 * schema of the params takes, and `Params` what it returns.
 */
export class Experiment<Input = object, Params = Dictionary, Name extends string = string> implements RunSchema<
  Input,
  Params,
  Name
> {
  /** The name of the experiment. */
  readonly name: string;
  /** What the params must be. Absent if the definition has no schema. */
  readonly params?: StandardSchema<Input, Params>;
  /** The metrics, by name or glob. */
  readonly metrics: { readonly [name: string]: MetricDefinition };
  /** For the compiler: the names of the metrics. It is never set. */
  declare readonly metricNames?: Name;

  /** @internal Use `defineExperiment`. */
  constructor({ name, params, metrics = {} }: RunSchema<Input, Params>) {
    this.name = name;
    if (params) this.params = params;
    this.metrics = { ...metrics };
  }

  /**
   * Starts a run in a ledger. Rejects with `INVALID_ARGUMENT`, which names every param that does not fit the schema; no
   * run is started then. What the schema returns is stored. The metrics are defined.
   */
  async start<T extends object = Tags>(
    ledger: Ledger,
    ...[options]: object extends Input
      ? [options?: ExperimentOptions<Input, T>]
      : [options: ExperimentOptions<Input, T>]
  ): Promise<Run<Name, Params>> {
    const own = { ...(options as StartRunOptions | undefined), schema: this };
    return await checkLedger(ledger).startRun(own as never);
  }

  /** Calls `work` with a new run, and closes the run, as `ledger.withRun` does. Rejects as {@link start} does. */
  async withRun<R, T extends object = Tags>(
    ledger: Ledger,
    options: ExperimentOptions<Input, T>,
    work: (run: Run<Name, Params>) => Promise<R> | R,
  ): Promise<R> {
    const own = { ...(options as StartRunOptions), schema: this };
    return await checkLedger(ledger).withRun(own as never, work);
  }

  /**
   * Resumes a run of this experiment, as `ledger.resumeRun` does. Rejects with `INVALID_ARGUMENT` if the run is of
   * another experiment.
   */
  async resume(ledger: Ledger, id: string, options?: ResumeRunOptions): Promise<Run<Name, Params>> {
    const { experiment } = await checkLedger(ledger).getRun(id, { signal: options?.signal });
    if (experiment === this.name) return await ledger.resumeRun(id, options);
    const message = `run ${id} is of experiment ${JSON.stringify(experiment)}, not of ${JSON.stringify(this.name)}`;
    throw new LedgerError("INVALID_ARGUMENT", message, { field: "id", operation: "resume" });
  }

  /** Returns a page of runs of this experiment, as `ledger.searchRuns` does. */
  async search<Field extends keyof RunRecord = keyof RunRecord>(
    ledger: Ledger,
    query: Omit<RunQuery, "experiment" | "filter" | "fields" | "orderBy"> & {
      /** As for `searchRuns`, or a function that builds a filter with names that the compiler knows. */
      readonly filter?: RunQuery["filter"] | ((where: ExperimentWhere<Name, Params>) => Where) | undefined;
      /** As for `searchRuns`, with names of metrics and paths of params that the compiler knows. */
      readonly orderBy?: ExperimentOrder<Name, Params> | readonly ExperimentOrder<Name, Params>[] | undefined;
      /** The members of the records to return, besides `id`. Default: all. */
      readonly fields?: readonly Field[] | undefined;
    } = {},
  ): Promise<RunPage<Pick<ExperimentRecord<Params, Name>, Field | "id">>> {
    const { filter: given, ...rest } = query;
    const filter =
      typeof given === "function" ? given((await filtering()).where as ExperimentWhere<Name, Params>) : given;
    const found = await checkLedger(ledger).searchRuns({
      ...rest,
      ...(filter !== undefined && { filter }),
      experiment: this.name,
    });
    return found as RunPage<never>;
  }
}

function checkLedger(ledger: Ledger): Ledger {
  if (typeof (ledger as Partial<Ledger> | undefined)?.startRun === "function") return ledger;
  throw invalidArgument("ledger", "an open ledger", ledger);
}

/**
 * Returns an experiment whose params are checked at start, and whose metrics and params the compiler knows. `params` is
 * a schema of zod, valibot, arktype or any other library with Standard Schema. `metrics` defines metrics by name or
 * glob, as `defineMetric` does; without it, a run may log any metric.
 *
 * The compiler refuses to log other metrics. A program that logs one all the same, for example one without types, logs
 * it: a training must not fail for a name. Throws `INVALID_ARGUMENT`, which names the wrong member, and
 * `UNSUPPORTED` for a member that it does not know.
 */
export function defineExperiment<
  Schema extends StandardSchema<unknown, unknown> = StandardSchema<object, Dictionary>,
  const Definitions extends { readonly [name: string]: MetricDefinition } = {
    readonly [name: string]: MetricDefinition;
  },
>(definition: {
  /** The name of the experiment. */
  readonly name: string;
  /** What the params must be. Default: any params. */
  readonly params?: Schema | undefined;
  /** The metrics, by name or glob. Default: any metrics. */
  readonly metrics?: Definitions | undefined;
}): Experiment<InputOf<Schema>, OutputOf<Schema>, NamesOf<keyof Definitions & string>> {
  return reading("definition", () => {
    const schema = checkSchema(definition, "definition");
    return new Experiment(readOptions("defineExperiment", schema, DEFINITION, "definition") as never);
  });
}
