/**
 * Text for a terminal: at most `max` code points, white space as spaces, and what a terminal or the bidirectional algorithm
 * would act on (controls, escapes, marks of direction, lone surrogates) as U+FFFD.
 */
export function printable(text: string, max: number): string {
  // What is cut off below may be long, and is not looked at.
  const clean = text
    .slice(0, 2 * max + 2)
    .replace(/\s/gu, " ")
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, "\uFFFD");
  const points = [...clean];
  return points.length <= max ? clean : `${points.slice(0, max - 1).join("")}…`;
}

/** How many code points a text has. */
export function lengthOf(text: string): number {
  return [...text].length;
}

/** How many code points the longest text has. */
export function longest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, lengthOf(text)), 0);
}
