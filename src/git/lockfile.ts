import { formatDigest } from "../bytes/digest.ts";
import { loadSha256 } from "../bytes/sha256.ts";
import type { GitFiles } from "./git-files.ts";

const MAX_LOCKFILE = 64 * 1024 * 1024;
const NAMES: readonly string[] =
  "package-lock.json npm-shrinkwrap.json pnpm-lock.yaml yarn.lock bun.lock bun.lockb deno.lock".split(" ");

/** Returns the lockfile nearest to a directory, at most as far up as the root. */
export async function findLockfile(
  files: GitFiles,
  root: string,
  directory: string,
): Promise<{ readonly path: string; readonly digest: string } | undefined> {
  const inside = directory.startsWith(`${root}/`) ? directory.slice(root.length + 1).split("/") : [];
  for (let depth = inside.length; depth >= 0; depth--) {
    const prefix = inside
      .slice(0, depth)
      .map((name) => `${name}/`)
      .join("");
    for (const name of NAMES) {
      const stats = await files.lstat(`${root}/${prefix}${name}`);
      if (!stats?.isFile()) continue;
      if (stats.size > MAX_LOCKFILE) throw new RangeError("the lockfile is too large");
      const bytes = await files.read(`${root}/${prefix}${name}`, { stats, root });
      if (bytes) return { path: prefix + name, digest: formatDigest(await (await loadSha256()).sha256Hex(bytes)) };
    }
  }
  return undefined;
}
