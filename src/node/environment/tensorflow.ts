import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Dictionary } from "../../journal/event.ts";

/** What TensorFlow.js keeps in the global object, whichever way it was loaded. */
interface Engine {
  readonly backendName?: unknown;
  readonly ENV?: { readonly flags?: unknown };
}

/** What the script for browsers sets. */
interface Script {
  readonly version?: unknown;
}

const MAX_FLAGS = 100;
const VERSION = /^[\w.+-]{1,50}$/;
const PACKAGES: readonly string[] = ["tfjs-node-gpu", "tfjs-node", "tfjs", "tfjs-core"];

/**
 * Returns version, backend and flags of TensorFlow.js if the program has loaded it, else `undefined`. Never loads it,
 * and never makes it choose a backend.
 */
export function describeTensorFlow(): Dictionary | undefined {
  try {
    const { _tfengine: engine, tf } = globalThis as { readonly _tfengine?: Engine; readonly tf?: Script };
    if (engine === undefined) return undefined;
    const version = versionOf(tf) ?? loadedVersion();
    const { backendName } = engine;
    const flags = Object.entries(engine.ENV?.flags ?? {})
      .filter(([, value]) => ["boolean", "number", "string"].includes(typeof value))
      .slice(0, MAX_FLAGS);
    return {
      ...(version !== undefined && { version }),
      ...(typeof backendName === "string" && { backend: backendName }),
      ...(flags.length > 0 && { flags: Object.fromEntries(flags) }),
    };
  } catch {
    return undefined; // A proxy or a getter of the program throws.
  }
}

function versionOf(tf: Script | undefined): string | undefined {
  const version = tf?.version;
  const text: unknown =
    typeof version === "object" && version !== null
      ? ((version as Dictionary)["tfjs"] ?? (version as Dictionary)["tfjs-core"])
      : version;
  return typeof text === "string" && VERSION.test(text) ? text : undefined;
}

/** Returns the version of the package that the module cache shows to be loaded. */
function loadedVersion(): string | undefined {
  const files = Object.keys(createRequire(import.meta.url).cache);
  for (const name of PACKAGES) {
    const part = new RegExp(String.raw`^.*[\\/]@tensorflow[\\/]${name}(?=[\\/])`);
    const folder = files.map((file) => part.exec(file)?.[0]).find((found) => found !== undefined);
    if (folder === undefined) continue;
    const { version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8")) as { readonly version?: unknown };
    if (typeof version === "string" && VERSION.test(version)) return version;
  }
  return undefined;
}
