import { printable } from "../printable.ts";

/** The longest argument that is printed in a command. */
const MAX_ARGUMENT = 2000;

/** The longest value that is printed in a comment. */
const MAX_IN_COMMENT = 300;

/**
 * Returns a text as one word of a POSIX shell or zsh, quoted if needed. Of a text that {@link isShellWord} refuses, the
 * word shows only what can be printed.
 */
export function shellWord(text: string): string {
  return /^[\w@+:,./-][\w@%+=:,./-]*$/.test(text) ? text : quoted(printable(text, MAX_ARGUMENT));
}

/** Returns a word that a shell takes as a command: it is no assignment, no keyword, no alias. */
export function commandWord(text: string): string {
  return /^(?:node|bun|deno)$|^[\w./-]*\/[\w./-]*$/.test(text) ? text : quoted(printable(text, MAX_ARGUMENT));
}

/** Returns whether {@link shellWord} says exactly this text: it is short, and has nothing that a terminal acts on. */
export function isShellWord(text: string): boolean {
  return printable(text, MAX_ARGUMENT) === text;
}

/**
 * Returns a comment. All values become words of a shell: zsh runs a pasted comment as a command named `#`. The text
 * between the values must have no character that a shell acts on, and not begin with a value.
 */
export function comment(texts: TemplateStringsArray, ...values: readonly unknown[]): string {
  return `# ${texts.map((text, i) => text + (i < values.length ? shellWord(printable(String(values[i]), MAX_IN_COMMENT)) : "")).join("")}`;
}

/** Returns a comment with a text that may be anybody's. */
export function quotedComment(text: string): string {
  return `# ${quoted(printable(text, 2 * MAX_IN_COMMENT))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Returns whether git can fetch from an address without running a program that the address names. */
export function isPlainRemote(url: string): boolean {
  return /^(?:https?|ssh|git):\/\/[^-\s]/.test(url) || /^[\w.][\w.-]{0,60}@[\w.][\w.-]{0,250}:[^:]/.test(url);
}

/** Returns whether a text is the id of a commit. */
export function isCommitId(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

/** Returns the directory of a file, both from the top of the working tree. */
export function directoryOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".";
}

/** Returns a command that runs another one in a directory below. Nothing is entered that is not below. */
export function inDirectory(directory: string, command: string): string {
  if (directory === ".") return command;
  return isBelow(directory)
    ? `(cd ${shellWord(`./${directory}`)} && ${command})`
    : `${comment`in ${directory}`}: ${command}`;
}

/** Returns the command that enters a directory below. */
export function enterDirectory(directory: string): string[] {
  if (directory === ".") return [];
  return [isBelow(directory) ? `cd ${shellWord(`./${directory}`)}` : comment`in ${directory}`];
}

function isBelow(directory: string): boolean {
  return !directory.split("/").includes("..") && isShellWord(`./${directory}`);
}
