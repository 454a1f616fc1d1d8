import { builtinModule } from "../platform/builtin-module.ts";

/** The members of `process` that are used. */
export interface HostProcess {
  cwd?(): string;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Where the program was started, as absolute paths with `/`. What is not known is absent. */
export interface ProgramPaths {
  readonly script?: string;
  readonly workingDirectory?: string;
}

/** Returns where the program was started. */
export function programPaths(process: HostProcess | undefined): ProgramPaths {
  const script = process?.argv?.[1]?.replaceAll("\\", "/");
  let workingDirectory: string | undefined;
  try {
    workingDirectory = process?.cwd?.().replaceAll("\\", "/");
  } catch {
    // Not permitted, or the directory is gone.
  }
  return { ...(script !== undefined && { script }), ...(workingDirectory !== undefined && { workingDirectory }) };
}

/** Returns script and working directory as seen from a directory around them, for a record. `.` is the directory itself. */
export function seenFrom(
  root: string,
  { script, workingDirectory }: ProgramPaths,
): { readonly entry?: string; readonly directory?: string } {
  const start = root.endsWith("/") ? root : `${root}/`;
  const inside = (path: string | undefined): string | undefined =>
    path?.startsWith(start) && path.length > start.length ? path.slice(start.length) : undefined;
  const entry = inside(script);
  const directory = workingDirectory === root ? "." : inside(workingDirectory);
  return { ...(entry !== undefined && { entry }), ...(directory !== undefined && { directory }) };
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
