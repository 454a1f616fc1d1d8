import { type OptionNames, readOptions } from "../arguments/options.ts";
import { invalidArgument, LedgerError } from "../errors/ledger-error.ts";
import type { CaptureKind } from "./guarded-capture.ts";
import { checkGitOptions, checkSourcesOptions } from "../git/capture-options.ts";
import {
  CODE_ARCHIVE,
  CODE_CAPTURE,
  type CodeArchiveOptions,
  codeCapture,
  type CodeCaptureOptions,
} from "./code/code-capture.ts";
import { consoleCapture, type ConsoleOptions } from "./console/console-capture.ts";
import type { EnvironmentOptions } from "./environment/environment-options.ts";
import { environmentCapture } from "./environment/environment-capture.ts";
import { systemCapture, type SystemOptions } from "./system/system-capture.ts";

/** What the runs of a ledger record by themselves. */
export interface CaptureOptions {
  /**
   * Whether runs record their code with `captureGit` of `runledger/git`: commit, branch, changes and a patch of them.
   * In a project without a repository they archive their sources instead. This happens in the background after a run
   * has started. Default `true`. A run that is started with an option `code` records that, and one with `code: false`
   * nothing.
   */
  readonly code?: boolean | CodeCaptureOptions | undefined;
  /**
   * Whether runs record more of where they run than `runledger` does: limits of the container, package manager, digest
   * of the lockfile, installed versions of the direct dependencies, TensorFlow.js if it is loaded, locale, time zone,
   * the command line without secrets, and the environment variables `CI`, `NODE_ENV`, `TZ`, `RANK`, `WORLD_SIZE`,
   * `CUDA_VISIBLE_DEVICES`, `OMP_NUM_THREADS` and `SLURM_JOB_ID`. Default `true`. A run that is started with
   * `environment: false`, or with an environment of its own, records nothing of this.
   */
  readonly environment?: boolean | EnvironmentOptions | undefined;
  /**
   * Whether open runs log metrics of the system every 15 s, named `system/…`: CPU of process and machine, memory, delay
   * of the event loop, disk and network. A container with limits counts as the machine. Their step is the greatest one
   * so far, 0 if there is none, so they never change the step of another row. Default `true`.
   */
  readonly system?: boolean | SystemOptions | undefined;
  /**
   * Whether open runs keep what the process writes to stdout and stderr, for `ledger.console`. Parts that look like
   * secrets are replaced. Default `false`.
   */
  readonly console?: boolean | ConsoleOptions | undefined;
}

const NAMES: OptionNames<CaptureOptions> = { code: true, environment: true, system: true, console: true };

/** Returns what to record. Throws `INVALID_ARGUMENT`, which names the field, or `UNSUPPORTED` for an unknown option. */
export function readCapture(capture: boolean | CaptureOptions | undefined = true): CaptureKind[] {
  if (capture === false) return [];
  const own = capture === true ? {} : readPart<CaptureOptions>("capture", capture, NAMES);
  const kinds: CaptureKind[] = [];
  const code = readSwitch<CodeCaptureOptions>("code", own.code ?? true, CODE_CAPTURE);
  if (code) {
    checkGitOptions(code, "capture.code.");
    const archive = readSwitch<CodeArchiveOptions>("code.archive", code.archive ?? false, CODE_ARCHIVE);
    if (archive) checkSourcesOptions(archive, "capture.code.archive.");
    kinds.push(codeCapture(code));
  }
  const environment = readSwitch<EnvironmentOptions>("environment", own.environment ?? true, {
    variables: true,
    gpu: true,
  });
  if (environment) {
    checkBoolean("capture.environment.gpu", environment.gpu);
    checkNames(environment.variables);
    kinds.push(environmentCapture(environment));
  }
  const system = readSwitch<SystemOptions>("system", own.system ?? true, { intervalMs: true, gpu: true });
  if (system) {
    checkBoolean("capture.system.gpu", system.gpu);
    checkAtLeast("capture.system.intervalMs", system.intervalMs, 100);
    kinds.push(systemCapture(system));
  }
  const console = readSwitch<ConsoleOptions>("console", own.console ?? false, { maxBytes: true });
  if (console) {
    checkAtLeast("capture.console.maxBytes", console.maxBytes, 0);
    kinds.push(consoleCapture(console));
  }
  return kinds;
}

/** Returns the options of a capture, or `undefined` if it is off. */
function readSwitch<T extends object>(name: string, given: boolean | T, names: OptionNames<T>): T | undefined {
  if (given === false) return undefined;
  return given === true ? ({} as T) : readPart<T>(`capture.${name}`, given, names);
}

/** Reads a part of the options as {@link readOptions} does. The error for an unknown option names its whole path. */
function readPart<T extends object>(path: string, given: T, names: OptionNames<T>): T {
  try {
    return readOptions<T>(`${path} of openLedger`, given, names, path, (name) =>
      path === "capture" && name === "gpu" ? "; pass environment: { gpu: true } or system: { gpu: true }" : "",
    );
  } catch (error) {
    if (!LedgerError.hasCode(error, "UNSUPPORTED")) throw error;
    throw new LedgerError("UNSUPPORTED", error.message, { field: `${path}.${error.field}` });
  }
}

function checkAtLeast(field: string, value: unknown, least: number): void {
  if (value !== undefined && !(typeof value === "number" && value >= least))
    throw invalidArgument(field, `a number of at least ${least}`, value);
}

function checkBoolean(field: string, value: unknown): void {
  if (value !== undefined && typeof value !== "boolean") throw invalidArgument(field, "a boolean", value);
}

function checkNames(names: unknown): void {
  const isList = Array.isArray(names) && names.every((name) => typeof name === "string");
  if (names !== undefined && !isList)
    throw invalidArgument("capture.environment.variables", "a list of names of environment variables", names);
}
