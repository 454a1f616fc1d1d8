import { type Aliases, didYouMean } from "./did-you-mean.ts";
import { LedgerError, invalidArgument, unreadable } from "../errors/ledger-error.ts";

/** The names of all options of `T`: one that is forgotten here does not compile. */
export type OptionNames<T> = { readonly [K in keyof Required<T>]: true };

/** What W&B, MLflow and others call options of this library. */
const ALIASES: Aliases = {
  config: "params",
  hyperparameters: "params",
  hparams: "params",
  parameters: "params",
  project: "experiment",
  experimentName: "experiment",
  experimentId: "experiment",
  notes: "note",
  description: "note",
  runName: "name",
  displayName: "name",
  runId: "id",
  parentRunId: "parent",
  parentId: "parent",
  nested: "parent",
  direction: "goal",
  mode: "goal",
  summary: "goal",
  stepMetric: "stepMetric",
  xAxis: "stepMetric",
  timestamp: "time",
  epoch: "step",
  iteration: "step",
  globalStep: "step",
  filterString: "filter",
  query: "filter",
  where: "filter",
  maxResults: "limit",
  perPage: "limit",
  order: "orderBy",
  sort: "orderBy",
  runViewType: "view",
  cursor: "pageToken",
  columns: "fields",
  select: "fields",
  timeout: "timeoutMs",
  title: "caption",
  label: "caption",
  alt: "caption",
  numBins: "bins",
  buckets: "bins",
  alias: "aliases",
  artifactType: "type",
  force: "overwrite",
  allowValChange: "overwrite",
  abortSignal: "signal",
};

/**
 * Returns a copy of the options a call was handed, so that nothing of the caller's runs later. Throws `INVALID_ARGUMENT` if they
 * are no object, if reading them throws, or if `signal` is no AbortSignal; `UNSUPPORTED` for an option that `operation` does not know.
 */
export function readOptions<T extends object>(
  operation: string,
  options: T | undefined,
  names: OptionNames<T>,
  field = "options",
): T {
  if (options === undefined) return {} as T;
  if (typeof options !== "object" || options === null) throw invalidArgument(field, "an object", options);
  try {
    if (Array.isArray(options) || ArrayBuffer.isView(options)) throw invalidArgument(field, "an object", options);
    const copy: Partial<T> = {};
    for (const name of Object.keys(options)) {
      if (!Object.hasOwn(names, name) && Reflect.get(options, name) !== undefined)
        throw field === "query"
          ? unknownMember(name.slice(0, 100), "query", name, Object.keys(names))
          : unknownOption(operation, name, Object.keys(names));
    }
    for (const name of Object.keys(names) as (keyof T)[]) {
      const value = options[name];
      if (value !== undefined) copy[name] = value;
    }
    if ("signal" in copy) checkSignal(copy.signal);
    return copy as T;
  } catch (error) {
    throw unreadable(field, error);
  }
}

const SIGNAL: OptionNames<{ readonly signal?: AbortSignal | undefined }> = { signal: true };

/** {@link readOptions} where there is but a signal. */
export function readSignal(
  operation: string,
  options: { readonly signal?: AbortSignal | undefined } | undefined,
): AbortSignal | undefined {
  return readOptions(operation, options, SIGNAL).signal;
}

/** The error for an option that a call does not know. */
export function unknownOption(operation: string, name: string, known: readonly string[]): LedgerError {
  const shown = name.slice(0, 100);
  const meant = didYouMean(name, known, ALIASES);
  return new LedgerError("UNSUPPORTED", `${operation} does not know the option ${JSON.stringify(shown)}${meant}`, {
    field: shown,
  });
}

/** The error for a member that a query or a record does not have: it is no option of later versions, but a mistake. */
export function unknownMember(field: string, of: string, name: string, known: readonly string[]): LedgerError {
  const shown = name.slice(0, 100);
  const meant = didYouMean(name, known, ALIASES);
  return new LedgerError("INVALID_ARGUMENT", `a ${of} has no member ${JSON.stringify(shown)}${meant}`, { field });
}

/** Throws `INVALID_ARGUMENT` for anything that cannot be used as an AbortSignal. */
export function checkSignal(signal: unknown): void {
  const { aborted, throwIfAborted, addEventListener, removeEventListener } = (signal ?? {}) as Partial<AbortSignal>;
  const methods = [throwIfAborted, addEventListener, removeEventListener];
  if (typeof aborted !== "boolean" || methods.some((method) => typeof method !== "function"))
    throw invalidArgument("signal", "an AbortSignal", signal);
}

/** Options whose defaults are filled in: none is missing, and none is `undefined`. */
export type Resolved<Options> = { [Name in keyof Options]-?: Exclude<Options[Name], undefined> };
