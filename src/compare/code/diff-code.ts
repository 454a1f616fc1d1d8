import type { RecordedCode } from "../../journal/recorded-code.ts";
import { identity } from "../value-identity.ts";
import type { Sameness } from "../sameness.ts";
import { diffArchives, type InflateFile } from "./archive-diff.ts";
import type { CodeDiff, ComparedFact, ComparedItems } from "./code-diff.ts";
import { CodeSide, type ReadCode } from "./code-side.ts";
import { diffPatches, type PatchDiff } from "./patch-diff.ts";

/**
 * Compares the code of two runs. Without `inflate`, archives are not compared by line. Yields where it may be
 * interrupted.
 */
export function* diffCode(
  readA: ReadCode,
  readB: ReadCode,
  inflate?: InflateFile | undefined,
): Generator<undefined, CodeDiff> {
  const a = yield* CodeSide.parse("a", readA);
  const b = yield* CodeSide.parse("b", readB);
  const fact = <T>(member: string, of: (code: RecordedCode) => T | undefined): ComparedFact<T> => {
    const [x, y] = [a.code && of(a.code), b.code && of(b.code)];
    const isKnown = (x !== undefined || a.knows(member)) && (y !== undefined || b.knows(member));
    return {
      ...(x !== undefined && { a: x }),
      ...(y !== undefined && { b: y }),
      same: isKnown ? x === y : "unknown",
    };
  };
  const items = <T>(of: (code: RecordedCode) => readonly T[], key: (item: T) => string): ComparedItems<T> =>
    diffItems(a.code ? of(a.code) : [], b.code ? of(b.code) : [], key);
  const byPath = ({ path }: { readonly path: string }): string => path;

  const commit = fact("commit", (code) => code.commit);
  const dirty = fact("dirty", (code) => code.dirty);
  const entry = fact("entry", (code) => code.entry);
  const lockfile = fact("lockfile", (code) => code.lockfile && `${code.lockfile.path} ${code.lockfile.digest}`);
  const changes = items(({ changes }) => changes, byPath);
  const untracked = items(({ untracked }) => untracked, byPath);
  const submodules = items(({ submodules }) => submodules, byPath);
  const patch = yield* comparePatches(a, b, commit.same === true);

  const archive = compareArchives(a.code, b.code);
  const archiveFiles =
    archive.same === false && readA.archive && readB.archive
      ? yield* diffArchives(readA.archive, readB.archive, inflate)
      : undefined;
  yield;
  // Equal archives of all sources say more than a commit.
  const isArchived = archive.same === true;

  const unknown = [a, b].flatMap((side) => (isArchived ? side.otherSessions() : side.gaps()));
  const hasPatches = !isArchived && !(a.isArchive && b.isArchive);
  const parts: Sameness[] = hasPatches ? [patch.same] : [];
  if (archive.a !== undefined && archive.b !== undefined) parts.push(archive.same);
  for (const [member, { same }] of Object.entries({ ...(!isArchived && { commit }), entry, lockfile })) {
    parts.push(same);
    if (same === "unknown") unknown.push(`${member}: not both runs recorded it`);
  }
  const areKnown = (member: string): boolean => [a, b].every((side) => side.knows(member));
  if (!isArchived && !isEmpty(submodules) && areKnown("submodules")) parts.push(false);
  if (!isArchived && !isEmpty(changes) && commit.same === true && areKnown("dirty") && areKnown("changes"))
    parts.push(false);
  if (!isArchived && !isEmpty(untracked)) unknown.push("untracked: not the same files");
  const isUnknown = parts.includes("unknown") || unknown.length > 0;
  return {
    same: parts.includes(false) ? false : isUnknown ? "unknown" : true,
    unknown,
    commit,
    branch: fact("branch", ({ branch }) => branch),
    dirty: { ...dirty, same: [dirty.a, dirty.b].includes("unknown") ? "unknown" : dirty.same },
    entry,
    lockfile,
    remotes: items(
      ({ remotes }) => remotes,
      ({ name }) => name,
    ),
    changes,
    patch,
    archive,
    ...(archiveFiles && { archiveFiles }),
    untracked,
    submodules,
    incomplete: { a: a.incomplete, b: b.incomplete },
  };
}

function* comparePatches(a: CodeSide, b: CodeSide, samePlaces: boolean): Generator<undefined, PatchDiff> {
  const none: PatchDiff = { same: true, onlyA: [], onlyB: [], changed: [], more: 0, text: "", leftOut: 0 };
  const isWhole = a.hasAllChanges && b.hasAllChanges;
  if (a.code?.patch && a.code.patch.digest === b.code?.patch?.digest) return { ...none, same: isWhole || "unknown" };
  if (!a.sections || !b.sections) return { ...none, same: "unknown" };
  const { hasOnlyA, hasOnlyB, ...diff } = yield* diffPatches(a.sections, b.sections, samePlaces);
  // A hunk that only one patch has may have been left out of the other.
  const differs = (hasOnlyA && b.hasAllChanges) || (hasOnlyB && a.hasAllChanges);
  return { ...diff, same: differs ? false : isWhole || "unknown" };
}

function compareArchives(a: RecordedCode | undefined, b: RecordedCode | undefined): ComparedFact<string> {
  const [x, y] = [a?.archive, b?.archive];
  const isSame = x !== undefined && x.digest === y?.digest;
  return {
    ...(x && { a: x.digest }),
    ...(y && { b: y.digest }),
    same: !x || !y ? "unknown" : isSame ? (x.complete && y.complete) || "unknown" : false,
  };
}

function isEmpty({ onlyA, onlyB, changed }: ComparedItems<unknown>): boolean {
  return onlyA.length + onlyB.length + changed.length === 0;
}

function diffItems<T>(a: readonly T[], b: readonly T[], keyOf: (item: T) => string): ComparedItems<T> {
  const others = new Map(b.map((item) => [keyOf(item), item]));
  const onlyA: T[] = [];
  const changed: { a: T; b: T }[] = [];
  for (const item of a) {
    const key = keyOf(item);
    const other = others.get(key);
    others.delete(key);
    if (other === undefined) onlyA.push(item);
    else if (identity(item) !== identity(other)) changed.push({ a: item, b: other });
  }
  return { onlyA, onlyB: [...others.values()], changed };
}
