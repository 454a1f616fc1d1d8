/** What this adapter uses of TensorFlow.js, for the option `tf`: pass the module as it is. */
export interface TensorFlow {
  /** The versions of the packages. */
  readonly version?: object | undefined;
  /** Returns the name of the backend. */
  getBackend?(): string;
  /** Returns what the backend holds. */
  memory?(): object;
  /** Returns the settings. */
  env?(): object;
  /** TF.js wraps plain callbacks in this class. */
  readonly CustomCallback?: unknown;
}

const MAX_FLAGS = 100;

/** Returns version and backend of TF.js. Throws what TF.js throws. */
export function describeTensorFlow(tf: TensorFlow): Record<string, unknown> {
  const { tfjs, ["tfjs-core"]: core } = (tf.version ?? {}) as { tfjs?: unknown; "tfjs-core"?: unknown };
  const version = tfjs ?? core;
  const backend = tf.getBackend?.();
  return {
    ...(typeof version === "string" && { version }),
    ...(typeof backend === "string" && { backend }),
  };
}

/**
 * Returns the flags of TF.js as JSON, or `undefined` if it has none. TF.js sets a flag when it first needs it, so equal
 * trainings of one process may have other flags. They are no params for that reason. Throws what TF.js throws.
 */
export function flagsOf(tf: TensorFlow): string | undefined {
  const { flags } = (tf.env?.() ?? {}) as { flags?: object };
  const known = Object.entries(flags ?? {})
    .filter(([, value]) => ["boolean", "number", "string"].includes(typeof value))
    .slice(0, MAX_FLAGS);
  return known.length > 0 ? JSON.stringify(Object.fromEntries(known)) : undefined;
}

/** Returns what the backend holds, as metrics: `tfjs/memory/numTensors` and the like. A number that grows shows a leak. */
export function memoryMetrics(tf: TensorFlow): Record<string, number> {
  const numbers = Object.entries(tf.memory?.() ?? {}).filter(([, value]) => typeof value === "number");
  return Object.fromEntries(numbers.map(([name, value]) => [`tfjs/memory/${name}`, value as number]));
}
