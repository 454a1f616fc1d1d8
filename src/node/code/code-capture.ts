import type { OptionNames } from "../../arguments/options.ts";
import type { CaptureGitOptions, CodeSnapshot } from "../../git/index.ts";
import type { LedgerError } from "../../errors/ledger-error.ts";
import { systemClock } from "../../platform/clock.ts";
import { onDemand } from "../../platform/on-demand.ts";
import type { CaptureKind } from "../guarded-capture.ts";

const git = /* @__PURE__ */ onDemand(() => import("../../git/index.ts"));

/** How runs capture their code: options of `captureGit`. */
export type CodeCaptureOptions = Pick<
  CaptureGitOptions,
  "directory" | "engine" | "patch" | "untrackedContents" | "maxPatchBytes" | "timeoutMs"
>;

/** The names of all {@link CodeCaptureOptions}. */
export const CODE_CAPTURE: OptionNames<CodeCaptureOptions> = {
  directory: true,
  engine: true,
  patch: true,
  untrackedContents: true,
  maxPatchBytes: true,
  timeoutMs: true,
};

/** Runs that start within this time after a capture has ended share it, in ms: a sweep may start many runs. */
const SHARED_MS = 1000;

/** Captures the code of each run that begins and whose caller does not give it, after the run has started. */
export function codeCapture(options: CodeCaptureOptions): CaptureKind {
  let latest: Promise<CodeSnapshot | undefined> | undefined;
  let endedAt = Infinity;
  const permitted = permittedEngine(options.directory ?? ".");
  const capture = async (): Promise<CodeSnapshot | undefined> => {
    // The caller gets the run first.
    await systemClock.sleep(0);
    try {
      return await (await git()).captureGit({ ...options, ...permitted });
    } catch (error) {
      if (isForbidden((error as LedgerError).cause)) return undefined;
      throw error;
    } finally {
      endedAt = systemClock.monotonic();
    }
  };
  return (session) => {
    if (!session.wantsCode || !permitted) return undefined;
    if (!latest || systemClock.monotonic() - endedAt > SHARED_MS) {
      endedAt = Infinity;
      latest = capture();
    }
    session.code(latest);
    return undefined;
  };
}

/** Returns whether the runtime, not the system, does not permit something: Deno, or Node with its permission model. */
function isForbidden(error: unknown): boolean {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  return code === "ERR_ACCESS_DENIED" || name === "NotCapable" || name === "PermissionDenied";
}

interface DenoGlobal {
  readonly Deno?: {
    readonly permissions?: { querySync?(permission: object): { readonly state: string } };
  };
}

/**
 * Returns what may read a repository here, or `undefined` if nothing may. Deno would ask its user for permissions that
 * the program does not have.
 */
function permittedEngine(path: string): { readonly engine?: "isomorphic-git" } | undefined {
  const { permissions } = (globalThis as DenoGlobal).Deno ?? {};
  const isGranted = (permission: object): boolean => permissions?.querySync?.(permission).state === "granted";
  if (permissions === undefined) return {};
  if (!isGranted({ name: "read", path })) return undefined;
  return isGranted({ name: "run", command: "git" }) ? {} : { engine: "isomorphic-git" };
}
