import type { Dictionary } from "./event.ts";
import { isCount, isDictionary, isDigest } from "./record-checks.ts";
import { MAX_ARCHIVE_PARTS, type RecordedCode } from "./recorded-code.ts";

/** The members of a {@link RecordedCode} that may be absent and hold a text. */
const TEXTS = ["engineVersion", "commit", "branch", "tag", "entry", "directory"] as const;

/** Returns whether stored data has all members of a {@link RecordedCode} with the right types. */
export function isRecordedCode(value: unknown): value is RecordedCode {
  if (!isDictionary(value)) return false;
  const { engine, dirty, authoredAt, committedAt, incomplete, lockfile, patch, archive } = value;
  return (
    isText(engine) &&
    isDirty(dirty) &&
    TEXTS.every((name) => value[name] === undefined || isText(value[name])) &&
    [authoredAt, committedAt].every((each) => each === undefined || Number.isFinite(each)) &&
    isListOf(value["remotes"], ({ name, url }) => isText(name) && isText(url)) &&
    isListOf(value["changes"], ({ path, status }) => isText(path) && isText(status)) &&
    isListOf(value["untracked"], ({ path, size }) => isText(path) && isCount(size)) &&
    isListOf(value["submodules"], isSubmodule) &&
    (lockfile === undefined ||
      (isDictionary(lockfile) && [lockfile["path"], lockfile["digest"]].every((each) => isText(each)))) &&
    (patch === undefined || (isDictionary(patch) && isPatch(patch))) &&
    (archive === undefined || (isDictionary(archive) && isArchive(archive))) &&
    Array.isArray(incomplete) &&
    incomplete.every(isText)
  );
}

function isSubmodule({ path, commit, dirty }: Dictionary): boolean {
  return isText(path) && (commit === undefined || isText(commit)) && isDirty(dirty);
}

function isPatch({ digest, size, complete }: Dictionary): boolean {
  return isDigest(digest) && isCount(size) && typeof complete === "boolean";
}

function isArchive({ files, parts, ...stored }: Dictionary): boolean {
  if (!Array.isArray(parts) || parts.length === 0 || parts.length > MAX_ARCHIVE_PARTS) return false;
  return isPatch(stored) && isCount(files) && isListOf(parts, ({ digest, size }) => isDigest(digest) && isCount(size));
}

function isListOf(value: unknown, is: (item: Dictionary) => boolean): boolean {
  return Array.isArray(value) && value.every((item) => isDictionary(item) && is(item));
}

const isText = (value: unknown): value is string => typeof value === "string";
const isDirty = (value: unknown): boolean => typeof value === "boolean" || value === "unknown";

/** Returns the code without members that this version does not know. */
export function knownCode(code: RecordedCode): RecordedCode {
  const { engine, remotes, dirty, changes, untracked, submodules, incomplete, lockfile, patch, archive } = code;
  const { authoredAt, committedAt } = code;
  return {
    engine,
    ...Object.fromEntries(TEXTS.flatMap((name) => (code[name] === undefined ? [] : [[name, code[name]]]))),
    ...(authoredAt !== undefined && { authoredAt }),
    ...(committedAt !== undefined && { committedAt }),
    remotes: remotes.map(({ name, url }) => ({ name, url })),
    dirty,
    changes: changes.map(({ path, status }) => ({ path, status })),
    untracked: untracked.map(({ path, size }) => ({ path, size })),
    submodules: submodules.map(({ path, commit, dirty }) => ({
      path,
      ...(commit !== undefined && { commit }),
      dirty,
    })),
    ...(lockfile && { lockfile: { path: lockfile.path, digest: lockfile.digest } }),
    ...(patch && { patch: { digest: patch.digest, size: patch.size, complete: patch.complete } }),
    ...(archive && {
      archive: {
        digest: archive.digest,
        size: archive.size,
        files: archive.files,
        complete: archive.complete,
        parts: archive.parts.map(({ digest, size }) => ({ digest, size })),
      },
    }),
    incomplete: [...incomplete],
  };
}
