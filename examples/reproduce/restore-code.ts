import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFile, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { promisify } from "node:util";
import { unzipSync } from "fflate";
import type { Ledger } from "runledger";
import type { Reproduction } from "runledger/compare";

const run = promisify(execFile);

/** Where the code comes from and goes to. */
export interface Restoring {
  /** A repository that has the commit. It is only read. */
  readonly repository: string;
  /** An empty directory. */
  readonly temporary: string;
  /** A file with a further patch. */
  readonly patch?: string | undefined;
}

/** Restores the code of a run with its packages. Returns its directory. */
export async function restoreCode(
  ledger: Ledger,
  { run: { id }, code }: Reproduction,
  { repository, temporary, patch }: Restoring,
): Promise<string> {
  const directory = join(temporary, "code");
  await mkdir(directory);
  if (code?.commit !== undefined) {
    if (!/^[0-9a-f]{40,64}$/.test(code.commit)) throw new Error("the record has no valid commit");
    // A repository of its own, so that nothing is written into that of the user: no worktree, no branch, no lock.
    await git(directory, "init", "--quiet", "--template=");
    await git(directory, "fetch", "--quiet", "--depth=1", repository, code.commit);
    await git(directory, "checkout", "--quiet", "--detach", "FETCH_HEAD");
    await mkdir(join(directory, ".git/info"), { recursive: true });
    await appendFile(join(directory, ".git/info/exclude"), "node_modules\n");
    const changes = await ledger.codePatch(id, { as: "bytes" });
    if (changes) await apply(directory, join(temporary, "changes.patch"), changes);
  } else await unpack(directory, await ledger.codeArchive(id));
  if (patch !== undefined) await apply(directory, join(temporary, "further.patch"), await readFile(patch));
  await addPackages(directory, repository);
  return directory;
}

async function git(directory: string, ...args: string[]): Promise<void> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));
  await run("git", ["-C", directory, ...args], { env });
}

async function apply(directory: string, file: string, patch: Uint8Array): Promise<void> {
  await writeFile(file, patch);
  await git(directory, "apply", "--whitespace=nowarn", file);
}

/** Writes the files of an archive. An archive comes from a store: no file may leave the directory. */
async function unpack(directory: string, archive: Uint8Array | undefined): Promise<void> {
  if (archive === undefined) throw new Error("the run recorded neither a commit nor an archive of its sources");
  for (const [path, bytes] of Object.entries(unzipSync(archive))) {
    const target = resolve(directory, path);
    if (!target.startsWith(directory + sep))
      throw new Error(`the archive has a file outside of its directory: ${path}`);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes, { flag: "wx" });
  }
}

/** Uses the packages that are installed in the repository if the lockfile is the same, and installs them otherwise. */
async function addPackages(directory: string, repository: string): Promise<void> {
  const [wanted, installed] = await Promise.all(
    [directory, repository].map(async (place) =>
      createHash("sha256")
        .update(await readFile(join(place, "package-lock.json")))
        .digest("hex"),
    ),
  );
  if (wanted === installed)
    await symlink(join(repository, "node_modules"), join(directory, "node_modules"), "junction");
  else await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: directory, shell: process.platform === "win32" });
}
