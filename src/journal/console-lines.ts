/** The key of the texts that hold what a process wrote to the console. */
export const CONSOLE_KEY = "system/console";

/** A line that the process of a run wrote. */
export interface ConsoleLine {
  /** When it was written, in ms since the epoch. */
  readonly time: number;
  /** Where it was written to. */
  readonly stream: "stdout" | "stderr";
  /** The line without its end. Escape sequences for colours are kept; parts that look like secrets are replaced. */
  readonly text: string;
  /** How many lines before this one were not stored, because there were too many. */
  readonly leftOut?: number;
  /** Whether the line was too long, and the next line of the same stream continues it. Absent otherwise. */
  readonly continues?: true;
}

/** Returns a line as it is stored: a JSON list. */
export function encodeConsoleLine({ time, stream, text, leftOut, continues }: ConsoleLine): string {
  const marks = continues ? [leftOut ?? 0, true] : leftOut === undefined ? [] : [leftOut];
  return JSON.stringify([time, stream, text, ...marks]);
}

/** Returns a stored line, or `undefined` for anything else. */
export function decodeConsoleLine(stored: string): ConsoleLine | undefined {
  try {
    const [time, stream, text, leftOut, continues] = JSON.parse(stored) as unknown[];
    if (typeof time !== "number" || (stream !== "stdout" && stream !== "stderr") || typeof text !== "string")
      return undefined;
    return {
      time,
      stream,
      text,
      ...(typeof leftOut === "number" && leftOut > 0 && { leftOut }),
      ...(continues === true && { continues }),
    };
  } catch {
    return undefined;
  }
}
