import { reading, invalidArgument, LedgerError } from "../errors/ledger-error.ts";
import { abortable } from "../platform/abort.ts";
import type { MetricDefinition } from "../journal/run-record.ts";
import { checkDefinition } from "./define-metric.ts";
import type { Run, StartRun } from "./run.ts";
import { checkSchema } from "./check-schema.ts";
import type { RunSchema } from "./run-schema.ts";
import { schemaRefusal } from "./schema-refusal.ts";
import type { SchemaIssue, SchemaResult, StandardSchema } from "./standard-schema.ts";
import type { GivenStartOptions } from "./start-options.ts";

/**
 * Starts a run with the params that the schema returns for those of the caller, and defines the metrics of the schema.
 * Rejects with `INVALID_ARGUMENT`, which names the wrong params, and starts no run then.
 */
export async function startWithSchema(options: GivenStartOptions, start: StartRun): Promise<Run> {
  const { schema: given, signal, experiment, ...rest } = options;
  signal?.throwIfAborted();
  const schema: RunSchema = reading("schema", () => checkSchema(given, "schema"));
  if (experiment !== undefined && experiment !== schema.name)
    throw new LedgerError(
      "INVALID_ARGUMENT",
      "experiment must be left out: the schema belongs to an experiment of another name",
      { field: "experiment", received: "string" },
    );
  const definitions = reading("schema.metrics", () => definitionsOf(schema));
  const params = schema.params ? await validate(schema.params, options.params ?? {}, signal) : options.params;
  const run = await start({
    ...rest,
    experiment: schema.name,
    ...(params !== undefined && { params }),
    ...(signal && { signal }),
  });
  if (run.status === "running") for (const [name, definition] of definitions) run.defineMetric(name, definition);
  return run;
}

function definitionsOf({ metrics = {} }: RunSchema): (readonly [string, MetricDefinition])[] {
  return Object.entries<MetricDefinition>(metrics).map(([name, definition]) => {
    checkDefinition(name, definition);
    return [name, { ...definition }];
  });
}

async function validate(schema: StandardSchema, params: unknown, signal: AbortSignal | undefined): Promise<object> {
  let issues: readonly SchemaIssue[];
  try {
    const work = (async () => await schema["~standard"].validate(params))();
    const result: SchemaResult<unknown> = await abortable(work, signal);
    if (result.issues === undefined) {
      const { value } = result;
      if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
      throw invalidArgument("params", "an object after the schema has changed them", value);
    }
    // Not copied: there may be millions.
    issues = result.issues;
    if (typeof issues.length !== "number") throw new TypeError("the issues are no list");
  } catch (error) {
    if (signal?.aborted || LedgerError.is(error)) throw error;
    const message = "params cannot be checked: the schema throws, or returns no result";
    throw new LedgerError("INVALID_ARGUMENT", message, { field: "params", cause: error });
  }
  throw reading("params", () => schemaRefusal(issues, params));
}
