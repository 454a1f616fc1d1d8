/** The values that TF.js gives to a callback: numbers, or Scalars in a list that a `tf.Callback` heads. */
export interface TrainingLogs {
  readonly [label: string]: unknown;
}

/** Metrics by the names under which they are logged. */
export type TrainingMetrics = Record<string, number>;

/**
 * Returns the numbers of logs under the names that `nameOf` gives. Reads Scalars without blocking, and neither disposes
 * nor changes them, because TF.js needs them. `onTrouble` gets the error of a value that cannot be read; the others are
 * returned.
 */
export async function readLogs(
  logs: TrainingLogs | undefined,
  nameOf: (label: string) => string | undefined,
  onTrouble: (error: unknown) => void,
): Promise<TrainingMetrics> {
  const metrics: TrainingMetrics = {};
  const reads: Promise<void>[] = [];
  for (const [label, value] of Object.entries(logs ?? {})) {
    const name = nameOf(label);
    if (name === undefined) continue;
    // Two labels may give the same name: `acc` and `accuracy`. Then the second one keeps a name of its own.
    const own = Object.hasOwn(metrics, name) ? `${name}_${label || "metric"}` : name;
    if (typeof value === "number") metrics[own] = value;
    else if (isScalar(value)) {
      metrics[own] = Number.NaN; // Keeps the place of the metric among the others.
      reads.push(
        readScalar(value).then(
          (number) => void (metrics[own] = number),
          (error: unknown) => {
            delete metrics[own];
            onTrouble(error);
          },
        ),
      );
    }
  }
  if (reads.length > 0) await Promise.all(reads);
  return metrics;
}

interface ScalarLike {
  data(): Promise<ArrayLike<unknown>>;
}

function isScalar(value: unknown): value is ScalarLike {
  return typeof value === "object" && value !== null && typeof (value as Partial<ScalarLike>).data === "function";
}

async function readScalar(scalar: ScalarLike): Promise<number> {
  const [value] = Array.from(await scalar.data());
  if (typeof value !== "number") throw new TypeError("a metric holds no number");
  return value;
}
