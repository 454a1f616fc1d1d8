import { builtinModule } from "../platform/builtin-module.ts";
import type { Dictionary } from "../journal/event.ts";

/** The members of `node:os` that are used. */
interface NodeOs {
  arch(): string;
  availableParallelism(): number;
  cpus(): readonly { readonly model: string }[];
  platform(): string;
  release(): string;
  /** Returns bytes. */
  totalmem(): number;
}

interface Host {
  readonly process?: { readonly versions: Readonly<Record<string, string | undefined>> };
  readonly navigator?: {
    readonly userAgent?: string;
    readonly hardwareConcurrency?: number;
    readonly platform?: string;
  };
}

/**
 * Returns what the program runs on: runtime and version, operating system, processor, number of cores, bytes of memory.
 * Records nothing personal: no user, host or path names, no arguments, no environment variables.
 */
export function captureEnvironment(): Dictionary {
  const os = builtinModule<NodeOs>("node:os");
  return os ? serverEnvironment(os) : webEnvironment();
}

/** Returns what Node, Bun and Deno tell. */
function serverEnvironment(os: NodeOs): Dictionary {
  const versions = (globalThis as Host).process?.versions ?? {};
  const name = versions["bun"] !== undefined ? "bun" : versions["deno"] !== undefined ? "deno" : "node";
  return told({
    runtime: told({ name, version: versions[name] }),
    os: told({ name: look(() => os.platform()), version: look(() => os.release()), arch: look(() => os.arch()) }),
    cpu: look(() => os.cpus()[0]?.model) || undefined,
    cores: look(() => os.availableParallelism()),
    memory: look(() => os.totalmem()),
  });
}

/**
 * Returns the answer, or `undefined` if the system refuses it: Deno needs permissions, and sandboxes hide parts of the
 * system.
 */
function look<T>(question: () => T): T | undefined {
  try {
    return question();
  } catch {
    return undefined;
  }
}

function told(answers: Dictionary): Dictionary {
  return Object.fromEntries(Object.entries(answers).filter(([, answer]) => answer !== undefined)) as Dictionary;
}

/** Returns what browsers and workers tell. */
function webEnvironment(): Dictionary {
  const { navigator } = globalThis as Host;
  return {
    runtime: { name: "web", ...(navigator?.userAgent && { version: navigator.userAgent }) },
    ...(navigator?.platform && { os: { name: navigator.platform } }),
    ...(navigator?.hardwareConcurrency !== undefined && { cores: navigator.hardwareConcurrency }),
  };
}
