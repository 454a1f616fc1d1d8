import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * A fenced block of a document. Its language is what follows the fence. `file=x.ts` names it for the blocks below it; `prints` says
 * that it is the output of the block above it.
 */
export interface Block {
  readonly document: string;
  readonly line: number;
  readonly language: string;
  readonly file: string | undefined;
  readonly prints: boolean;
  readonly code: string;
}

/** The documents a user reads, relative to the repository. */
export function documents(root: string): string[] {
  const below = (folder: string): string[] =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path}`);
  return [...readdirSync(root), ...below("docs"), ...below("src/backends"), ...below("examples"), ...below("bench")]
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".md") && !path.includes("node_modules/") && path !== "CHANGELOG.md")
    .toSorted();
}

export function blocksOf(root: string, document: string): Block[] {
  const blocks: Block[] = [];
  const lines = readFileSync(join(root, document), "utf8").split("\n");
  for (let i = 0; i < lines.length; i++) {
    const [, indent, fence, language, info] = /^( *)(```+)(\S*) *(.*)$/.exec(lines[i] ?? "") ?? [];
    if (fence === undefined) continue;
    const first = i + 1;
    do i++;
    while (i < lines.length && lines[i]?.trim() !== fence);
    blocks.push({
      document,
      line: first,
      language: language ?? "",
      file: /\bfile=(\S+)/.exec(info ?? "")?.[1],
      prints: /\bprints\b/.test(info ?? ""),
      code: lines
        .slice(first, i)
        .map((line) => line.slice(indent?.length ?? 0))
        .join("\n"),
    });
  }
  return blocks;
}

/** Whether a block can be run. */
export function isProgram({ language }: Block): boolean {
  return language === "ts" || language === "js";
}

/** Returns the document and the line of a block. */
export function label({ document, line }: Block): string {
  return `${document}:${line}`;
}

/** Returns the path of a program below `directory`, from where it finds the other programs of its document. */
export function pathIn(directory: string, { document, line, file, language }: Block): string {
  return join(directory, document.replaceAll(/[^A-Za-z0-9]+/g, "-"), file ?? `line-${line}.${language}`);
}
