import type { GitFiles } from "../git-files.ts";
import { findGitDirectory, joinPath } from "../portable/git-directory.ts";
import { readIgnoreFile } from "../portable/ignore-file.ts";
import type { IgnoreRules } from "../portable/ignore-rules.ts";

/** Rules that apply in a directory. */
export interface OuterRules {
  readonly rules: readonly IgnoreRules[];
  /** The path of the directory in its repository, with `/` at its end, or nothing. */
  readonly prefix: string;
  readonly isInRepository: boolean;
}

/** Returns the rules of the repository around a directory, if there is one, for the directories above. */
export async function rulesAbove(files: GitFiles, directory: string): Promise<OuterRules> {
  const git = await findGitDirectory(files, directory).catch(() => undefined);
  if (!git) return { rules: [], prefix: "", isInRepository: false };
  const inside =
    directory === git.root
      ? []
      : directory
          .slice(git.root.length)
          .split("/")
          .filter((name) => name !== "");
  const paths = [`${git.common}/info/exclude`];
  const prefixes = [""];
  let above = "";
  for (const name of inside) {
    paths.push(`${joinPath(git.root, above)}.gitignore`);
    prefixes.push(above);
    above += `${name}/`;
  }
  const rules = await Promise.all(paths.map((path, i) => readIgnoreFile(files, path, prefixes[i] as string, i === 0)));
  return { rules: rules.filter((found) => found !== undefined), prefix: above, isInRepository: true };
}
