import { utf8Decoder } from "../../bytes/utf8.ts";
import { LedgerError } from "../../errors/ledger-error.ts";
import { builtinModule } from "../../platform/builtin-module.ts";
import { concatBytes } from "../../backend/body.ts";

/** The members of `node:child_process` that are used. */
interface ChildProcesses {
  spawn(program: string, args: readonly string[], options: SpawnSettings): Child;
}

interface SpawnSettings {
  readonly env: Readonly<Record<string, string>>;
  readonly stdio: readonly ["ignore", "pipe", "pipe"];
  readonly cwd?: string;
  readonly shell: false;
  readonly windowsHide: true;
}

interface Child {
  readonly stdout: Output;
  readonly stderr: Output;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "close", listener: (status: number | null) => void): unknown;
  kill(signal: "SIGKILL"): unknown;
}

interface Output {
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  on(event: "error", listener: () => void): unknown;
  destroy(): unknown;
}

interface Host {
  readonly process?: { readonly env: Readonly<Record<string, string | undefined>>; readonly platform?: string };
}

/** What a call of git printed. */
export interface GitOutput {
  readonly status: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
  /** Whether git printed more than the limit. `stdout` then has the beginning. */
  readonly isCut: boolean;
}

/** No file that git reads may make these calls write, wait, run a program or reach a network. */
const HARDENED: readonly string[] = [
  "--no-optional-locks",
  "--no-pager",
  ...[
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.quotePath=false",
    "core.pager=cat",
    "diff.autoRefreshIndex=false",
    "diff.external=",
    "diff.suppressBlankEmpty=false",
    "log.showSignature=false",
    "protocol.allow=never",
    "status.submoduleSummary=false",
    "submodule.recurse=false",
  ].flatMap((setting) => ["-c", setting]),
];

const ENVIRONMENT: Readonly<Record<string, string>> = {
  LC_ALL: "C",
  GIT_TERMINAL_PROMPT: "0",
  GIT_OPTIONAL_LOCKS: "0",
  // Settings of the repository cannot override this one, as they can `protocol.allow`.
  GIT_ALLOW_PROTOCOL: "none",
  GIT_NO_LAZY_FETCH: "1",
  GIT_NO_REPLACE_OBJECTS: "1",
  GIT_PAGER: "cat",
  // Users may have configured a file for these.
  GIT_TRACE2: "0",
  GIT_TRACE2_EVENT: "0",
  GIT_TRACE2_PERF: "0",
};

const MAX_OUTPUT = 64 * 1024 * 1024;
const MAX_ERROR_TEXT = 4096;

/** Calls of the git program in one place. */
export class GitProgram {
  readonly #place: readonly string[];
  readonly #signal: AbortSignal;
  readonly #settings: readonly string[];
  readonly #env: Readonly<Record<string, string>>;

  private constructor(
    place: readonly string[],
    signal: AbortSignal,
    settings: readonly string[],
    env: Readonly<Record<string, string>>,
  ) {
    this.#place = place;
    this.#signal = signal;
    this.#settings = settings;
    this.#env = env;
  }

  /** Returns the program for the repository that git finds from a directory. */
  static in(directory: string, signal: AbortSignal): GitProgram {
    return new GitProgram(["-C", directory], signal, [], environment());
  }

  /**
   * Returns the program for this repository and working tree. Git looks for no other: the working tree may hold the
   * `.git` of another repository, with filters of its own.
   */
  inRepository(gitDirectory: string, root: string): GitProgram {
    const place = ["-C", root, `--git-dir=${gitDirectory}`, `--work-tree=${root}`];
    return new GitProgram(place, this.#signal, this.#settings, this.#env);
  }

  /** Returns the program in which these filters run nothing. */
  withoutFilters(names: readonly string[]): GitProgram {
    const settings = names.flatMap((name) =>
      [
        ["clean", ""],
        ["smudge", ""],
        ["process", ""],
        ["required", "false"],
      ].flatMap(([key, value]) => [`--config-env=filter.${name}.${key}=${value === "" ? EMPTY : FALSE}`]),
    );
    const env = { ...this.#env, [EMPTY]: "", [FALSE]: "false" };
    return new GitProgram(this.#place, this.#signal, settings, env);
  }

  /**
   * Runs git. Rejects with `UNSUPPORTED` if there is no git program, and with the signal's reason. Kills it once it has
   * printed `maxOutput` bytes.
   */
  run(args: readonly string[], maxOutput: number = MAX_OUTPUT): Promise<GitOutput> {
    const processes = builtinModule<ChildProcesses>("node:child_process");
    if (!processes) return Promise.reject(noProgram());
    return new Promise((resolve, reject) => {
      if (this.#signal.aborted) return reject(this.#signal.reason);
      let child: Child;
      try {
        const all = [...HARDENED, ...this.#settings, ...this.#place, ...args];
        const stdio = ["ignore", "pipe", "pipe"] as const;
        child = processes.spawn("git", all, {
          env: this.#env,
          ...safeFolder(),
          stdio,
          shell: false,
          windowsHide: true,
        });
      } catch (cause) {
        return reject(noProgram(cause));
      }
      const chunks: Uint8Array[] = [];
      let size = 0;
      let isCut = false;
      let errorText = "";
      // Not only the program: its children may hold the pipes open.
      const kill = (): void => {
        child.kill("SIGKILL");
        child.stdout.destroy();
        child.stderr.destroy();
      };
      const stop = (): void => {
        kill();
        reject(this.#signal.reason);
      };
      const end = (status: number | null): void => {
        this.#signal.removeEventListener("abort", stop);
        resolve({ status: status ?? -1, stdout: concatBytes(chunks), stderr: errorText, isCut });
      };
      this.#signal.addEventListener("abort", stop, { once: true });
      child.stdout.on("error", () => {});
      child.stderr.on("error", () => {});
      child.stdout.on("data", (chunk) => {
        const rest = maxOutput - size;
        chunks.push(chunk.subarray(0, rest));
        size += Math.min(rest, chunk.length);
        if (chunk.length <= rest || isCut) return;
        isCut = true;
        kill();
        end(0);
      });
      child.stderr.on("data", (chunk) => {
        if (errorText.length < MAX_ERROR_TEXT) errorText += utf8Decoder().decode(chunk.subarray(0, MAX_ERROR_TEXT));
      });
      child.on("error", (cause) => {
        this.#signal.removeEventListener("abort", stop);
        reject(noProgram(cause));
      });
      child.on("close", end);
    });
  }
}

const EMPTY = "RUNLEDGER_EMPTY";
const FALSE = "RUNLEDGER_FALSE";

/** Windows looks for programs in the working directory first, which may be the repository. */
function safeFolder(): Pick<SpawnSettings, "cwd"> {
  const { process } = globalThis as Host;
  return process?.platform === "win32" ? { cwd: process.env["SystemRoot"] ?? "C:\\" } : {};
}

function noProgram(cause?: unknown): LedgerError {
  return new LedgerError("UNSUPPORTED", "the git program cannot be run here", { operation: "captureGit", cause });
}

/** Returns the environment of the process without settings of git, and without relative folders of programs. */
function environment(): Record<string, string> {
  const { process } = globalThis as Host;
  const env: Record<string, string> = {};
  const separator = process?.platform === "win32" ? ";" : ":";
  for (const [name, value] of Object.entries(readEnv())) {
    if (value === undefined || /^GIT_/i.test(name)) continue;
    env[name] = /^path$/i.test(name)
      ? value
          .split(separator)
          .filter((folder) => /^(?:[\\/]|[a-z]:)/i.test(folder))
          .join(separator)
      : value;
  }
  return { ...env, ...ENVIRONMENT };
}

function readEnv(): Readonly<Record<string, string | undefined>> {
  try {
    return { ...(globalThis as Host).process?.env };
  } catch {
    return {}; // Deno refuses without a permission.
  }
}
