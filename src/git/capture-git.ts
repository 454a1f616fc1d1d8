import { checkChoice } from "../arguments/choice.ts";
import { type OptionNames, readOptions } from "../arguments/options.ts";
import { LedgerError, invalidArgument, ledgerErrorOf } from "../errors/ledger-error.ts";
import { abortable } from "../platform/abort.ts";
import { builtinModule } from "../platform/builtin-module.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { CodeSnapshot } from "../provenance/code-snapshot.ts";
import type { GitFacts, GitRequest } from "./git-facts.ts";
import { type GitFileSystem, gitFiles, isGitFileSystem, nativeFileSystem } from "./git-files.ts";
import { TimeLimit } from "./time-limit.ts";

const program = /* @__PURE__ */ onDemand(() => import("./program/read-with-program.ts"));
const portable = /* @__PURE__ */ onDemand(() => import("./portable/read-with-isomorphic-git.ts"));
const making = /* @__PURE__ */ onDemand(() => import("./make-snapshot.ts"));

const ENGINES = ["auto", "git", "isomorphic-git"] as const;
type Engine = "auto" | "git" | "isomorphic-git";
const DEFAULT_TIMEOUT_MS = 10_000;
/** After the time limit: how long reading the commit and the branch may take, and then the lockfile. */
const LAST_READS_MS = { head: 1000, lockfile: 500 };
const DEFAULT_PATCH_BYTES = 1024 * 1024;

/** Options of `captureGit`. */
export interface CaptureGitOptions {
  /** A directory in the repository. Default: the working directory of the process. */
  readonly directory?: string | undefined;
  /** Another file system, such as memfs or LightningFS. It is read with isomorphic-git. */
  readonly fs?: GitFileSystem | undefined;
  /** What reads the repository. `"auto"`, the default, takes the git program if there is one. */
  readonly engine?: "auto" | "git" | "isomorphic-git" | undefined;
  /** Whether the snapshot has a patch of the changes. Default `true`. */
  readonly patch?: boolean | undefined;
  /** Whether the patch also adds the untracked files. Default `false`. */
  readonly untrackedContents?: boolean | undefined;
  /** The most bytes of the patch. Files that do not fit are left out. Default 1 MiB. */
  readonly maxPatchBytes?: number | undefined;
  /**
   * How long reading may take, in ms. Afterwards the snapshot has only what small files say, such as the commit and the
   * branch, and `incomplete` says so. The call never rejects because of the time. Default 10,000.
   */
  readonly timeoutMs?: number | undefined;
  /** Aborting it rejects the call with its reason. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS: OptionNames<CaptureGitOptions> = {
  directory: true,
  fs: true,
  engine: true,
  patch: true,
  untrackedContents: true,
  maxPatchBytes: true,
  timeoutMs: true,
  signal: true,
};

interface Host {
  readonly process?: { cwd?(): string; readonly argv?: readonly string[]; readonly env?: Env };
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Returns what git knows of the code in a directory, without secrets, or `undefined` if the directory is in no
 * repository. Changes nothing in the repository and runs nothing that its files name. What cannot be known is missing
 * or `"unknown"`, and `incomplete` says why. Rejects with `UNSUPPORTED` if the engine or a file system is missing, with
 * `IO` if the git program refuses and `engine` is `"git"`, and with the signal's reason.
 */
export async function captureGit(options?: CaptureGitOptions): Promise<CodeSnapshot | undefined> {
  const given = readOptions("captureGit", options, OPTIONS);
  const { engine = "auto", timeoutMs = DEFAULT_TIMEOUT_MS, maxPatchBytes = DEFAULT_PATCH_BYTES } = given;
  checkOptions(given);
  const fs = given.fs ?? nativeFileSystem();
  if (!fs) throw unsupported("captureGit needs the option fs here, because the platform has no file system");
  if (given.fs && engine === "git") throw unsupported("the git program cannot read the file system of the option fs");
  given.signal?.throwIfAborted();
  try {
    return await capture(given, fs, engine, timeoutMs, maxPatchBytes);
  } catch (error) {
    given.signal?.throwIfAborted();
    throw ledgerErrorOf(error, "the repository cannot be read");
  }
}

async function capture(
  given: CaptureGitOptions,
  fs: GitFileSystem,
  engine: Engine,
  timeoutMs: number,
  maxPatchBytes: number,
): Promise<CodeSnapshot | undefined> {
  const { process } = globalThis as Host;
  const homes = given.fs ? {} : homesOf(process);
  const limit = new TimeLimit(timeoutMs, given.signal);
  const request: GitRequest = {
    directory: absolute(given.directory, given.fs !== undefined, process),
    files: gitFiles(fs),
    ...homes,
    wantsPatch: given.patch ?? true,
    maxPatchBytes,
    signal: limit.signal,
  };
  let lockfileLimit: TimeLimit | undefined;
  try {
    const facts = await readFacts(request, given.fs ? "isomorphic-git" : engine, limit, given.signal);
    if (!facts) return undefined;
    const script = given.fs ? undefined : process?.argv?.[1]?.replaceAll("\\", "/");
    const parts = { untrackedContents: given.untrackedContents ?? false, ...(script !== undefined && { script }) };
    // Little is left to do, so only the caller may stop it.
    const { signal = new AbortController().signal } = given;
    const { makeSnapshot } = await making();
    if (limit.isOver) lockfileLimit = new TimeLimit(LAST_READS_MS.lockfile, given.signal);
    return await makeSnapshot(facts, { ...request, signal }, { ...parts, lockfileSignal: lockfileLimit?.signal });
  } finally {
    limit.end();
    lockfileLimit?.end();
  }
}

async function readFacts(
  request: GitRequest,
  engine: Engine,
  limit: TimeLimit,
  signal: AbortSignal | undefined,
): Promise<GitFacts | undefined> {
  try {
    return await readWith(request, engine);
  } catch (error) {
    signal?.throwIfAborted();
    if (!limit.isOver) throw error;
    const { readWithoutObjects } = await portable();
    const again = new TimeLimit(LAST_READS_MS.head, signal);
    const why = `reading took longer than ${limit.ms} ms`;
    try {
      const reading = readWithoutObjects({ ...request, signal: again.signal });
      const facts = await abortable(reading, again.signal);
      return facts && { ...facts, incomplete: [...facts.incomplete, `dirty: ${why}`] };
    } catch (failure) {
      signal?.throwIfAborted();
      if (!again.isOver) throw failure;
      return {
        engine: "isomorphic-git",
        root: request.directory,
        objectFormat: "sha1",
        remotes: [],
        dirty: "unknown",
        changes: [],
        untracked: [],
        submodules: [],
        incomplete: [`commit: ${why}`],
      };
    } finally {
      again.end();
    }
  }
}

async function readWith(request: GitRequest, engine: Engine): Promise<GitFacts | undefined> {
  let why: string | undefined;
  if (engine !== "isomorphic-git") {
    try {
      const { readWithProgram } = await program();
      const facts = await readWithProgram(request);
      if (facts || engine === "git") return facts;
      why = "engine: git does not take it for a repository";
    } catch (error) {
      request.signal.throwIfAborted();
      if (engine === "git" || !LedgerError.is(error)) throw error;
      if (error.code !== "UNSUPPORTED") why = `engine: ${error.message}`;
    }
  }
  const { readWithIsomorphicGit } = await portable();
  const facts = await abortable(readWithIsomorphicGit(request), request.signal);
  return facts && why !== undefined ? { ...facts, incomplete: [why, ...facts.incomplete] } : facts;
}

function checkOptions({
  directory,
  fs,
  engine,
  patch,
  untrackedContents,
  maxPatchBytes,
  timeoutMs,
}: CaptureGitOptions): void {
  if (directory !== undefined && (typeof directory !== "string" || directory === "" || directory.includes("\0")))
    throw invalidArgument("directory", "a path", directory);
  if (fs !== undefined && !isGitFileSystem(fs)) throw invalidArgument("fs", "a file system with fs.promises", fs);
  if (engine !== undefined) checkChoice("engine", engine, ENGINES);
  for (const [name, value] of Object.entries({ patch, untrackedContents }))
    if (value !== undefined && typeof value !== "boolean") throw invalidArgument(name, "a boolean", value);
  if (maxPatchBytes !== undefined && !(Number.isSafeInteger(maxPatchBytes) && maxPatchBytes >= 0))
    throw invalidArgument("maxPatchBytes", "a number of bytes", maxPatchBytes);
  if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs > 0 && timeoutMs < 2 ** 31))
    throw invalidArgument("timeoutMs", "a number of ms above 0", timeoutMs);
}

function absolute(directory: string | undefined, isVirtual: boolean, process: Host["process"]): string {
  const path = isVirtual ? undefined : builtinModule<{ resolve(path: string): string }>("node:path");
  const given = directory ?? (isVirtual ? "/" : (process?.cwd?.() ?? "/"));
  const resolved = (path ? path.resolve(given) : given).replaceAll("\\", "/");
  return resolved.length > 1 ? resolved.replace(/\/+$/, "") || "/" : resolved;
}

function homesOf(process: Host["process"]): Pick<GitRequest, "home" | "configHome"> {
  try {
    const home = process?.env?.["HOME"] ?? process?.env?.["USERPROFILE"];
    const configHome = process?.env?.["XDG_CONFIG_HOME"];
    return {
      ...(home && { home: home.replaceAll("\\", "/") }),
      ...(configHome && { configHome: configHome.replaceAll("\\", "/") }),
    };
  } catch {
    return {}; // Deno refuses without a permission.
  }
}

function unsupported(message: string): LedgerError {
  return new LedgerError("UNSUPPORTED", message, { operation: "captureGit" });
}
