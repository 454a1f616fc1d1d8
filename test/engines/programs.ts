import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LoggedPoints } from "./logged.ts";

const SCRIPT = join(import.meta.dirname, "read-metrics.py");
/** `ENGINES_PYTHON`, which test/servers/install-engines.sh makes, else whatever `python3` is. */
export const PYTHON: string = process.env["ENGINES_PYTHON"] ?? "python3";

/** The programs that read whatever the library writes. */
export const PROGRAMS: readonly string[] = ["duckdb", "pyarrow", "pandas", "polars"];

/** What read-metrics.py found out about a ledger. */
export interface Verdict {
  readonly files: number;
  readonly rows: number;
  readonly queries: { readonly key: number; readonly step: number };
  readonly problems: readonly string[];
}

/**
 * Why the programs cannot be run here, or `undefined`. With `ENGINES=required` it throws instead, so that nobody takes for
 * checked what was skipped.
 */
export function whyNot(programs?: readonly string[]): string | undefined {
  const { status, stdout, error } = spawnSync(PYTHON, ["-B", SCRIPT, ...chosen(programs)], {
    encoding: "utf8",
  });
  if (status === 0) return undefined;
  let reason = error ? `${PYTHON}: ${error.message}` : `${PYTHON} ended with ${status}`;
  if (status === 3) reason = `not installed: ${(JSON.parse(stdout) as { missing: string[] }).missing.join(", ")}`;
  if (process.env["ENGINES"] === "required") throw new Error(`the programs are required, but ${reason}`);
  return reason;
}

/** Lets the programs read ledgers, each of which must hold what was logged. */
export function readByPrograms(
  ledgers: readonly { readonly directory: string; readonly logged: LoggedPoints }[],
  programs?: readonly string[],
): Verdict[] {
  const paths = ledgers.flatMap(({ directory, logged }) => {
    const expected = `${directory}.expected.json`;
    writeFileSync(expected, logged.toJson());
    return [directory, expected];
  });
  const args = ["-B", SCRIPT, ...chosen(programs), ...paths];
  const { status, stdout, stderr } = spawnSync(PYTHON, args, { encoding: "utf8", maxBuffer: 2 ** 28 });
  if (status !== 0 && status !== 1) throw new Error(`read-metrics.py ended with ${status}: ${stderr}`);
  const { verdicts } = JSON.parse(stdout) as { verdicts: Verdict[] };
  if (verdicts.length !== ledgers.length) throw new Error(`${verdicts.length} verdicts on ${ledgers.length} ledgers`);
  return verdicts;
}

function chosen(programs?: readonly string[]): string[] {
  return programs ? ["--programs", programs.join(",")] : [];
}
