import { mapBounded } from "../../platform/bounded.ts";
import type { Submodule } from "../../journal/recorded-code.ts";
import type { GitRequest } from "../git-facts.ts";
import { pathName, splitAtZero } from "../path-name.ts";
import { filterNames, filteredPaths, parseConfig, readConfig } from "./filters.ts";
import { GitProgram } from "./git-program.ts";
import { parseStatus } from "./parse-status.ts";
import { STATUS } from "./status-arguments.ts";

const MAX_DEPTH = 4;
const PARALLEL_SUBMODULES = 4;

/** Returns the submodules at the top level of a working tree. Their state includes that of their own submodules. */
export async function readSubmodules(
  git: GitProgram,
  root: string,
  request: GitRequest,
  depth = 0,
): Promise<Submodule[]> {
  const { files, signal } = request;
  if ((await files.lstat(`${root}/.gitmodules`)) === undefined) return [];
  const file = `${root}/.gitmodules`;
  const listed = await git.run(["config", "-z", "--no-includes", "--file", file, "--get-regexp", PATH]);
  const paths = [...new Set(parseConfig(listed.stdout).map(([, path]) => path))];
  if (paths.length === 0) return [];
  const pathspecs = paths.map((path) => `:(literal)${path}`);
  const entries = await git.run(["ls-files", "--stage", "-z", "--", ...pathspecs]);
  const tracked = splitAtZero(entries.stdout)
    .map(pathName)
    .filter((line) => line.startsWith("160000 "))
    .map((line) => line.slice(line.indexOf("\t") + 1));
  return await mapBounded([...new Set(tracked)], PARALLEL_SUBMODULES, signal, (path) =>
    readSubmodule(root, path, request, depth),
  );
}

const PATH = String.raw`^submodule\..*\.path$`;

async function readSubmodule(root: string, path: string, request: GitRequest, depth: number): Promise<Submodule> {
  const { files, signal } = request;
  const own = `${root}/${path}`;
  // Without it, git would take the repository around it.
  if ((await files.lstat(`${own}/.git`)) === undefined) return { path, dirty: false };
  const plain = GitProgram.in(own, signal);
  const top = await plain.run(["rev-parse", "--show-toplevel"]);
  if (top.status !== 0 || pathName(top.stdout) !== `${own}\n`) return { path, dirty: "unknown" };
  const config = await readConfig(plain, String.raw`^filter\.`).catch(() => undefined);
  if (!config) return { path, dirty: "unknown" };
  const filters = filterNames(config);
  const git = plain.withoutFilters(filters);
  const output = await git.run([...STATUS, "--untracked-files=no"]);
  if (output.status !== 0 || output.isCut) return { path, dirty: "unknown" };
  const { commit, changes } = parseStatus(output.stdout);
  const filtered = await filteredPaths(git, filters, changes);
  const nested = depth < MAX_DEPTH ? await readSubmodules(git, own, request, depth + 1) : [];
  const isDirty = changes.length > filtered.size || nested.some(({ dirty }) => dirty === true);
  const isUnknown = filtered.size > 0 || depth >= MAX_DEPTH || nested.some(({ dirty }) => dirty === "unknown");
  return { path, ...(commit !== undefined && { commit }), dirty: isDirty || (isUnknown ? "unknown" : false) };
}
