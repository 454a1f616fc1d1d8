import { readOptions } from "../arguments/options.ts";
import { LedgerError, ledgerErrorOf } from "../errors/ledger-error.ts";
import { abortable } from "../platform/abort.ts";
import { onDemand } from "../platform/on-demand.ts";
import type { CodeSnapshot } from "../provenance/code-snapshot.ts";
import { type CaptureGitOptions, checkGitOptions, GIT_OPTIONS } from "./capture-options.ts";
import type { GitFacts, GitRequest } from "./git-facts.ts";
import { type GitFileSystem, nativeFileSystem } from "./git-file-system.ts";
import { gitFiles } from "./git-files.ts";
import { absolutePath, type HostProcess, programPaths } from "./host-paths.ts";
import { TimeLimit } from "./time-limit.ts";

const program = /* @__PURE__ */ onDemand(() => import("./program/read-with-program.ts"));
const portable = /* @__PURE__ */ onDemand(() => import("./portable/read-with-isomorphic-git.ts"));
const making = /* @__PURE__ */ onDemand(() => import("./make-snapshot.ts"));

const DEFAULT_TIMEOUT_MS = 10_000;
/** After the time limit: how long reading the commit and the branch may take, and then the lockfile. */
const LAST_READS_MS = { head: 1000, lockfile: 500 };
const DEFAULT_PATCH_BYTES = 1024 * 1024;

interface Host {
  readonly process?: HostProcess;
}

/**
 * Returns what git knows of the code in a directory, without secrets, or `undefined` if the directory is in no
 * repository. Changes nothing in the repository and runs nothing that its files name. What cannot be known is missing
 * or `"unknown"`, and `incomplete` says why. Rejects with `UNSUPPORTED` if the engine or a file system is missing, with
 * `IO` if the git program refuses and `engine` is `"git"`, and with the signal's reason.
 */
export async function captureGit(options?: CaptureGitOptions): Promise<CodeSnapshot | undefined> {
  const given = readOptions("captureGit", options, GIT_OPTIONS);
  const { engine = "auto", timeoutMs = DEFAULT_TIMEOUT_MS, maxPatchBytes = DEFAULT_PATCH_BYTES } = given;
  checkGitOptions(given);
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
  engine: NonNullable<CaptureGitOptions["engine"]>,
  timeoutMs: number,
  maxPatchBytes: number,
): Promise<CodeSnapshot | undefined> {
  const { process } = globalThis as Host;
  const homes = given.fs ? {} : homesOf(process);
  const limit = new TimeLimit(timeoutMs, given.signal);
  const request: GitRequest = {
    directory: absolutePath(given.directory, given.fs !== undefined, process),
    files: gitFiles(fs, given.fs === undefined),
    ...homes,
    wantsPatch: given.patch ?? true,
    maxPatchBytes,
    signal: limit.signal,
  };
  let lockfileLimit: TimeLimit | undefined;
  try {
    const facts = await readFacts(request, given.fs ? "isomorphic-git" : engine, limit, given.signal);
    if (!facts) return undefined;
    const parts = {
      untrackedContents: given.untrackedContents ?? false,
      program: given.fs ? {} : programPaths(process),
    };
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
  engine: NonNullable<CaptureGitOptions["engine"]>,
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

async function readWith(
  request: GitRequest,
  engine: NonNullable<CaptureGitOptions["engine"]>,
): Promise<GitFacts | undefined> {
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
