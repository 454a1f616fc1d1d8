import type { MetricDefinition } from "../journal/run-record.ts";
import type { StandardSchema } from "./standard-schema.ts";
import type { StartRunOptions } from "./start-options.ts";
import type { Tags } from "./tags.ts";

/**
 * What the runs of an experiment have in common: what `defineExperiment` returns, or an object like that. `Input` is
 * what the schema of the params takes, `Params` what it returns, and `Name` are the names of the metrics.
 */
export interface RunSchema<Input = unknown, Params = unknown, Name extends string = string> {
  /** The name of the experiment. */
  readonly name: string;
  /** What the params must be. Absent: any params. */
  readonly params?: StandardSchema<Input, Params> | undefined;
  /** The metrics by name or glob. Absent: any metrics, without definitions. */
  readonly metrics?: { readonly [name: string]: MetricDefinition } | undefined;
  /** For the compiler: the names of the metrics. It is never set. */
  readonly metricNames?: Name | undefined;
}

/** Options of `startRun` with the params that a schema takes. They can be left out if the schema needs none. */
export type ExperimentOptions<Input, T extends object = Tags> = Omit<
  StartRunOptions<T>,
  "experiment" | "params" | "schema"
> &
  (object extends Input
    ? {
        /** The params, as the schema takes them. */
        readonly params?: Input | undefined;
      }
    : {
        /** The params, as the schema takes them. */
        readonly params: Input;
      });

/**
 * Options of `startRun`, with the experiment that they name as `schema`, if they name one. One type, and not one for each
 * of two overloads: the compiler's message for wrong params would be that of the overload without a schema.
 */
export type StartOptionsOf<Schema, T extends object> = {
  /** The experiment that `defineExperiment` returned. Default: none; any params and metrics. */
  readonly schema?: Schema | undefined;
} & ([Schema] extends [RunSchema<infer Input>] ? ExperimentOptions<Input, T> : StartRunOptions<T>);

/** The names of the metrics that a run with this schema may log. */
export type MetricNamesOf<Schema> = [Schema] extends [RunSchema<unknown, unknown, infer Name>] ? Name : string;

/** The params of a run with this schema, as the schema returns them. */
export type SchemaParamsOf<Schema> = [Schema] extends [RunSchema<unknown, infer Params>] ? Params : object;
