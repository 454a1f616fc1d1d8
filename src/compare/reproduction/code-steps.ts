import { saveCommand } from "./ledger-commands.ts";
import type { ReproducedCode } from "./reproduction.ts";
import { isCommitId, isPlainRemote, shellWord } from "./shell-word.ts";

const MAX_FILES = 10;

/** Returns the directory beside the working directory into which the steps put the code of a run. */
export function codeDirectory(id: string): string {
  return `../reproduce-${/^[\w-]+$/.test(id) ? id : "run"}`;
}

/** Returns the steps that get the code. They end in its directory. */
export function codeSteps(code: ReproducedCode, id: string, place: string): string[] {
  const { commit, archive } = code;
  const directory = codeDirectory(id);
  if (commit !== undefined && !isCommitId(commit)) return [`# at commit ${commit}`];
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
    ...untracked.slice(0, MAX_FILES).map(({ path, size }) => `# not stored: ${path}, ${size} bytes`),
    ...(untracked.length > MAX_FILES ? [`# not stored: ${untracked.length - MAX_FILES} more files`] : []),
    ...(archive ? [`# the sources are also in ${archive.read}: ${archive.size} bytes, ${archive.digest}`] : []),
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
    `# where runledger is installed and ${place} is the ledger: ${size} bytes, ${digest}`,
    saveCommand(call, place, id, file),
  ];
}

/** Returns the steps that check out a commit: in a clone of the first remote, or beside a clone that the user has. */
function checkoutSteps({ branch, remotes }: ReproducedCode, commit: string, directory: string): string[] {
  const worktree = `git worktree add --detach ${directory} ${commit} && cd ${directory}`;
  const on = branch === undefined ? "" : `, on branch ${branch}`;
  const remote = remotes.find(({ name, url }) => name === "origin" && isPlainRemote(url)) ?? remotes.find(isPlain);
  const others = remotes.filter((each) => each !== remote).map(({ name, url }) => `# ${name}: ${url}`);
  if (!remote) return [`# in a clone of the repository${on}`, ...others, worktree];
  return [
    `# from ${remote.name}${on}`,
    ...others,
    `git clone --no-checkout -- ${shellWord(remote.url)} ${directory} && cd ${directory}`,
    `git checkout --detach ${commit}`,
    `# or instead of these two, in a clone that has the commit: ${worktree}`,
  ];
}

function isPlain({ url }: { readonly url: string }): boolean {
  return isPlainRemote(url);
}
