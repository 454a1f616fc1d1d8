/**
 * Returns text for a terminal, of at most `max` code points. White space becomes spaces. Characters with an effect on
 * the terminal or on the direction of the text (controls, escapes, marks of direction, lone surrogates) become U+FFFD.
 */
export function printable(text: string, max: number): string {
  // Skips the rest of a long text, which is cut off below.
  const clean = text
    .slice(0, 2 * max + 2)
    .replace(/\s/gu, " ")
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, "\uFFFD");
  const points = [...clean];
  return points.length <= max ? clean : `${points.slice(0, max - 1).join("")}…`;
}

/** Returns the number of code points in a text. */
export function lengthOf(text: string): number {
  return [...text].length;
}

/** Returns the number of code points in the longest text. */
export function longest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, lengthOf(text)), 0);
}

/** Returns a time as people read it, in UTC. */
export function timeText(time: number): string {
  return Math.abs(time) <= 8.64e15 ? new Date(time).toISOString().slice(0, 19).replace("T", " ") : String(time);
}

/** Returns a number of ms as people read it. */
export function durationText(ms: number): string {
  const seconds = ms / 1000;
  if (!(seconds >= 60)) return `${Number(seconds.toPrecision(3))}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${Math.floor(seconds % 60)}s`;
  return `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
}
