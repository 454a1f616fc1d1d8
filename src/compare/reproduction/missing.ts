import { isNested } from "../../journal/params.ts";
import type { RunRecord } from "../../journal/run-record.ts";
import { machinePaths } from "./machine-paths.ts";
import type { Reproduction } from "./reproduction.ts";

/** Returns what a record does not hold and a reproduction needs, in words. */
export function missingFrom(plan: Omit<Reproduction, "missing">, record: RunRecord): string[] {
  return [...missingCode(plan, record), ...missingData(plan), ...missingSurroundings(plan)];
}

function missingCode({ code }: Omit<Reproduction, "missing">, record: RunRecord): string[] {
  if (!code) return ["code: the run recorded none"];
  const { commit, remotes, dirty, patch, archive, untracked, submodules } = code;
  const remarks = record.code?.incomplete ?? [];
  if (archive?.complete) return remarks.filter((remark) => /^(?:archive|lockfile|sessions):/.test(remark));
  // Ledgers are left out by rule, and are no code.
  const missing = remarks.filter((remark) => !remark.startsWith("sources:"));
  if (commit === undefined && !archive) missing.push("commit: the record names none");
  if (commit !== undefined && remotes.length === 0 && !archive)
    missing.push("remotes: none is recorded; you need a repository that has the commit");
  if (dirty === true && !patch) missing.push("patch: tracked files differed from the commit, and no patch is stored");
  if (dirty === "unknown" && !archive) missing.push("dirty: it is not known whether files differed from the commit");
  if (patch && !patch.complete && !remarks.some((remark) => remark.startsWith("patch:")))
    missing.push("patch: it is not complete");
  if (untracked.length > 0 && !archive)
    missing.push(`untracked: the contents of ${untracked.length} files are not stored: ${named(untracked)}`);
  const inside = submodules.filter((each) => each.dirty !== false);
  if (inside.length > 0) missing.push(`submodules: changes in them may not be stored: ${named(inside)}`);
  return missing;
}

function named(items: readonly { readonly path: string }[]): string {
  const rest = items.length > 5 ? `, and ${items.length - 5} more` : "";
  return `${items
    .slice(0, 5)
    .map(({ path }) => path.slice(0, 200))
    .join(", ")}${rest}`;
}

function missingData({ datasets, inputs }: Omit<Reproduction, "missing">): string[] {
  if (datasets.length === 0 && inputs.length === 0) return ["data: the run recorded no data set"];
  return datasets.flatMap(({ name, context, uri, artifact }) =>
    uri === undefined && artifact === undefined
      ? [`data: ${name}${context === undefined ? "" : ` / ${context}`} has no uri, and its content is not stored`]
      : [],
  );
}

function missingSurroundings({ seeds, code, command, environment }: Omit<Reproduction, "missing">): string[] {
  const missing: string[] = [];
  if (seeds.length === 0) missing.push("seed: no param is a seed of random numbers");
  if (!code?.lockfile && !isNested(environment["lockfile"]))
    missing.push("lockfile: none is recorded, so versions of packages may differ");
  if (command === undefined) missing.push("command: the command line is not recorded");
  else for (const path of machinePaths(command)) missing.push(`command: ${path}`);
  const { runtime, redacted } = environment;
  if (!isNested(runtime) || typeof runtime["version"] !== "string")
    missing.push("runtime: its version is not recorded");
  if (Array.isArray(redacted) && redacted.length > 0) {
    const places = redacted.flatMap((each: unknown) => (isNested(each) ? [String(each["place"])] : []));
    missing.push(`secrets: replaced in ${places.slice(0, 5).join(", ")}${places.length > 5 ? ", …" : ""}`);
  }
  return missing;
}
