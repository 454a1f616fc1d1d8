import { printable } from "../printable.ts";

/** The longest argument that is printed in a command. */
const MAX_ARGUMENT = 2000;

/**
 * Returns an argument for a POSIX shell, quoted if needed. An argument that is very long, or has characters that a
 * terminal acts on, is not what was recorded any more: it becomes a comment that says so.
 */
export function shellWord(argument: string): string {
  const shown = printable(argument, MAX_ARGUMENT);
  if (shown !== argument) return `'…' # ${printable(argument, 60)}`;
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", String.raw`'\''`)}'`;
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
  return isBelow(directory) ? `(cd ${shellWord(`./${directory}`)} && ${command})` : `# in ${directory}: ${command}`;
}

/** Returns the command that enters a directory below. */
export function enterDirectory(directory: string): string[] {
  if (directory === ".") return [];
  return [isBelow(directory) ? `cd ${shellWord(`./${directory}`)}` : `# in ${directory}`];
}

function isBelow(directory: string): boolean {
  return !directory.split("/").includes("..") && printable(directory, MAX_ARGUMENT - 2) === directory;
}
