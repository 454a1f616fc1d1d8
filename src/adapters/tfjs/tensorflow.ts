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

/** Returns version, backend and flags of TF.js. Throws what TF.js throws. */
export function describeTensorFlow(tf: TensorFlow): Record<string, unknown> {
  const { tfjs, ["tfjs-core"]: core } = (tf.version ?? {}) as { tfjs?: unknown; "tfjs-core"?: unknown };
  const version = tfjs ?? core;
  const backend = tf.getBackend?.();
  const { flags } = (tf.env?.() ?? {}) as { flags?: object };
  const known = Object.entries(flags ?? {})
    .filter(([, value]) => ["boolean", "number", "string"].includes(typeof value))
    .slice(0, MAX_FLAGS);
  return {
    ...(typeof version === "string" && { version }),
    ...(typeof backend === "string" && { backend }),
    ...(known.length > 0 && { flags: Object.fromEntries(known) }),
  };
}

/** Returns what the backend holds, as metrics: `tfjs/memory/numTensors` and the like. A number that grows shows a leak. */
export function memoryMetrics(tf: TensorFlow): Record<string, number> {
  const numbers = Object.entries(tf.memory?.() ?? {}).filter(([, value]) => typeof value === "number");
  return Object.fromEntries(numbers.map(([name, value]) => [`tfjs/memory/${name}`, value as number]));
}
