import { builtinModule } from "../platform/builtin-module.ts";

/** The members of `process` that are used. */
export interface HostProcess {
  cwd?(): string;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Returns the absolute path of a directory, with `/` and without one at its end. */
export function absolutePath(
  directory: string | undefined,
  isVirtual: boolean,
  process: HostProcess | undefined,
): string {
  const path = isVirtual ? undefined : builtinModule<{ resolve(path: string): string }>("node:path");
  const given = directory ?? (isVirtual ? "/" : (process?.cwd?.() ?? "/"));
  const resolved = (path ? path.resolve(given) : given).replaceAll("\\", "/");
  return resolved.length > 1 ? resolved.replace(/\/+$/, "") || "/" : resolved;
}
