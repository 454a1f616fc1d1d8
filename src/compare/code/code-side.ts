import type { RecordedCode } from "../../journal/recorded-code.ts";
import { isWhole, parseInSteps, type PatchSection } from "../../provenance/patch/patch-sections.ts";

/** The code of a run, and what was read of it. */
export interface ReadCode {
  /** What the run recorded. */
  readonly code: RecordedCode | undefined;
  /** The bytes of the recorded patch. Absent if there is none, or if it was not read. */
  readonly patch?: Uint8Array | undefined;
  /** The bytes of the recorded archive of the sources. Absent if there is none, or if it was not read. */
  readonly archive?: Uint8Array | undefined;
  /** Why the recorded patch was not read: `"patch: it is damaged"`. */
  readonly unread?: string | undefined;
}

/** The most files and hunks of a patch that is compared by file. */
const MAX_PARTS = 20_000;
/** Subjects of remarks that say nothing about the code itself. `lockfile` is compared on its own. */
const ASIDE: readonly string[] = ["remotes", "tag", "branch", "engine", "lockfile", "sources"];

/** The code of one of the runs that are compared. Knows what the record of it does not show. */
export class CodeSide {
  readonly #name: string;
  readonly code: RecordedCode | undefined;
  readonly incomplete: readonly string[];
  /** The sections of the patch: none if nothing was changed, `undefined` if they are not known. */
  readonly sections: readonly PatchSection[] | undefined;

  private constructor(
    name: string,
    { code, unread }: Omit<ReadCode, "patch">,
    sections: readonly PatchSection[] | undefined,
  ) {
    this.#name = name;
    this.code = code;
    this.incomplete = [...(code?.incomplete ?? []), ...(unread === undefined ? [] : [unread])];
    this.sections = sections;
  }

  /** Parses the patch of a run. Yields where it may be interrupted. */
  static *parse(name: string, read: ReadCode): Generator<undefined, CodeSide> {
    const isUnchanged = read.code?.dirty === false && !read.code.patch;
    const sections = read.patch ? yield* parseInSteps(read.patch, MAX_PARTS) : isUnchanged ? [] : undefined;
    if (read.patch && sections && !isWhole(read.patch, sections)) {
      const unread = "patch: it has parts that are no changes of files as git writes them";
      return new CodeSide(name, { code: read.code, unread }, sections);
    }
    const isLong = read.patch !== undefined && sections === undefined;
    const unread = isLong
      ? `patch: it has more than ${MAX_PARTS} files and hunks, and is not compared by file`
      : read.unread;
    return new CodeSide(name, { code: read.code, unread }, sections);
  }

  /** Whether the run has an archive of the sources instead of a commit, so that there cannot be a patch. */
  get isArchive(): boolean {
    return this.code?.engine === "archive" && !this.code.patch;
  }

  /** Whether a change that the patch lacks was not in the code either. */
  get hasAllChanges(): boolean {
    const { code } = this;
    if (!this.knows("dirty") || !this.knows("patch")) return false;
    if (code?.patch && code.patch.size > 0) return code.patch.complete;
    return code?.dirty === false;
  }

  /** Returns whether a member that the record lacks was absent in the repository. */
  knows(member: string): boolean {
    if (!this.code || this.code.engine === "unknown") return false;
    return !this.incomplete.some((remark) => remark.startsWith(`${member}:`) || remark.startsWith("commit:"));
  }

  /** Returns in words which other code earlier sessions of the run ran. */
  otherSessions(): string[] {
    return this.incomplete.filter((remark) => remark.startsWith("sessions:")).map((gap) => `${this.#name}: ${gap}`);
  }

  /** Returns in words what the record does not show of the code. */
  gaps(): string[] {
    const { code, incomplete } = this;
    if (!code) return [`${this.#name}: the run recorded no code`];
    const gaps = incomplete.filter((remark) => !ASIDE.some((subject) => remark.startsWith(`${subject}:`)));
    if (code.engine === "unknown") gaps.push("commit: the record does not say what read the repository");
    else if (code.commit === undefined && !code.patch && !code.archive && !this.isArchive)
      gaps.push("commit: it is not recorded");
    if (this.isArchive) {
      if (!code.archive && !gaps.some((gap) => gap.startsWith("archive:")))
        gaps.push("archive: the sources are not recorded");
    } else if (code.dirty !== false && (code.patch?.size ?? 0) === 0) gaps.push("patch: the changes are not recorded");
    if (code.patch && !code.patch.complete && !gaps.some((gap) => gap.startsWith("patch:")))
      gaps.push("patch: it is not complete");
    const inside = code.submodules.filter(({ dirty }) => dirty !== false).length;
    if (inside > 0) gaps.push(`submodules: the changes in ${inside} are not recorded`);
    const missing = this.#unstored(code);
    if (missing > 0) gaps.push(`untracked: the contents of ${missing} files are not recorded`);
    return gaps.map((gap) => `${this.#name}: ${gap}`);
  }

  /** Returns the number of untracked files whose contents the patch does not have. */
  #unstored({ untracked }: RecordedCode): number {
    if (untracked.length === 0) return 0;
    const stored = new Set(this.sections?.map(({ path }) => path));
    return untracked.filter(({ path }) => !stored.has(path)).length;
  }
}
