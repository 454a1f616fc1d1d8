import { inOneGo } from "../../platform/event-loop.ts";
import { isNested } from "../../journal/params.ts";
import type { RunRecord } from "../../journal/run-record.ts";
import type { CodeChange, RecordedCode } from "../../journal/recorded-code.ts";
import type { ComparedFact, ComparedItems } from "../code/code-diff.ts";
import { diffCode } from "../code/diff-code.ts";
import { compareRecords, type RunComparison } from "../compare-records.ts";
import type { ComparedSection, DifferingRow } from "../compared-section.ts";
import type { Sameness } from "../sameness.ts";
import { valueTexts } from "../value-identity.ts";
import { isSeedName, seedsOf } from "./seeds.ts";

/** What kind of thing goes into a run, the most telling first. */
export type InputKind = "code" | "data" | "artifact" | "params" | "environment" | "seed" | "backend";

/** Something that went into two runs. */
export interface ComparedInput {
  /** What kind of thing it is. */
  readonly kind: InputKind;
  /** Its name: `commit`, the path of a param, the name of a data set, … */
  readonly name: string;
  /** Whether both runs had the same. */
  readonly same: Sameness;
}

/** An input with what to say if it is not the same. */
export interface ExplainedInput extends ComparedInput {
  readonly detail?: string | undefined;
}

/** Members of the environment that differ from run to run without a reason for another result, or repeat others. */
const ASIDE: readonly string[] = ["incomplete", "redacted", "otherVariables", "memory", "container", "command"];

/** Returns what went into two runs, in the order of the kinds. */
export function compareInputs(original: RunRecord, again: RunRecord): ExplainedInput[] {
  const comparison = compareRecords([original, again]);
  return [
    ...codeInputs(original, again),
    ...digestInputs("data", comparison.datasets),
    ...digestInputs("artifact", comparison.inputs),
    ...valueInputs("params", comparison.params),
    ...environmentInputs(original, again, comparison),
    ...seedInputs(original, again),
  ];
}

function codeInputs(original: RunRecord, again: RunRecord): ExplainedInput[] {
  const [a, b] = [original.code, again.code];
  if (!a || !b) return [{ kind: "code", name: "code", same: "unknown", detail: "not both runs recorded it" }];
  const { commit, entry, lockfile, patch, changes, untracked, submodules, archive, unknown } = inOneGo(
    diffCode({ code: a }, { code: b }),
  );
  const sessions = sessionInputs(unknown);
  if (archive.same === true) return [{ kind: "code", name: "archive", same: true }, ...sessions];
  const input = (name: string, same: Sameness, detail?: string): ExplainedInput => ({
    kind: "code",
    name,
    same,
    detail,
  });
  const isKnown = a.dirty !== "unknown" && b.dirty !== "unknown";
  const patchDiffers =
    a.patch?.digest !== b.patch?.digest && isKnown && !(a.patch?.complete === false || b.patch?.complete === false);
  const isEmpty = ({ onlyA, onlyB, changed }: typeof untracked): boolean =>
    onlyA.length + onlyB.length + changed.length === 0;
  const about = (subject: string): boolean => unknown.some((gap) => gap.slice(3).startsWith(`${subject}:`));
  const hasChanges = a.patch !== undefined || b.patch !== undefined || a.dirty !== false || b.dirty !== false;
  return [
    input("commit", commit.same, insteadOf(commit)),
    ...(hasChanges
      ? [
          input(
            "changes",
            patchDiffers ? false : about("dirty") ? "unknown" : patch.same,
            changedFiles(changes, bothChanged(a, b)),
          ),
        ]
      : []),
    ...((archive.a ?? archive.b) ? [input("archive", archive.same)] : []),
    input("script", entry.same, insteadOf(entry)),
    ...lockfileInputs(lockfile, original, again),
    ...(a.untracked.length + b.untracked.length > 0
      ? [
          input(
            "untracked files",
            isEmpty(untracked) && !about("untracked") ? true : "unknown",
            "their contents are not recorded",
          ),
        ]
      : []),
    ...(a.submodules.length + b.submodules.length > 0
      ? [
          input(
            "submodules",
            submodules.onlyA.length + submodules.onlyB.length + submodules.changed.length > 0
              ? false
              : about("submodules")
                ? "unknown"
                : true,
          ),
        ]
      : []),
    ...sessions,
  ];
}

/** The recorded code is that of the last session. The points of a run may come from others. */
function sessionInputs(unknown: readonly string[]): ExplainedInput[] {
  const found = unknown.flatMap((gap) => {
    const [, side, text] = /^([ab]): sessions: *(.*)/s.exec(gap) ?? [];
    return text === undefined ? [] : [`of the ${side === "a" ? "first" : "second"} run ${text}`];
  });
  return found.length === 0
    ? []
    : [{ kind: "code", name: "earlier sessions", same: "unknown", detail: found.join("; ") }];
}

/** Without a lockfile of both runs, versions of packages may differ. The environment may have it instead of the code. */
function lockfileInputs({ a, b, same }: ComparedFact<string>, original: RunRecord, again: RunRecord): ExplainedInput[] {
  const kind = "code";
  const name = "lockfile";
  if (a !== undefined || b !== undefined)
    return [{ kind, name, same, detail: b === undefined ? "none" : `${b} instead of ${a ?? "none"}` }];
  const isRecorded = [original, again].every(({ environment }) => isNested(environment?.["lockfile"]));
  return isRecorded ? [] : [{ kind, name, same: "unknown", detail: "neither run recorded one" }];
}

function insteadOf({ a, b }: ComparedFact<string>): string | undefined {
  return a === undefined && b === undefined ? undefined : `${b ?? "none"} instead of ${a ?? "none"}`;
}

/** Says which files may make the difference. The records have the names of files, and digests of whole patches. */
function changedFiles({ onlyA, onlyB }: ComparedItems<CodeChange>, both: readonly CodeChange[]): string | undefined {
  const isCertain = onlyA.length + onlyB.length === 0;
  const texts = [
    ...(onlyA.length > 0 ? [`only the first run changed ${named(onlyA)}`] : []),
    ...(onlyB.length > 0 ? [`only the second run changed ${named(onlyB)}`] : []),
    ...(both.length > 0 ? [`both changed ${named(both)}, ${isCertain ? "" : "perhaps "}not in the same way`] : []),
  ];
  return texts.length === 0 ? undefined : texts.join("; ");
}

function bothChanged(a: RecordedCode, b: RecordedCode): CodeChange[] {
  const paths = new Set(a.changes.map(({ path }) => path));
  return b.changes.filter(({ path }) => paths.has(path));
}

function named(changes: readonly CodeChange[]): string {
  const rest = changes.length > 3 ? `, and ${changes.length - 3} more` : "";
  return `${changes
    .slice(0, 3)
    .map(({ path }) => path.slice(0, 100))
    .join(", ")}${rest}`;
}

function digestInputs(
  kind: InputKind,
  section: ComparedSection<readonly { readonly digest: string }[]>,
): ExplainedInput[] {
  return [
    ...section.differs.map(({ path, present: [was, is] }) => ({
      kind,
      name: path,
      same: false,
      detail: was && is ? "another digest" : was ? "only the first run used it" : "only the second run used it",
    })),
    ...section.same.map(({ path }) => ({ kind, name: path, same: true })),
  ];
}

function valueInputs(kind: InputKind, section: ComparedSection): ExplainedInput[] {
  return [
    ...section.differs.map(({ path, values, present: [was, is] }) => {
      const text = valueTexts(values.filter((_, i) => (i === 0 ? was : is)));
      const detail = `${is ? text(values[1]) : "absent"} instead of ${was ? text(values[0]) : "absent"}`;
      return { kind, name: path, same: false, detail };
    }),
    ...section.same.map(({ path }) => ({ kind, name: path, same: true })),
  ];
}

function environmentInputs(original: RunRecord, again: RunRecord, { environment }: RunComparison): ExplainedInput[] {
  if (!original.environment || !again.environment)
    return [{ kind: "environment", name: "environment", same: "unknown", detail: "not both runs recorded it" }];
  const counts = ({ keys: [first = "", second] }: { readonly keys: readonly string[] }): boolean =>
    !ASIDE.includes(first) && !(first === "lockfile" && second === "path");
  const kindOf = (name: string): InputKind => (/^(?:tfjs\.backend|gpus)$/.test(name) ? "backend" : "environment");
  // How a program was started decides what it knows of its package manager. A run that lacks a member may have had it.
  const hasAll = (section: string): boolean =>
    [original, again].every((record) => isNested(record.environment?.[section]));
  const listed = new Set(LISTS.filter(hasAll));
  const differs = environment.differs.filter(counts);
  const isKnown = ({ keys: [first = ""], present }: (typeof differs)[number]): boolean =>
    listed.has(first) || !present.includes(false);
  const known = { differs: differs.filter(isKnown), same: environment.same.filter(counts) };
  const inputs: ExplainedInput[] = [
    ...valueInputs("environment", known),
    ...differs.filter((row) => !isKnown(row)).map(onlyOne),
  ];
  return inputs.map((input) => ({ ...input, kind: kindOf(input.name) }));
}

/** Members of the environment that list all there is. What one run lacks there, it did not have. */
const LISTS: readonly string[] = ["variables", "dependencies"];

function onlyOne({ path, values, present }: DifferingRow): ExplainedInput {
  const which = present[0] ? 0 : 1;
  const value = valueTexts([values[which]])(values[which]);
  const detail = `only the ${which === 0 ? "first" : "second"} run recorded it: ${value}`;
  return { kind: "environment", name: path, same: "unknown", detail };
}

/** Without a seed, random numbers differ. A seed that differs is among the params. */
function seedInputs(original: RunRecord, again: RunRecord): ExplainedInput[] {
  const [a, b] = [seedsOf(original.params), seedsOf(again.params)];
  if (a.length === 0 || b.length === 0)
    return [{ kind: "seed", name: "seed", same: "unknown", detail: "no param of both runs is a seed" }];
  const inputs = compareRecords([original, again]).params;
  return valueInputs("seed", {
    differs: inputs.differs.filter(({ keys }) => isSeedName(keys.at(-1) ?? "")),
    same: inputs.same.filter(({ keys }) => isSeedName(keys.at(-1) ?? "")),
  });
}
