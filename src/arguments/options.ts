import { type Aliases, didYouMean } from "./did-you-mean.ts";
import { LedgerError, invalidArgument, unreadable } from "../errors/ledger-error.ts";

/** The names of all options of `T`. TypeScript reports one that is missing. */
export type OptionNames<T> = { readonly [K in keyof Required<T>]: true };

/** Names of options in W&B, MLflow and others, and their names here. */
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
  metadata: "params",
  runName: "name",
  displayName: "name",
  runId: "id",
  parentRunId: "parent",
  parentId: "parent",
  nested: "parent",
  forkFrom: "forkOf",
  resumeFrom: "forkOf",
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
  offset: "pageToken",
  page: "pageToken",
  skip: "pageToken",
  columns: "fields",
  select: "fields",
  timeout: "timeoutMs",
  title: "caption",
  label: "caption",
  alt: "caption",
  numBins: "bins",
  buckets: "bins",
  alias: "aliases",
  hash: "digest",
  checksum: "digest",
  artifactType: "type",
  force: "overwrite",
  allowValChange: "overwrite",
  abortSignal: "signal",
};

/**
 * Returns a copy of the options of a call, so that no getter of the caller runs later. Throws `INVALID_ARGUMENT` if
 * they are not an object, if reading them throws, or if `signal` is not an AbortSignal. Throws `UNSUPPORTED` for an
 * option that `operation` does not know. `adviceOn` returns what to say about an unknown option, or an empty text.
 */
export function readOptions<T extends object>(
  operation: string,
  options: T | undefined,
  names: OptionNames<T>,
  field = "options",
  adviceOn: (name: string) => string = () => "",
): T {
  if (options === undefined) return {} as T;
  if (typeof options !== "object" || options === null) throw invalidArgument(field, "an object", options);
  try {
    if (Array.isArray(options) || ArrayBuffer.isView(options)) throw invalidArgument(field, "an object", options);
    const copy: Partial<T> = {};
    for (const name of Object.keys(options)) {
      if (!Object.hasOwn(names, name) && Reflect.get(options, name) !== undefined)
        throw unknownOption(operation, name, Object.keys(names), adviceOn(name));
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

/** Reads the options of a call whose only option is a signal, as {@link readOptions} does. */
export function readSignal(
  operation: string,
  options: { readonly signal?: AbortSignal | undefined } | undefined,
): AbortSignal | undefined {
  return readOptions(operation, options, SIGNAL).signal;
}

/** Returns the error for an option that a call does not know. */
export function unknownOption(operation: string, name: string, known: readonly string[], advice = ""): LedgerError {
  const shown = name.slice(0, 100);
  const meant = advice || didYouMean(name, known, ALIASES);
  return new LedgerError("UNSUPPORTED", `${operation} does not know the option ${JSON.stringify(shown)}${meant}`, {
    field: shown,
  });
}

/** Throws `INVALID_ARGUMENT` unless the value can be used as an AbortSignal. */
export function checkSignal(signal: unknown): void {
  const { aborted, throwIfAborted, addEventListener, removeEventListener } = (signal ?? {}) as Partial<AbortSignal>;
  const methods = [throwIfAborted, addEventListener, removeEventListener];
  if (typeof aborted !== "boolean" || methods.some((method) => typeof method !== "function"))
    throw invalidArgument("signal", "an AbortSignal", signal);
}

/** Options with their defaults filled in: none is missing or `undefined`. */
export type Resolved<Options> = { [Name in keyof Options]-?: Exclude<Options[Name], undefined> };
