import { utf8Decoder } from "../../bytes/utf8.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import type { GitRequest } from "../git-facts.ts";
import type { GitFiles } from "../git-files.ts";
import { MAX_CONFIG_BYTES } from "../limits.ts";
import { type GitSetting, isFalse, isTrue, lastValue, parseGitConfig } from "./git-config.ts";
import { type GitDirectory, resolvePath } from "./git-directory.ts";

const MAX_PACKS = 512 * 1024 * 1024;

/** What the files of a repository say about its form. */
export interface RepositoryForm {
  readonly settings: readonly GitSetting[];
  /** Settings of the repository alone. */
  readonly own: readonly GitSetting[];
  readonly objectFormat: "sha1" | "sha256";
  readonly hasReftable: boolean;
  /** Why isomorphic-git cannot read objects, or compare the working tree with them. */
  readonly limits: readonly string[];
  readonly ignoresFileMode: boolean;
  readonly hasSymlinks: boolean;
  readonly excludesFile?: string;
  readonly attributesFile?: string;
  readonly convertsLineEnds: boolean;
}

/** Returns what is known of the form of a repository before an object is read. */
export async function readRepositoryForm(request: GitRequest, git: GitDirectory): Promise<RepositoryForm> {
  const { files, home, configHome } = request;
  const limits: string[] = [];
  const local = await readOwnSettings(files, `${git.common}/config`, limits);
  const worktree = isTrue(local, "extensions.worktreeconfig")
    ? await readOwnSettings(files, `${git.directory}/config.worktree`, limits)
    : [];
  const global: GitSetting[] = [];
  const folder = `${configHome ?? `${home}/.config`}/git`;
  if (home !== undefined)
    for (const path of ["/etc/gitconfig", `${folder}/config`, `${home}/.gitconfig`])
      for (const setting of await readSettings(files, path).catch(() => [])) global.push(setting);
  const own = [...local, ...worktree];
  const settings = [...global, ...own];
  const sha256 = lastValue(own, "extensions.objectformat") === "sha256";
  const hasReftable = lastValue(own, "extensions.refstorage") === "reftable";
  if (git.isLinked) limits.push("linked worktree");
  if (sha256) limits.push("SHA-256 repository");
  if (hasReftable) limits.push("reftable");
  for (const [key] of own) {
    const extension = /^extensions\.(.*)$/.exec(key)?.[1];
    if (extension !== undefined && !KNOWN.has(extension)) limits.push(`unknown extension ${extension}`);
  }
  if (settings.some(([key]) => /^include(?:if\..*)?\.path$/.test(key))) limits.push("configuration in included files");
  if (
    lastValue(own, "core.worktree") !== undefined &&
    resolvePath(git.directory, lastValue(own, "core.worktree") as string) !== git.root
  )
    limits.push("working tree elsewhere");
  if (isTrue(own, "core.sparsecheckout")) limits.push("sparse checkout");
  if (await exists(files, `${git.common}/objects/info/alternates`)) limits.push("alternates");
  if ((await packBytes(files, git)) > MAX_PACKS) limits.push("packs larger than isomorphic-git can hold");
  const excludes = lastValue(settings, "core.excludesfile");
  const attributes = lastValue(settings, "core.attributesfile");
  const inHome = (path: string | undefined, otherwise: string): string | undefined =>
    home === undefined ? undefined : resolvePath(home, (path ?? `${folder}/${otherwise}`).replace(/^~\//, `${home}/`));
  const excludesFile = inHome(excludes, "ignore");
  const attributesFile = inHome(attributes, "attributes");
  return {
    settings,
    own,
    objectFormat: sha256 ? "sha256" : "sha1",
    hasReftable,
    limits,
    ignoresFileMode: isFalse(settings, "core.filemode"),
    hasSymlinks: !isFalse(settings, "core.symlinks"),
    ...(excludesFile !== undefined && { excludesFile }),
    ...(attributesFile !== undefined && { attributesFile }),
    convertsLineEnds: isTrue(settings, "core.autocrlf") || lastValue(settings, "core.autocrlf") === "input",
  };
}

/** Extensions that change nothing here, or that are tested for by themselves. */
const KNOWN = new Set(["objectformat", "refstorage", "worktreeconfig", "partialclone", "noop", "preciousobjects"]);

async function readOwnSettings(files: GitFiles, path: string, limits: string[]): Promise<GitSetting[]> {
  try {
    return await readSettings(files, path);
  } catch {
    limits.push("configuration that cannot be read");
    return [];
  }
}

async function readSettings(files: GitFiles, path: string): Promise<GitSetting[]> {
  const size = (await files.lstat(path))?.size ?? 0;
  if (size > MAX_CONFIG_BYTES) throw new LedgerError("TOO_LARGE", `${path} is too large`, { operation: "captureGit" });
  const bytes = await files.read(path);
  return bytes ? parseGitConfig(utf8Decoder().decode(bytes)) : [];
}

async function exists(files: GitFiles, path: string): Promise<boolean> {
  return (await files.lstat(path)) !== undefined;
}

async function packBytes(files: GitFiles, git: GitDirectory): Promise<number> {
  let size = 0;
  for (const name of (await files.list(`${git.common}/objects/pack`)) ?? [])
    if (name.endsWith(".pack")) size += (await files.lstat(`${git.common}/objects/pack/${name}`))?.size ?? 0;
  return size;
}
