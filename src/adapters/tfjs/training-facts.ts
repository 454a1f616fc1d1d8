import { withoutUndefined } from "./trained-model.ts";

/** What is known of a call of `fit`: part of the params of the run. */
export interface TrainingFacts {
  readonly epochs?: number | undefined;
  readonly initialEpoch?: number | undefined;
  readonly batchSize?: number | undefined;
  readonly batchesPerEpoch?: number | undefined;
  readonly samples?: number | undefined;
  readonly validationSamples?: number | undefined;
  readonly validationSplit?: number | undefined;
  readonly classWeight?: unknown;
}

/** Returns the facts of the params that TF.js gives to a `tf.Callback`. */
export function factsOfParams(params: object | undefined): TrainingFacts {
  const { epochs, initialEpoch, samples, steps, batchSize } = (params ?? {}) as Record<string, unknown>;
  return known({ epochs, initialEpoch, samples, batchesPerEpoch: steps, batchSize });
}

/** Returns the facts of the arguments of `fit`. */
export function factsOfFit(x: unknown, args: unknown): TrainingFacts {
  const {
    epochs = 1,
    initialEpoch,
    batchSize = 32,
    validationSplit,
    validationData,
    classWeight,
  } = (args ?? {}) as Record<string, unknown>;
  const all = samplesOf(x);
  const held = typeof validationSplit === "number" && validationSplit > 0 && validationSplit < 1 ? validationSplit : 0;
  const samples = all === undefined ? undefined : Math.floor(all * (1 - held));
  const apart = Array.isArray(validationData) ? samplesOf(validationData[0]) : undefined;
  const validationSamples = held > 0 && all !== undefined && samples !== undefined ? all - samples : apart;
  const numbers = known({ epochs, initialEpoch, batchSize, samples, validationSamples, validationSplit });
  return { ...numbers, ...weights(classWeight) };
}

/** Returns the facts of the arguments of `fitDataset`. */
export function factsOfFitDataset(args: unknown): TrainingFacts {
  const { epochs, initialEpoch, batchesPerEpoch, classWeight, validationData } = (args ?? {}) as Record<
    string,
    unknown
  >;
  const validationSamples = Array.isArray(validationData) ? samplesOf(validationData[0]) : undefined;
  return { ...known({ epochs, initialEpoch, batchesPerEpoch, validationSamples }), ...weights(classWeight) };
}

/** Returns the number of batches before the first epoch of this training, if the facts tell it. */
export function batchesBefore({ initialEpoch, batchesPerEpoch, samples, batchSize }: TrainingFacts): number {
  const each = batchesPerEpoch ?? (samples === undefined ? undefined : Math.ceil(samples / (batchSize ?? 32)));
  const before = (initialEpoch ?? 0) * (each ?? 0);
  return Number.isSafeInteger(before) ? before : 0;
}

/** A tensor, a list of tensors or tensors by name: the first side of the first one. */
function samplesOf(x: unknown): number | undefined {
  if (typeof x !== "object" || x === null) return undefined;
  const { shape } = x as { shape?: unknown };
  if (Array.isArray(shape)) return typeof shape[0] === "number" ? shape[0] : undefined;
  const [first] = Object.values(x) as unknown[];
  const inner = (first as { shape?: unknown } | null | undefined)?.shape;
  return Array.isArray(inner) && typeof inner[0] === "number" ? inner[0] : undefined;
}

function weights(classWeight: unknown): Pick<TrainingFacts, "classWeight"> {
  if (typeof classWeight !== "object" || classWeight === null) return {};
  return { classWeight: JSON.parse(JSON.stringify(classWeight)) as unknown };
}

/** Returns the numbers only: TF.js gives `null` for what it does not know. */
function known(facts: Record<string, unknown>): TrainingFacts {
  const numbers = Object.entries(facts).map(([name, value]) => [name, typeof value === "number" ? value : undefined]);
  return withoutUndefined(Object.fromEntries(numbers) as Record<string, unknown>);
}
