import { printable } from "../printable.ts";

/** The most paths that are named. */
const MAX_PATHS = 5;

/** An absolute path: `/usr/lib/x`, `file:///usr/lib/x`, `C:\x`, also as the value of an option. */
const ABSOLUTE = /^(?:-{1,2}[\w-]+=)?(?:file:\/\/)?(\/?[A-Za-z]:[\\/].*|\/.*)$/s;
const PACKAGE = /.*[\\/]node_modules[\\/]((?:@[\w.~-]+[\\/])?[\w.~-]+)[\\/]/s;

/**
 * Returns, in words, the paths of a command that another machine does not have: files outside of the project, such as
 * loaders of packages that are installed elsewhere.
 */
export function machinePaths(command: readonly string[]): string[] {
  const paths = new Set(command.flatMap((argument) => ABSOLUTE.exec(argument.slice(0, 4096))?.[1] ?? []));
  return [...paths].slice(0, MAX_PATHS).map((path) => {
    const name = PACKAGE.exec(path)?.[1];
    const advice = name === undefined ? "use your own" : `install ${name} and use its path`;
    return `${printable(path, 300)} is a path of the machine of the run: ${advice}`;
  });
}
