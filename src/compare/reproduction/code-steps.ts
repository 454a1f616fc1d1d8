import { saveCommand } from "./ledger-commands.ts";
import type { ReproducedCode } from "./reproduction.ts";
import { comment, isCommitId, isPlainRemote, isShellWord, shellWord } from "./shell-word.ts";

const MAX_FILES = 10;

/** The variable with the directory in which the steps begin. A clone may be anywhere else. */
export const START = '"$START"';

/** Returns the directory, beside that in which the steps begin, into which they put the code of a run. */
export function codeDirectory(id: string): string {
  return `../reproduce-${/^[\w-]+$/.test(id) ? id : "run"}`;
}

/** Returns the steps that get the code. They end in its directory. */
export function codeSteps(code: ReproducedCode, id: string, place: string): string[] {
  const { commit, archive } = code;
  const directory = `${START}/${codeDirectory(id)}`;
  if (commit !== undefined && !isCommitId(commit)) return [comment`at commit ${commit}`];
  if (commit === undefined) {
    if (!archive) return ["# the record names no commit"];
    return [
      ...saveSteps("codeArchive(id)", archive, place, id, `${directory}.zip`),
      `unzip -q ${directory}.zip -d ${directory} && cd ${directory}`,
    ];
  }
  const { patch, untracked, submodules } = code;
  return [
    ...(patch ? saveSteps('codePatch(id, { as: "bytes" })', patch, place, id, `${directory}.patch`) : []),
    ...checkoutSteps(code, commit, directory),
    ...(submodules.length > 0 ? ["git submodule update --init"] : []),
    ...(patch ? [`git apply --whitespace=nowarn ${directory}.patch`] : []),
    ...untracked.slice(0, MAX_FILES).map(({ path, size }) => comment`not stored: ${path}, ${size} bytes`),
    ...(untracked.length > MAX_FILES ? [`# not stored: ${untracked.length - MAX_FILES} more files`] : []),
    ...(archive ? [comment`the sources are also in ${archive.read}: ${archive.size} bytes, ${archive.digest}`] : []),
  ];
}

function saveSteps(
  call: string,
  { size, digest }: { readonly size: number; readonly digest: string },
  place: string,
  id: string,
  file: string,
): string[] {
  return [
    comment`where runledger is installed and ${place} is the ledger: ${size} bytes, ${digest}`,
    saveCommand(call, place, id, file),
  ];
}

/** Returns the steps that check out a commit: in a clone of the first remote, or beside a clone that the user has. */
function checkoutSteps({ branch, remotes }: ReproducedCode, commit: string, directory: string): string[] {
  const worktree = `git worktree add --detach ${directory} ${commit} && cd ${directory}`;
  const on = branch === undefined ? [] : [comment`on branch ${branch}`];
  const remote = remotes.find((each) => each.name === "origin" && isPlain(each)) ?? remotes.find(isPlain);
  const others = remotes.filter((each) => each !== remote).map(({ name, url }) => comment`remote ${name}: ${url}`);
  if (!remote) return ["# in a clone of the repository", ...on, ...others, worktree];
  return [
    comment`from remote ${remote.name}`,
    ...on,
    ...others,
    `git clone --no-checkout -- ${shellWord(remote.url)} ${directory} && cd ${directory}`,
    `git checkout --detach ${commit}`,
    `# or instead of these two, in a clone that has the commit: ${worktree}`,
  ];
}

function isPlain({ url }: { readonly url: string }): boolean {
  return isPlainRemote(url) && isShellWord(url);
}
