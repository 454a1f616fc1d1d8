import { isNested } from "../../journal/params.ts";
import type { RunRecord } from "../../journal/run-record.ts";
import { missingFrom } from "./missing.ts";
import type { ReproducedCode, Reproduction } from "./reproduction.ts";
import { seedsOf } from "./seeds.ts";

/** Returns the plan for a record. `stored` has the untracked files whose contents the patch has. */
export function planReproduction(record: RunRecord, stored: ReadonlySet<string>): Reproduction {
  const { id, name, experiment, status, startTime, params, datasets, inputs, environment = {} } = record;
  const code = codeOf(record, stored);
  const command = environment["command"];
  const plan = {
    run: { id, name, experiment, status, startTime },
    ...(code && { code }),
    ...(isCommand(command) && { command }),
    params,
    seeds: seedsOf(params),
    datasets,
    inputs,
    environment,
  };
  return { ...plan, missing: missingFrom(plan, record) };
}

function isCommand(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((argument) => typeof argument === "string");
}

function codeOf({ id, code, environment }: RunRecord, stored: ReadonlySet<string>): ReproducedCode | undefined {
  if (code === undefined) return undefined;
  const { commit, branch, remotes, dirty, patch, changes, archive, untracked, submodules, entry, directory } = code;
  const lockfile = code.lockfile ?? lockfileOf(environment?.["lockfile"]);
  const call = JSON.stringify(id);
  return {
    ...(commit !== undefined && { commit }),
    ...(branch !== undefined && { branch }),
    remotes,
    dirty,
    ...(patch && { patch: { ...patch, read: `ledger.codePatch(${call}, { as: "bytes" })` } }),
    changes,
    ...(archive && {
      archive: {
        digest: archive.digest,
        size: archive.size,
        files: archive.files,
        complete: archive.complete,
        read: `ledger.codeArchive(${call})`,
      },
    }),
    untracked: untracked.filter(({ path }) => !stored.has(path)),
    submodules,
    ...(entry !== undefined && { entry }),
    ...(directory !== undefined && { directory }),
    ...(lockfile && { lockfile }),
  };
}

function lockfileOf(value: unknown): ReproducedCode["lockfile"] {
  const { path, digest } = isNested(value) ? value : {};
  return typeof path === "string" && typeof digest === "string" ? { path, digest } : undefined;
}
