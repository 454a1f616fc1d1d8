import { LedgerError, invalidArgument, isList } from "../../errors/ledger-error.ts";

const MAX_LENGTH = 1000;

/**
 * Returns a function that tests `/`-separated paths against globs. Throws `INVALID_ARGUMENT` that names the wrong one.
 */
export function excluder(globs: readonly string[]): (path: string) => boolean {
  if (!isList("exclude", globs)) throw invalidArgument("exclude", "an array of globs", globs);
  const tests = globs.map((glob: unknown, i) => {
    if (typeof glob !== "string") throw invalidArgument(`exclude[${i}]`, "a glob", glob);
    const parts = glob.replace(/^\/|\/$/g, "").split("/");
    if (glob === "" || glob.length > MAX_LENGTH)
      throw new LedgerError("INVALID_ARGUMENT", `exclude[${i}] must have 1 to ${MAX_LENGTH} characters`, {
        field: `exclude[${i}]`,
      });
    const isAnywhere = parts.length === 1 && !glob.startsWith("/");
    const pattern = isAnywhere ? ["**", ...parts] : parts;
    return (names: readonly string[]): boolean =>
      fits(pattern, names, (part, name) => (part === "**" ? "many" : name !== undefined && fitsName(part, name)));
  });
  return (path) => {
    const names = path.split("/");
    return tests.some((test) => test(names));
  };
}

/** Returns whether a name fits a part of a glob with `*` and `?`. */
function fitsName(part: string, name: string): boolean {
  return fits([...part], [...name], (sign, letter) => (sign === "*" ? "many" : sign === "?" || sign === letter));
}

/**
 * Returns whether a list fits a pattern. An item of the pattern may match one item, or any number of them. The number
 * of steps is at most the product of both lengths.
 */
function fits<T>(
  pattern: readonly string[],
  list: readonly T[],
  test: (item: string, of: T | undefined) => boolean | "many",
): boolean {
  const isMany = pattern.map((item) => test(item, undefined as T) === "many");
  let at = 0;
  let star = -1;
  let mark = 0;
  for (let i = 0; i < list.length;) {
    if (at < pattern.length && isMany[at] === true) {
      star = at++;
      mark = i;
    } else if (at < pattern.length && test(pattern[at] as string, list[i]) === true) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++mark;
    } else return false;
  }
  while (at < pattern.length && isMany[at] === true) at++;
  return at === pattern.length;
}
