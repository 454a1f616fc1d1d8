import type { Block } from "./blocks.ts";

/** Documents that show what each of their programs prints. */
export const SHOWN: ReadonlySet<string> = new Set([
  "README.md",
  "docs/guide.md",
  "docs/coming-from.md",
  "docs/search.md",
  "docs/errors.md",
  "docs/tensorflow-js.md",
]);

const CALL = /\bconsole\.log\(/g;
const SAID = /\bconsole\.log\(.*\); \/\/ (.+)$/gm;

/**
 * Returns the lines that a document says a program prints: the block `prints` behind the program, else the comments behind its
 * `console.log` calls. `…` stands for any text. Throws if a call has no comment.
 */
export function outputOf(block: Block, next: Block | undefined): string[] {
  if (next?.prints === true) return next.code.split("\n");
  const said = [...block.code.matchAll(SAID)].map(([, text]) => text!);
  const calls = block.code.match(CALL)?.length ?? 0;
  if (said.length === calls) return said;
  throw new Error(
    `${block.document}:${block.line}: ${calls - said.length} calls of console.log do not say what they print`,
  );
}

/** Whether a program printed these lines. */
export function fits(printed: string, said: readonly string[]): boolean {
  const lines = printed === "" ? [] : printed.trimEnd().split("\n");
  return lines.length === said.length && said.every((text, i) => pattern(text).test(lines[i]!));
}

function pattern(text: string): RegExp {
  const parts = text.split("…").map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}
