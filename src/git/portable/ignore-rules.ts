import { utf8Encoder } from "../../bytes/utf8.ts";
import { type Glob, GlobSubject, parseGlob } from "./glob.ts";

/** A pattern of `.gitignore`. One of `exact`, `suffix` and `glob` is there. */
interface IgnoreRule {
  readonly isNegated: boolean;
  readonly isForDirectories: boolean;
  /** Whether it concerns the path, not only the name. */
  readonly isPath: boolean;
  readonly exact?: string;
  readonly suffix?: string;
  readonly glob?: Glob;
}

/** The rules of one file, which apply below the directory of the file. */
export interface IgnoreRules {
  /** The directory with `/` at its end, or an empty text for the top. */
  readonly prefix: string;
  readonly rules: readonly IgnoreRule[];
  /** What it costs to match a path, in bytes of patterns. */
  readonly cost: number;
}

/**
 * The most that all rules for a path may cost together. With 256 KiB of the worst patterns, a path of 1024 characters
 * takes about 50 ms.
 */
export const MAX_IGNORE_COST: number = 256 * 1024;
/** What a set such as `[a-z]` costs more. It takes as long as 32 characters, because each character is looked at. */
const COST_OF_SET = 32;

/** Reads the patterns of a file `.gitignore`. */
export function parseIgnoreRules(text: string, prefix = ""): IgnoreRules {
  const rules: IgnoreRule[] = [];
  const bytes = byteText(text);
  let cost = bytes.length;
  for (const line of bytes.replace(/^\u00EF\u00BB\u00BF/, "").split("\n")) {
    const rule = parseRule(line.replace(/\r$/, ""));
    if (!rule) continue;
    rules.push(rule);
    cost += COST_OF_SET * (rule.glob?.sets.length ?? 0);
  }
  return { prefix: byteText(prefix), rules, cost };
}

/** Returns what it costs to match a path against all these rules. */
export function costOf(levels: readonly IgnoreRules[]): number {
  return levels.reduce((sum, { cost }) => sum + cost, 0);
}

/** Returns whether a path is ignored. The rules that come later in the list decide first. */
export function isIgnored(levels: readonly IgnoreRules[], filePath: string, isDirectory: boolean): boolean {
  const path = byteText(filePath);
  const name = new Subject(path.slice(path.lastIndexOf("/") + 1));
  for (let i = levels.length - 1; i >= 0; i--) {
    const { prefix, rules } = levels[i] as IgnoreRules;
    const own = new Subject(path.slice(prefix.length));
    const rule = rules.findLast(
      (rule) => (isDirectory || !rule.isForDirectories) && (rule.isPath ? own : name).matches(rule),
    );
    if (rule) return !rule.isNegated;
  }
  return false;
}

/** A path or a name. */
class Subject {
  readonly #text: string;
  #globs: GlobSubject | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  matches({ exact, suffix, glob }: IgnoreRule): boolean {
    if (exact !== undefined) return this.#text === exact;
    if (suffix !== undefined) return this.#text.endsWith(suffix);
    return glob !== undefined && (this.#globs ??= new GlobSubject(this.#text)).matches(glob);
  }
}

function parseRule(line: string): IgnoreRule | undefined {
  if (line === "" || line.startsWith("#")) return undefined;
  const isNegated = line.startsWith("!");
  // Spaces at the end do not count unless escaped.
  let pattern = line.slice(isNegated ? 1 : 0);
  while (pattern.endsWith(" ") && !pattern.endsWith("\\ ")) pattern = pattern.slice(0, -1);
  const isForDirectories = pattern.endsWith("/");
  if (isForDirectories) pattern = pattern.slice(0, -1);
  if (pattern === "") return undefined;
  const isPath = pattern.includes("/");
  if (pattern.startsWith("/")) pattern = pattern.slice(1);
  return { isNegated, isForDirectories, isPath, ...matching(pattern, isPath) };
}

function matching(pattern: string, isPath: boolean): Pick<IgnoreRule, "exact" | "suffix" | "glob"> {
  if (!/[*?[\\]/.test(pattern)) return { exact: pattern };
  if (!isPath && /^\*[^*?[\\]*$/.test(pattern)) return { suffix: pattern.slice(1) };
  return { glob: parseGlob(pattern) };
}

/** Returns a text with one character for each byte of UTF-8, because git matches bytes. */
function byteText(text: string): string {
  // eslint-disable-next-line no-control-regex
  if (/^[\u0000-\u007f]*$/.test(text)) return text;
  let bytes = "";
  for (const byte of utf8Encoder().encode(text)) bytes += String.fromCharCode(byte);
  return bytes;
}
