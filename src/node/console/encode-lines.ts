import { type ConsoleLine, encodeConsoleLine } from "../../journal/console-lines.ts";
import { scrub } from "../../provenance/redaction/scrub.ts";

/** Returns lines of the console as they are stored, without what looks like a secret. */
export function encodeLines(lines: readonly ConsoleLine[]): string {
  const encoded: string[] = [];
  for (let from = 0; from < lines.length;) {
    const { stream } = lines[from]!;
    let to = from + 1;
    while (to < lines.length && lines[to]!.stream === stream) to++;
    for (const line of scrubLines(lines.slice(from, to))) encoded.push(encodeConsoleLine(line));
    from = to;
  }
  return encoded.join("\n");
}

/** Scrubs lines together, because a key may take several. */
function scrubLines(lines: readonly ConsoleLine[]): ConsoleLine[] {
  const text = lines.map((line) => line.text).join("\n");
  const scrubbed = scrub(text);
  if (scrubbed === text) return [...lines];
  const texts = scrubbed.split("\n");
  const last = lines.at(-1)!;
  // After a replacement that took several lines, it is not known which line is which.
  const { continues: _, ...other } = last;
  return texts.map((each, i) => {
    const line = texts.length === lines.length ? lines[i]! : i === texts.length - 1 ? last : other;
    return { ...line, text: each };
  });
}
