import { readOptions } from "../arguments/options.ts";
import { LedgerError, invalidArgument, ledgerErrorOf } from "../errors/ledger-error.ts";
import { abortable } from "../platform/abort.ts";
import { onDemand } from "../platform/on-demand.ts";
import { type CodeSnapshot, WITHOUT_GIT } from "../provenance/code-snapshot.ts";
import { scrub } from "../provenance/redaction/scrub.ts";
import { type CaptureSourcesOptions, checkSourcesOptions, SOURCES_OPTIONS } from "./capture-options.ts";
import { nativeFileSystem } from "./git-file-system.ts";
import { type GitFiles, gitFiles } from "./git-files.ts";
import { absolutePath, type HostProcess, programPaths, seenFrom } from "./host-paths.ts";
import { TimeLimit } from "./time-limit.ts";

const archiving = /* @__PURE__ */ onDemand(() => import("./sources/archive-sources.ts"));
const lockfiles = /* @__PURE__ */ onDemand(() => import("./lockfile.ts"));

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_BYTES = 10_000_000;
const DEFAULT_FILE_BYTES = 1_000_000;
const DEFAULT_FILES = 2000;

interface Host {
  readonly process?: HostProcess;
}

/**
 * Returns the sources below a directory as a zip archive, without git: the files that `.gitignore`, `.runledgerignore`
 * and the defaults do not ignore, and that hold no secrets. The same files give the same bytes on every platform.
 * `incomplete` says what was left out. Follows no links, and reads nothing outside of the directory but the rules of
 * the repository around it. Rejects with `INVALID_ARGUMENT` if there is no such directory, `UNSUPPORTED` without a file
 * system, and with the signal's reason.
 */
export async function captureSources(options?: CaptureSourcesOptions): Promise<CodeSnapshot> {
  const given = readOptions("captureSources", options, SOURCES_OPTIONS);
  checkSourcesOptions(given);
  const fs = given.fs ?? nativeFileSystem();
  if (!fs) {
    const message = "captureSources needs the option fs here, because the platform has no file system";
    throw new LedgerError("UNSUPPORTED", message, { operation: "captureSources" });
  }
  given.signal?.throwIfAborted();
  const { process } = globalThis as Host;
  const files = gitFiles(fs, given.fs === undefined);
  const directory = absolutePath(given.directory, given.fs !== undefined, process);
  const program = seenFrom(directory, given.fs ? {} : programPaths(process));
  const limit = new TimeLimit(given.timeoutMs ?? DEFAULT_TIMEOUT_MS, given.signal);
  try {
    return await capture(given, files, directory, program, limit);
  } catch (error) {
    given.signal?.throwIfAborted();
    throw ledgerErrorOf(error, "the sources cannot be read");
  } finally {
    limit.end();
  }
}

async function capture(
  {
    maxBytes = DEFAULT_BYTES,
    maxFileBytes = DEFAULT_FILE_BYTES,
    maxFiles = DEFAULT_FILES,
    signal,
  }: CaptureSourcesOptions,
  files: GitFiles,
  directory: string,
  program: ReturnType<typeof seenFrom>,
  limit: TimeLimit,
): Promise<CodeSnapshot> {
  // Behind links: the directory itself may be one.
  const stats = await abortable(files.calls.stat(directory), limit.signal).catch((error: unknown) => {
    const { code } = (error ?? {}) as { readonly code?: unknown };
    const isAbsent = code === "ENOENT" || code === "ENOTDIR";
    throw isAbsent ? invalidArgument("directory", "a directory that can be read", directory) : error;
  });
  if (!stats.isDirectory()) throw invalidArgument("directory", "a directory", directory);
  const { entry, directory: startedIn } = program;
  const { archiveSources } = await archiving();
  const request = { files, directory, maxBytes, maxFileBytes, maxFiles, entry, limit };
  const { archive, incomplete } = await archiveSources(request);
  signal?.throwIfAborted();
  const { findLockfile } = await lockfiles();
  const lockfile = await abortable(findLockfile(files, directory, directory), limit.signal).catch(
    () => "unknown" as const,
  );
  signal?.throwIfAborted();
  return {
    ...WITHOUT_GIT,
    ...(entry !== undefined && { entry: scrub(entry) }),
    ...(startedIn !== undefined && { directory: scrub(startedIn) }),
    ...(lockfile !== undefined && lockfile !== "unknown" && { lockfile }),
    ...(archive && { archive }),
    incomplete: [...incomplete, ...(lockfile === "unknown" ? ["lockfile: it cannot be read"] : [])].map(scrub),
  };
}
