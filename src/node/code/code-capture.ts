import type { OptionNames } from "../../arguments/options.ts";
import type { CaptureGitOptions, CaptureSourcesOptions, CodeSnapshot } from "../../git/index.ts";
import { WITHOUT_GIT } from "../../provenance/code-snapshot.ts";
import type { LedgerError } from "../../errors/ledger-error.ts";
import { systemClock } from "../../platform/clock.ts";
import { onDemand } from "../../platform/on-demand.ts";
import type { CaptureKind } from "../guarded-capture.ts";
import { isForbidden, isReadable, mayRunGit } from "./permissions.ts";

const git = /* @__PURE__ */ onDemand(() => import("../../git/index.ts"));
const projects = /* @__PURE__ */ onDemand(() => import("./project-directory.ts"));

/** Which sources runs archive: options of `captureSources`. */
export type CodeArchiveOptions = Pick<
  CaptureSourcesOptions,
  "directory" | "maxBytes" | "maxFileBytes" | "maxFiles" | "timeoutMs"
>;

/** How runs capture their code: options of `captureGit`, and which sources to archive. */
export interface CodeCaptureOptions extends Pick<
  CaptureGitOptions,
  "directory" | "engine" | "patch" | "untrackedContents" | "maxPatchBytes" | "timeoutMs"
> {
  /**
   * Whether runs archive their sources with `captureSources`. By default they do if the directory is in no repository,
   * but in a project: a directory with `package.json`, `deno.json`, `jsr.json` or `bun.lock`. `true` or options also
   * archive them beside the commit and the patch, and without a project. `false` never does. The archive has the
   * directory of the project, or else `directory`, but never a home directory, the root of a file system or the
   * directory of temporary files, unless these options name it.
   */
  readonly archive?: boolean | CodeArchiveOptions | undefined;
}

/** The names of all {@link CodeCaptureOptions}. */
export const CODE_CAPTURE: OptionNames<CodeCaptureOptions> = {
  directory: true,
  engine: true,
  patch: true,
  untrackedContents: true,
  maxPatchBytes: true,
  timeoutMs: true,
  archive: true,
};

/** The names of all {@link CodeArchiveOptions}. */
export const CODE_ARCHIVE: OptionNames<CodeArchiveOptions> = {
  directory: true,
  maxBytes: true,
  maxFileBytes: true,
  maxFiles: true,
  timeoutMs: true,
};

/** Runs that start within this time after a capture has ended share it, in ms: a sweep may start many runs. */
const SHARED_MS = 1000;

/** Captures the code of each run that begins and whose caller does not give it, after the run has started. */
export function codeCapture({ archive, ...options }: CodeCaptureOptions): CaptureKind {
  let latest: Promise<CodeSnapshot | undefined> | undefined;
  let endedAt = Infinity;
  const directory = options.directory ?? ".";
  const isPermitted = isReadable(directory);
  const captureGit = async (): Promise<CodeSnapshot | undefined> => {
    const engine = mayRunGit() ? {} : ({ engine: "isomorphic-git" } as const);
    return await unlessForbidden((await git()).captureGit({ ...options, ...engine }));
  };
  const captureCode = async (): Promise<CodeSnapshot | undefined> => {
    if (archive === false) return await captureGit();
    if (archive === undefined) return (await captureGit()) ?? (await captureArchive(directory, {}, false));
    const archiving = captureArchive(directory, archive === true ? {} : archive, true);
    const [code, sources] = await Promise.all([captureGit(), archiving]);
    if (!code || !sources) return code ?? sources;
    const { archive: bytes, incomplete } = sources;
    return { ...code, ...(bytes && { archive: bytes }), incomplete: [...new Set([...code.incomplete, ...incomplete])] };
  };
  const capture = async (): Promise<CodeSnapshot | undefined> => {
    // The caller gets the run first.
    await systemClock.sleep(0);
    try {
      return await captureCode();
    } finally {
      endedAt = systemClock.monotonic();
    }
  };
  return (session) => {
    if (!session.wantsCode || !isPermitted) return undefined;
    if (!latest || systemClock.monotonic() - endedAt > SHARED_MS) {
      endedAt = Infinity;
      latest = capture();
    }
    session.code(latest);
    return undefined;
  };
}

/** Archives the sources of the project around a directory. `isWanted`: also without a project. */
async function captureArchive(
  from: string,
  options: CodeArchiveOptions,
  isWanted: boolean,
): Promise<CodeSnapshot | undefined> {
  const { captureSources } = await git();
  if (options.directory !== undefined) return await unlessForbidden(captureSources(options));
  const { findProjectDirectory } = await projects();
  const { directory, isShared } = await findProjectDirectory(from);
  if (directory === undefined && !isWanted) return undefined;
  if (directory !== undefined || !isShared)
    return await unlessForbidden(captureSources({ ...options, directory: directory ?? from }));
  return {
    ...WITHOUT_GIT,
    incomplete: ["archive: the directory is shared: a home directory, a root, or temporary files"],
  };
}

async function unlessForbidden(capturing: Promise<CodeSnapshot | undefined>): Promise<CodeSnapshot | undefined> {
  try {
    return await capturing;
  } catch (error) {
    if (isForbidden((error as LedgerError).cause)) return undefined;
    throw error;
  }
}
