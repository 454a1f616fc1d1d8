import { utf8Encoder } from "../../bytes/utf8.ts";

/** A pattern of `.gitignore`. */
interface IgnoreRule {
  readonly isNegated: boolean;
  readonly isForDirectories: boolean;
  readonly matches: (path: string, name: string) => boolean;
}

/** The rules of one file, which apply below the directory of the file. */
export interface IgnoreRules {
  /** The directory with `/` at its end, or an empty text for the top. */
  readonly prefix: string;
  readonly rules: readonly IgnoreRule[];
}

const MAX_PATTERN = 4096;

/** Reads the patterns of a file `.gitignore`. */
export function parseIgnoreRules(text: string, prefix = ""): IgnoreRules {
  const rules: IgnoreRule[] = [];
  for (const line of byteText(text)
    .replace(/^\u00EF\u00BB\u00BF/, "")
    .split("\n")) {
    const rule = parseRule(line.replace(/\r$/, ""));
    if (rule) rules.push(rule);
  }
  return { prefix: byteText(prefix), rules };
}

/** Returns whether a path is ignored. The rules that come later in the list decide first. */
export function isIgnored(levels: readonly IgnoreRules[], filePath: string, isDirectory: boolean): boolean {
  const path = byteText(filePath);
  const name = path.slice(path.lastIndexOf("/") + 1);
  for (let i = levels.length - 1; i >= 0; i--) {
    const { prefix, rules } = levels[i] as IgnoreRules;
    const own = path.slice(prefix.length);
    const rule = rules.findLast((rule) => (isDirectory || !rule.isForDirectories) && rule.matches(own, name));
    if (rule) return !rule.isNegated;
  }
  return false;
}

function parseRule(line: string): IgnoreRule | undefined {
  if (line === "" || line.startsWith("#") || line.length > MAX_PATTERN) return undefined;
  const isNegated = line.startsWith("!");
  // Spaces at the end do not count unless escaped.
  let pattern = line.slice(isNegated ? 1 : 0);
  while (pattern.endsWith(" ") && !pattern.endsWith("\\ ")) pattern = pattern.slice(0, -1);
  const isForDirectories = pattern.endsWith("/");
  if (isForDirectories) pattern = pattern.slice(0, -1);
  if (pattern === "") return undefined;
  const isPath = pattern.includes("/");
  if (pattern.startsWith("/")) pattern = pattern.slice(1);
  return { isNegated, isForDirectories, matches: matcher(pattern, isPath) };
}

function matcher(pattern: string, isPath: boolean): IgnoreRule["matches"] {
  const subject = (path: string, name: string): string => (isPath ? path : name);
  if (!/[*?[\\]/.test(pattern)) return (path, name) => subject(path, name) === pattern;
  if (!isPath && /^\*[^*?[\\]*$/.test(pattern)) return (_, name) => name.endsWith(pattern.slice(1));
  const tokens = tokenize(pattern);
  return (path, name) => matchesTokens(tokens, subject(path, name));
}

/** One character, or any number: of any except `/`, or of whole directories. */
type Token =
  | { readonly kind: "one"; readonly takes: (character: string) => boolean }
  | { readonly kind: "star" | "everything" | "directories" };

function tokenize(pattern: string): Token[] {
  const tokens: Token[] = [];
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i] as string;
    if (character === "*") {
      let end = i;
      while (pattern[end] === "*") end++;
      const isWhole = end - i === 2 && (i === 0 || pattern[i - 1] === "/");
      if (isWhole && pattern[end] === "/") {
        tokens.push({ kind: "directories" });
        end++;
      } else tokens.push({ kind: isWhole && end === pattern.length ? "everything" : "star" });
      i = end - 1;
    } else if (character === "?") tokens.push({ kind: "one", takes: (found) => found !== "/" });
    else if (character === "[") {
      const set = characterSet(pattern, i);
      // Git matches nothing with a set that does not end.
      if (!set) return [{ kind: "one", takes: () => false }];
      tokens.push({ kind: "one", takes: set.takes });
      i = set.end;
    } else {
      const literal = character === "\\" ? (pattern[++i] ?? "\\") : character;
      tokens.push({ kind: "one", takes: (found) => found === literal });
    }
  }
  return tokens;
}

const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  digit: /\d/,
  lower: /[a-z]/,
  upper: /[A-Z]/,
  space: /\s/,
  punct: /[!-/:-@[-`{-~]/,
  xdigit: /[\dA-Fa-f]/,
};

function characterSet(
  pattern: string,
  from: number,
): { readonly end: number; readonly takes: (character: string) => boolean } | undefined {
  let i = from + 1;
  const isNegated = pattern[i] === "!" || pattern[i] === "^";
  if (isNegated) i++;
  const tests: ((character: string) => boolean)[] = [];
  for (let isFirst = true; ; isFirst = false) {
    if (i >= pattern.length) return undefined;
    if (pattern[i] === "]" && !isFirst) break;
    const named = /^\[:(\w+):\]/.exec(pattern.slice(i, i + 16));
    if (named) {
      const known = CLASSES[named[1] as string];
      tests.push((character) => known?.test(character) ?? false);
      i += named[0].length;
      continue;
    }
    if (pattern[i] === "\\") i++;
    const low = pattern[i++] ?? "";
    let high = low;
    if (pattern[i] === "-" && pattern[i + 1] !== "]" && i + 1 < pattern.length) {
      i += pattern[i + 1] === "\\" ? 2 : 1;
      high = pattern[i++] ?? low;
    }
    tests.push((character) => character >= low && character <= high);
  }
  return { end: i, takes: (found) => found !== "/" && tests.some((test) => test(found)) !== isNegated };
}

/** Takes time in proportion to the product of both lengths, for any pattern. */
function matchesTokens(tokens: readonly Token[], text: string): boolean {
  let reached = new Set([0]);
  for (const token of tokens) {
    const next = new Set<number>();
    if (token.kind === "one") {
      for (const at of reached) if (at < text.length && token.takes(text[at] as string)) next.add(at + 1);
    } else if (token.kind === "directories") {
      for (const at of reached) next.add(at);
      for (let at = leastOf(reached); at < text.length; at++) if (text[at] === "/") next.add(at + 1);
    } else {
      let isOpen = false;
      for (let at = 0; at <= text.length; at++) {
        if (reached.has(at)) isOpen = true;
        if (isOpen) next.add(at);
        if (token.kind === "star" && text[at] === "/") isOpen = false;
      }
      if (token.kind === "everything") next.delete(leastOf(reached));
    }
    if (next.size === 0) return false;
    reached = next;
  }
  return reached.has(text.length);
}

function leastOf(numbers: ReadonlySet<number>): number {
  let least = Infinity;
  for (const number of numbers) if (number < least) least = number;
  return least;
}

/** Returns a text with one character for each byte of UTF-8, because git matches bytes. */
function byteText(text: string): string {
  // eslint-disable-next-line no-control-regex
  if (/^[\u0000-\u007f]*$/.test(text)) return text;
  let bytes = "";
  for (const byte of utf8Encoder().encode(text)) bytes += String.fromCharCode(byte);
  return bytes;
}
