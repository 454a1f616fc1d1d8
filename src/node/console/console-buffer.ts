import type { ConsoleLine } from "../../journal/console-lines.ts";
import type { Clock } from "../../platform/clock.ts";
import { REDACTED } from "../../provenance/redaction/token-shapes.ts";
import type { StreamName } from "./console-tap.ts";

/** A longer line without an end is cut into pieces of at most this number of characters. */
const LONGEST_LINE: number = 16 * 1024;
/** How far before its end a piece may end earlier, so that no token is cut in two. */
const CUT_CHARS = 2048;
const BETWEEN = /[\s"'`,;(){}<>]/;
/** How many characters are kept for the end once the session has stored all that it may. */
const LAST: number = 256 * 1024;
/** What a line takes besides its text. */
const OVERHEAD = 32;

/** Lines of a private key. */
const KEY_BEGINS = /-----BEGIN[A-Z0-9 ]{0,40}KEY-----/;
const KEY_ENDS = /-----END[A-Z0-9 ]{0,40}KEY-----/;
const KEY_BODY = /^[\w+/=:,. \t-]*$/;
/** A key has fewer lines. */
const MAX_KEY_LINES = 200;

/** The lines of a session that wait to be stored. Bounded, whatever the process writes. */
export class ConsoleBuffer {
  /** The characters that wait to be stored now. */
  waiting = 0;
  readonly #clock: Clock;
  readonly #maxChars: number;
  readonly #unfinished = { stdout: "", stderr: "" };
  /** How many more lines of each stream may belong to a private key that began. */
  readonly #keyLines = { stdout: 0, stderr: 0 };
  #lines: ConsoleLine[] = [];
  #taken = 0;
  #last: ConsoleLine[] = [];
  #lastChars = 0;
  #leftOut = 0;

  constructor(clock: Clock, maxChars: number) {
    this.#clock = clock;
    this.#maxChars = maxChars;
  }

  add(stream: StreamName, text: string): void {
    const lines = (this.#unfinished[stream] + text).split("\n");
    let rest = lastState(lines.pop()!);
    for (const line of lines) this.#addLine(stream, lastState(line).replace(/\r+$/, ""));
    while (rest.length > LONGEST_LINE) {
      const end = endOfPiece(rest);
      this.#addLine(stream, rest.slice(0, end), true);
      rest = rest.slice(end);
    }
    this.#unfinished[stream] = rest;
  }

  /** Returns the lines that wait to be stored now, and forgets them. */
  take(): ConsoleLine[] {
    this.waiting = 0;
    return this.#lines.splice(0);
  }

  /** Returns everything that is left: the lines that wait, those that were kept for the end, and unfinished lines. */
  takeLast(): ConsoleLine[] {
    for (const stream of ["stdout", "stderr"] as const) {
      const text = this.#unfinished[stream].replace(/\r+$/, "");
      if (text !== "") this.#addLine(stream, text);
      this.#unfinished[stream] = "";
    }
    const [first, ...more] = this.#last.splice(0);
    const last = first ? [{ ...first, ...(this.#leftOut > 0 && { leftOut: this.#leftOut }) }, ...more] : [];
    return [...this.take(), ...last];
  }

  /** Returns the line, or what stands for a line of a private key: its lines are not all stored together. */
  #withoutKey(stream: StreamName, line: string): string {
    const left = this.#keyLines[stream];
    // A key within one line is found later, with all other secrets.
    if (left === 0 && (!KEY_BEGINS.test(line) || KEY_ENDS.test(line))) return line;
    const isKey = left === 0 || KEY_BODY.test(line);
    this.#keyLines[stream] = !isKey || KEY_ENDS.test(line) ? 0 : left === 0 ? MAX_KEY_LINES : left - 1;
    return isKey ? REDACTED : line;
  }

  #addLine(stream: StreamName, shown: string, continues = false): void {
    const text = this.#withoutKey(stream, shown);
    const line: ConsoleLine = {
      time: Math.round(this.#clock.now()),
      stream,
      text,
      ...(continues && { continues: true as const }),
    };
    const size = text.length + OVERHEAD;
    if (this.#last.length === 0 && this.#leftOut === 0 && this.#taken + size <= this.#maxChars) {
      this.#taken += size;
      this.waiting += size;
      this.#lines.push(line);
      return;
    }
    this.#last.push(line);
    this.#lastChars += size;
    // Removed in batches, because each removal moves the others.
    if (this.#lastChars <= 2 * LAST) return;
    let removed = 0;
    while (this.#lastChars > LAST) this.#lastChars -= this.#last[removed++]!.text.length + OVERHEAD;
    this.#last.splice(0, removed);
    this.#leftOut += removed;
  }
}

/** Returns where the first piece of a long line ends: behind a character that no token has, if there is one. */
function endOfPiece(line: string): number {
  for (let at = LONGEST_LINE; at > LONGEST_LINE - CUT_CHARS; at--) if (BETWEEN.test(line[at - 1] as string)) return at;
  // Not within a pair of surrogates.
  return /[\ud800-\udbff]/.test(line[LONGEST_LINE - 1] as string) ? LONGEST_LINE - 1 : LONGEST_LINE;
}

/** What moves the cursor to the beginning of the line, and the text before it, if other text follows. */
// eslint-disable-next-line no-control-regex
const OVERWRITTEN = /^[^]*(?:\r|\u001b\[[01]?G)(?=[^\r])/;
// eslint-disable-next-line no-control-regex
const ERASED = /^(?:\u001b\[[0-2]?K)+/;

/** Returns what a line shows after its refreshes, as progress bars write them. Keeps a carriage return at its end. */
function lastState(line: string): string {
  if (!line.includes("\r") && !line.includes("\u001b")) return line;
  return line.replace(OVERWRITTEN, "").replace(ERASED, "");
}
