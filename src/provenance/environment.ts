import { builtinModule } from "../platform/builtin-module.ts";
import type { Dictionary } from "../journal/event.ts";

/** What is used of `node:os`. */
interface NodeOs {
  arch(): string;
  availableParallelism(): number;
  cpus(): readonly { readonly model: string }[];
  platform(): string;
  release(): string;
  /** Bytes. */
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
 * What the program runs on, as far as it says so itself: runtime and version, operating system, processor, number of cores, bytes
 * of memory. Nothing personal: no user, host or path names, no arguments, no environment variables.
 */
export function captureEnvironment(): Dictionary {
  const os = builtinModule<NodeOs>("node:os");
  return os ? serverEnvironment(os) : webEnvironment();
}

/** As Node, Bun and Deno tell it. */
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

/** Each question may be refused on its own: Deno asks for permissions, and sandboxes hide parts of the system. */
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

/** As browsers and workers tell it. */
function webEnvironment(): Dictionary {
  const { navigator } = globalThis as Host;
  return {
    runtime: { name: "web", ...(navigator?.userAgent && { version: navigator.userAgent }) },
    ...(navigator?.platform && { os: { name: navigator.platform } }),
    ...(navigator?.hardwareConcurrency !== undefined && { cores: navigator.hardwareConcurrency }),
  };
}
