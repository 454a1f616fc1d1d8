import type { CodeChange } from "../../journal/recorded-code.ts";
import { utf8Decoder } from "../../bytes/utf8.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { pathName, splitAtZero } from "../path-name.ts";
import type { GitProgram } from "./git-program.ts";

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
    const { stdout } = await git.run(["check-attr", "-z", "filter", "--", ...some]);
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
