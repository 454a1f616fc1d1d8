import type { CodeDiff, ComparedFact, ComparedItems } from "./code/code-diff.ts";
import type { ChangedFile } from "./code/patch-diff.ts";
import { isCommitId } from "./reproduction/shell-word.ts";
import { printable } from "./printable.ts";

/** The most lines of the text of a difference, and the most remarks. */
const MAX_TEXT_LINES = 200;
const MAX_REMARKS = 5;

/** Returns what differs between the code of two runs as lines. Returns none if it is the same. */
export function codeLines(code: CodeDiff): string[] {
  if (code.same === true) return [];
  const { patch, untracked, submodules, changes } = code;
  const lines = [
    ...factLines("commit", code.commit).map((line) => line + gitDiff(code.commit)),
    ...factLines("branch", code.branch),
    ...factLines("script", code.entry),
    ...(code.archive.same === false ? factLines("sources", code.archive) : []),
    ...namesLine("sources of the earlier run alone", code.archiveFiles?.onlyA ?? []),
    ...namesLine("sources of the later run alone", code.archiveFiles?.onlyB ?? []),
    ...namesLine("sources that differ", code.archiveFiles?.changed ?? []),
    ...factLines("lockfile", code.lockfile),
    ...(code.dirty.a === code.dirty.b ? [] : factLines("dirty", code.dirty)),
    ...(patch.changed.length + patch.onlyA.length + patch.onlyB.length + patch.more > 0
      ? [
          ...patch.changed.map((file) => `changes of ${name(file.path)} differ: ${fileText(file)}`),
          ...namesLine("changes of files that only the earlier run had", patch.onlyA),
          ...namesLine("changes of files that only the later run had", patch.onlyB),
          ...(patch.more > 0 ? [`and ${patch.more} more files`] : []),
        ]
      : itemsLines("changed files", changes)),
    ...itemsLines("untracked files", untracked),
    ...itemsLines("submodules", submodules),
  ];
  const text = `${patch.text}${code.archiveFiles?.text ?? ""}`.split("\n", MAX_TEXT_LINES);
  const remarks = code.same === "unknown" ? unknownLines(code.unknown) : sessionLines(code.unknown);
  return [...remarks, ...lines, ...text.filter((line) => line !== "").map((line) => `  ${line}`)];
}

function unknownLines(unknown: readonly string[]): string[] {
  const rest = unknown.length > MAX_REMARKS ? [`  and ${unknown.length - MAX_REMARKS} more`] : [];
  return [
    "not known whether it is the same:",
    ...unknown.slice(0, MAX_REMARKS).map((remark) => `  ${remark}`),
    ...rest,
  ];
}

/** Returns which other code earlier sessions ran: more than the recorded code may make the difference. */
function sessionLines(unknown: readonly string[]): string[] {
  return unknown.filter((remark) => /^[ab]: sessions:/.test(remark)).slice(0, 2 * MAX_REMARKS);
}

function factLines(what: string, { a, b, same }: ComparedFact<unknown>): string[] {
  if (same === true || (a === undefined && b === undefined)) return [];
  return [`${what} ${factText(a)} → ${factText(b)}`];
}

/** Returns how to see what differs between two commits. */
function gitDiff({ a = "", b = "" }: ComparedFact<string>): string {
  return isCommitId(a) && isCommitId(b) ? `: git diff ${factText(a)} ${factText(b)}` : "";
}

function factText(value: unknown): string {
  if (value === undefined) return "-";
  const text = String(value).replace(/sha256:[0-9a-f]{64}$/, (digest) => digest.slice(0, 19));
  return /^[0-9a-f]{40,64}$/.test(text) ? text.slice(0, 12) : printable(text, 60);
}

function itemsLines(what: string, { onlyA, onlyB, changed }: ComparedItems<{ readonly path: string }>): string[] {
  const paths = (items: readonly { readonly path: string }[]): string[] => items.map(({ path }) => path);
  return [
    ...namesLine(`${what} of the earlier run alone`, paths(onlyA)),
    ...namesLine(`${what} of the later run alone`, paths(onlyB)),
    ...namesLine(`${what} that differ`, paths(changed.map(({ b }) => b))),
  ];
}

function namesLine(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const rest = names.length > 5 ? `, and ${names.length - 5} more` : "";
  return [`${what}: ${names.slice(0, 5).map(name).join(", ")}${rest}`];
}

function fileText({ onlyA, onlyB, more, mode, binary }: ChangedFile): string {
  const hunks = onlyA.length + onlyB.length + more;
  const what = [
    ...(hunks > 0 ? [`${hunks} hunk${hunks === 1 ? "" : "s"}`] : []),
    ...(binary ? ["binary"] : []),
    ...(mode ? ["mode"] : []),
  ];
  return what.join(", ");
}

const name = (path: string): string => printable(path, 60);
