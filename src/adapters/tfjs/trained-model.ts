/**
 * A model that can be trained: `tf.Sequential` or `tf.LayersModel`. Only what TF.js documents is named here; the adapter
 * looks for other members and does without those that are missing.
 */
export interface TrainedModel {
  /** The name of the model. */
  readonly name?: string;
  /** Trains with tensors. */
  fit(x: never, y: never, args?: never): Promise<unknown>;
  /** Trains with a data set. */
  fitDataset?(dataset: never, args: never): Promise<unknown>;
  /** Trains with one batch. */
  trainOnBatch?(x: never, y: never): Promise<unknown>;
}

/** What a model may have, as far as this adapter reads it. */
interface ModelParts {
  readonly name?: unknown;
  getClassName?(): unknown;
  readonly layers?: unknown;
  readonly loss?: unknown;
  readonly metrics?: unknown;
  readonly optimizer?: { getClassName?(): unknown; getConfig?(): unknown } | null;
  readonly trainableWeights?: readonly { readonly shape?: readonly unknown[] }[];
  countParams?(): unknown;
  summary?(lineLength?: number, positions?: number[], print?: (line: string) => void): void;
  toJSON?(unused: null, asText: false): unknown;
}

/** Returns what a model and its compilation are, as params of a run. Leaves out what the model does not tell. */
export function describeModel(model: object): Record<string, unknown> {
  const { name, layers, loss, metrics, optimizer } = model as ModelParts;
  const parts = model as ModelParts;
  const config = plain(() => optimizer?.getConfig?.());
  const own: Record<string, unknown> = {
    name:
      typeof name === "string" &&
      !isGenerated(
        name,
        plain(() => parts.getClassName?.()),
      )
        ? name
        : undefined,
    layers: Array.isArray(layers) ? layers.length : undefined,
    parameters: plain(() => parts.countParams?.()),
    trainableParameters: plain(() => parts.trainableWeights?.reduce((sum, { shape }) => sum + elements(shape), 0)),
  };
  const className = plain(() => optimizer?.getClassName?.());
  return withoutUndefined({
    model: withoutUndefined(own),
    optimizer: className === undefined ? undefined : withoutUndefined({ name: className, config }),
    loss: plain(() => named(loss)),
    metrics: plain(() => named(metrics)),
  });
}

/**
 * Returns whether TF.js made up the name: `sequential_1`, `model1`. It counts the models of the process, so the same
 * program gives other names from run to run.
 */
function isGenerated(name: string, className: unknown): boolean {
  const stem = name.replace(/\d+$/, "");
  return stem !== name && (stem === "sequential_" || stem === String(className).toLowerCase());
}

/** Returns the summary that TF.js prints, or `undefined` for a model that has none yet. */
export function summaryOf(model: object): string | undefined {
  const lines: string[] = [];
  try {
    (model as ModelParts).summary?.(undefined, undefined, (line) => void lines.push(String(line)));
  } catch {
    return undefined; // The model has never been called, so its layers have no shapes.
  }
  return lines.length > 0 ? lines.join("\n") : undefined;
}

/** Returns the topology as JSON, or `undefined` for a model that cannot give it. */
export function topologyOf(model: object): string | undefined {
  try {
    return JSON.stringify((model as ModelParts).toJSON?.(null, false));
  } catch {
    return undefined; // A layer of the user's has no configuration.
  }
}

/** Losses and metrics are names, functions, or lists or objects of them. A function is recorded by its name. */
function named(value: unknown): unknown {
  if (typeof value === "function") return value.name || "function";
  if (Array.isArray(value)) return value.map(named);
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, named(inner)]));
  return value;
}

/** Returns the data without what JSON cannot hold, or `undefined` if it cannot be read. */
function plain(read: () => unknown): unknown {
  try {
    const value = read();
    return value === undefined || value === null ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
  } catch {
    return undefined;
  }
}

function elements(shape: readonly unknown[] = []): number {
  return shape.reduce<number>((product, side) => product * (typeof side === "number" ? side : 1), 1);
}

/** Returns the object without members that are `undefined`. */
export function withoutUndefined(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
