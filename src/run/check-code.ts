import { checkChoice } from "../arguments/choice.ts";
import { type OptionNames, readOptions } from "../arguments/options.ts";
import { ownList } from "../arguments/own-list.ts";
import { invalidArgument, reading } from "../errors/ledger-error.ts";
import type { CodeChangeStatus, RecordedCode } from "../journal/recorded-code.ts";
import { isBytes } from "../platform/any-realm.ts";
import { leavesDirectory } from "../provenance/archive-directory.ts";
import type { GivenCode } from "../provenance/code-snapshot.ts";
import { scrub } from "../provenance/redaction/scrub.ts";
import { MAX_ARCHIVE, type SplitArchive, splitArchive } from "./archive-parts.ts";
import { checkText } from "./check-text.ts";

/** Checked code. It is a copy. */
export interface CheckedCode {
  /** Without the patch and the archive. */
  readonly code: RecordedCode;
  readonly patch: Uint8Array | undefined;
  readonly archive: SplitArchive | undefined;
}

const MEMBERS: OptionNames<GivenCode> = {
  engine: true,
  engineVersion: true,
  commit: true,
  branch: true,
  tag: true,
  authoredAt: true,
  committedAt: true,
  remotes: true,
  dirty: true,
  changes: true,
  untracked: true,
  submodules: true,
  entry: true,
  directory: true,
  lockfile: true,
  patch: true,
  archive: true,
  incomplete: true,
};
const ENGINES: readonly RecordedCode["engine"][] = ["git", "isomorphic-git", "archive", "unknown"];
const STATUSES: readonly CodeChangeStatus[] = ["added", "modified", "deleted", "type-changed", "unmerged"];
/** The greatest length of a text. */
const MAX_TEXT = 8192;
/** The most items of a list that a record keeps. */
const MAX_ITEMS = 1000;
/** The most characters that the lists of a record have together. Searches read all records that they find. */
const MAX_CHARS: number = 128 * 1024;
/** The most bytes of a patch. */
const MAX_PATCH: number = 64 * 1024 * 1024;
const HEX = /^[0-9a-f]{7,64}$/;

/**
 * Returns a checked copy of what a caller knows of the code. Replaces what looks like a secret, and leaves out the end
 * of very long lists: `incomplete` says so. Throws `INVALID_ARGUMENT`, which names the field, or `UNSUPPORTED` for an
 * unknown member.
 */
export function checkCode(value: GivenCode): CheckedCode {
  return reading("code", () => {
    const given = readOptions<GivenCode>("code of startRun", value, MEMBERS, "code");
    const { engine = "unknown", dirty = "unknown", patch, archive, lockfile, authoredAt, committedAt } = given;
    checkChoice("code.engine", engine, ENGINES);
    checkDirty(dirty, "code.dirty");
    if (patch !== undefined && !(isBytes(patch) && patch.byteLength <= MAX_PATCH))
      throw invalidArgument("code.patch", `a Uint8Array of at most ${MAX_PATCH} bytes`, patch);
    if (archive !== undefined && !(isBytes(archive) && archive.byteLength <= MAX_ARCHIVE))
      throw invalidArgument("code.archive", `a Uint8Array of at most ${MAX_ARCHIVE} bytes`, archive);
    const split = archive === undefined ? undefined : splitArchive(new Uint8Array(archive));
    if (archive !== undefined && !split)
      throw invalidArgument("code.archive", "a zip archive, as captureSources makes it", archive);
    const astray = split?.paths.find(leavesDirectory);
    if (astray !== undefined) {
      const shown = astray.slice(0, 60).replace(/[^ -~]/g, "\uFFFD");
      throw invalidArgument("code.archive", "a zip archive of relative paths without ..", archive, ` with ${shown}`);
    }
    const lists = new RecordLists(itemsOf(given, "incomplete").map(textAt("code.incomplete")));
    const code: RecordedCode = {
      engine,
      ...textsOf(given),
      ...timeOf("authoredAt", authoredAt),
      ...timeOf("committedAt", committedAt),
      remotes: lists.take("remotes", itemsOf(given, "remotes"), ({ name, url }, field) => ({
        name: text(name, `${field}.name`),
        url: text(url, `${field}.url`),
      })),
      dirty,
      submodules: lists.take("submodules", itemsOf(given, "submodules"), ({ path, commit, dirty }, field) => ({
        path: text(path, `${field}.path`),
        ...(commit !== undefined && { commit: text(commit, `${field}.commit`) }),
        dirty: checkDirty(dirty, `${field}.dirty`),
      })),
      changes: lists.take("changes", itemsOf(given, "changes"), ({ path, status }, field) => {
        checkChoice(`${field}.status`, status, STATUSES);
        return { path: text(path, `${field}.path`), status };
      }),
      untracked: lists.take("untracked", itemsOf(given, "untracked"), ({ path, size }, field) => {
        if (!(Number.isSafeInteger(size) && size >= 0))
          throw invalidArgument(`${field}.size`, "a number of bytes", size);
        return { path: text(path, `${field}.path`), size };
      }),
      ...(lockfile !== undefined && {
        lockfile: {
          path: text(lockfile?.path, "code.lockfile.path"),
          digest: text(lockfile?.digest, "code.lockfile.digest"),
        },
      }),
      incomplete: lists.incomplete,
    };
    return { code, patch: patch === undefined ? undefined : new Uint8Array(patch), archive: split };
  });
}

/** Cuts the lists of a record to a size that searches can read. */
class RecordLists {
  readonly incomplete: string[];
  #left = MAX_CHARS;

  constructor(incomplete: readonly string[]) {
    this.incomplete = incomplete.slice(0, MAX_ITEMS);
  }

  take<T extends object, U>(name: string, items: readonly T[], check: (item: T, field: string) => U): U[] {
    const checked = items.slice(0, MAX_ITEMS).map((item, i) => {
      const field = `code.${name}[${i}]`;
      if (typeof item !== "object" || item === null) throw invalidArgument(field, "an object", item);
      return check(item, field);
    });
    const end = checked.findIndex((item) => (this.#left -= JSON.stringify(item).length) < 0);
    const kept = end === -1 ? checked : checked.slice(0, end);
    if (kept.length < items.length)
      this.incomplete.push(`${name}: ${items.length - kept.length} more are not recorded`);
    return kept;
  }
}

function itemsOf<M extends "remotes" | "changes" | "untracked" | "submodules" | "incomplete">(
  given: GivenCode,
  name: M,
): NonNullable<GivenCode[M]> {
  const list = given[name] as readonly unknown[] | undefined;
  return (list === undefined ? [] : ownList(`code.${name}`, "an array", list)) as unknown as NonNullable<GivenCode[M]>;
}

function textsOf(given: GivenCode): Partial<RecordedCode> {
  const names = ["engineVersion", "commit", "branch", "tag", "entry", "directory"] as const;
  return Object.fromEntries(
    names.flatMap((name) => (given[name] === undefined ? [] : [[name, text(given[name], `code.${name}`)]])),
  );
}

const textAt =
  (field: string) =>
  (value: unknown, i: number): string =>
    text(value, `${field}[${i}]`);

function text(value: unknown, field: string): string {
  const own = checkText(value, field, MAX_TEXT);
  return HEX.test(own) ? own : scrub(own);
}

function timeOf<N extends "authoredAt" | "committedAt">(name: N, time: unknown): { readonly [M in N]?: number } {
  if (time === undefined) return {};
  if (typeof time === "number" && Number.isFinite(time)) return { [name]: time } as { readonly [M in N]?: number };
  throw invalidArgument(`code.${name}`, "a time in ms since the epoch", time);
}

function checkDirty(value: unknown, field: string): boolean | "unknown" {
  if (typeof value === "boolean" || value === "unknown") return value;
  throw invalidArgument(field, 'true, false or "unknown"', value);
}
