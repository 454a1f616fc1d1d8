import { utf8Decoder } from "../../bytes/utf8.ts";
import type { GitFiles } from "../git-files.ts";
import { type IgnoreRules, MAX_IGNORE_COST, parseIgnoreRules } from "./ignore-rules.ts";

/** Rules that are not known. They cost more than what is allowed, so nothing below is looked at. */
const UNKNOWN: IgnoreRules = { prefix: "", rules: [], cost: Infinity };

/**
 * Returns the patterns of a file, if there is one. Those of a file that is too large or cannot be read have no rules and
 * an infinite cost. As with git, only files outside of the working tree may be links.
 */
export async function readIgnoreFile(
  files: GitFiles,
  path: string,
  prefix: string,
  mayBeLink = false,
): Promise<IgnoreRules | undefined> {
  try {
    const stats = await files.lstat(path);
    if (!stats?.isFile() && !(mayBeLink && stats?.isSymbolicLink())) return undefined;
    if (stats.size > MAX_IGNORE_COST) return UNKNOWN;
    const bytes = await files.read(path, stats.isFile() ? { stats } : undefined);
    if (bytes === undefined) return undefined;
    return bytes.length > MAX_IGNORE_COST ? UNKNOWN : parseIgnoreRules(utf8Decoder().decode(bytes), prefix);
  } catch {
    return UNKNOWN;
  }
}
