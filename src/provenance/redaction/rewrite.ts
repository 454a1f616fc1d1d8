/** A part of a text, from one index to another, and its replacement. */
export interface Rewritten {
  readonly from: number;
  readonly to: number;
  readonly by: string;
}

/**
 * Replaces a part of the text for each match of a global `pattern`: the part that `choose` returns, which may be before
 * or after the match. `end` is the index after the match. Nothing before `done` may be replaced any more. The search
 * continues after the part.
 */
export function rewrite(
  text: string,
  pattern: RegExp,
  choose: (found: RegExpExecArray, end: number, done: number) => Rewritten | undefined,
): string {
  let rewritten = "";
  let done = 0;
  pattern.lastIndex = 0;
  for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
    const part = choose(found, pattern.lastIndex, done);
    if (part === undefined) continue;
    rewritten += text.slice(done, part.from) + part.by;
    done = pattern.lastIndex = part.to;
  }
  return rewritten + text.slice(done);
}
