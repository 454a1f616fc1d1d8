import { invalidArgument } from "../errors/ledger-error.ts";
import type { RunSchema } from "./run-schema.ts";

/** Returns the schema of an experiment. Throws `INVALID_ARGUMENT`, which names the member below `field`. */
export function checkSchema(given: unknown, field: string): RunSchema {
  if (typeof given !== "object" || given === null)
    throw invalidArgument(field, "what defineExperiment returns, or an object like that", given);
  const { name, params, metrics } = given as RunSchema;
  const prefix = field === "definition" ? "" : `${field}.`;
  if (typeof name !== "string" || name === "")
    throw invalidArgument(`${prefix}name`, "the name of an experiment", name);
  // A schema of arktype is a function.
  if (params !== undefined) {
    const isAny = (typeof params === "object" || typeof params === "function") && params !== null;
    const standard = isAny ? params["~standard"] : undefined;
    if (standard?.version !== 1 || typeof standard.validate !== "function")
      throw invalidArgument(`${prefix}params`, "a Standard Schema, version 1 (zod, valibot, arktype, …)", params);
  }
  if (metrics !== undefined && (typeof metrics !== "object" || metrics === null || Array.isArray(metrics)))
    throw invalidArgument(`${prefix}metrics`, "an object of definitions by name", metrics);
  return given as RunSchema;
}
