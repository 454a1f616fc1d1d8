import type { CodeChange } from "../../journal/recorded-code.ts";
import { utf8Decoder } from "../../bytes/utf8.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { MAX_CONFIG_BYTES } from "../limits.ts";
import { pathName, splitAtZero } from "../path-name.ts";
import type { GitProgram } from "./git-program.ts";

/** `git config` ends with this status if no key matches. */
const NO_MATCH = 1;

/**
 * Returns the settings of a repository whose keys match. Rejects with `IO` if they cannot all be read: a filter that is
 * missing in the list would run.
 */
export async function readConfig(git: GitProgram, pattern: string): Promise<(readonly [key: string, value: string])[]> {
  const { status, stdout, isCut } = await git.run(["config", "-z", "--get-regexp", pattern], MAX_CONFIG_BYTES);
  if (!isCut && (status === 0 || status === NO_MATCH)) return parseConfig(stdout);
  const what = isCut ? "is too large" : "cannot be read";
  throw new LedgerError("IO", `the configuration of the repository ${what}`, { operation: "captureGit" });
}

/** Returns the keys and values that `git config -z` prints. */
export function parseConfig(output: Uint8Array): (readonly [key: string, value: string])[] {
  return splitAtZero(output).map((entry) => {
    const end = entry.indexOf(10);
    return end === -1 ? [pathName(entry), ""] : [decodeKey(entry.subarray(0, end)), pathName(entry.subarray(end + 1))];
  });
}

/** Returns the names of the filters that are configured. Git would run their programs. */
export function filterNames(config: readonly (readonly [key: string, value: string])[]): string[] {
  const names = config
    .filter(([key]) => key.startsWith("filter.") && key.lastIndexOf(".") > 6)
    .map(([key]) => key.slice(7, key.lastIndexOf(".")));
  return [...new Set(names)];
}

const PATHS_A_CALL = 200;

/** Returns the paths whose content only a filter could compare with the commit. */
export async function filteredPaths(
  git: GitProgram,
  names: readonly string[],
  changes: readonly CodeChange[],
): Promise<Set<string>> {
  const filtered = new Set<string>();
  const paths = changes.filter(({ status }) => status === "modified").map(({ path }) => path);
  for (let at = 0; names.length > 0 && at < paths.length; at += PATHS_A_CALL) {
    const some = paths.slice(at, at + PATHS_A_CALL);
    const { status, stdout, isCut } = await git.run(["check-attr", "-z", "filter", "--", ...some]);
    if (status !== 0 || isCut)
      throw new LedgerError("IO", "git cannot tell which files have a filter", { operation: "captureGit" });
    const fields = splitAtZero(stdout).map(pathName);
    for (let i = 0; i + 2 < fields.length; i += 3)
      if (names.includes(fields[i + 2] as string)) filtered.add(fields[i] as string);
  }
  return filtered;
}

/** A key that is not UTF-8 could not be overridden. */
function decodeKey(bytes: Uint8Array): string {
  try {
    return utf8Decoder({ fatal: true }).decode(bytes);
  } catch (cause) {
    throw new LedgerError("IO", "the configuration of git has a key that is not UTF-8", {
      operation: "captureGit",
      cause,
    });
  }
}
