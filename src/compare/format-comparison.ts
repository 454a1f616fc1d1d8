import { type OptionNames, readOptions } from "../arguments/options.ts";
import { invalidArgument, reading } from "../errors/ledger-error.ts";
import type { ComparedRun, RunComparison, ComparedMetric } from "./compare-records.ts";
import { durationText, lengthOf, longest, printable, timeText } from "./printable.ts";
import { valueTexts } from "./value-identity.ts";
import type { ComparedSection } from "./compared-section.ts";

/** Options of `formatComparison`. */
export interface FormatComparisonOptions {
  /** The greatest number of code points in a line, at least 20. Default 100. */
  readonly width?: number | undefined;
  /** The greatest number of rows below the head of the table; the rest is counted. Default 200. */
  readonly maxRows?: number | undefined;
  /** Whether to list what is the same in all runs, and not only count it. Default `false`. */
  readonly all?: boolean | undefined;
}

/** A row of the table: its label, and per run a text that may be cut and a mark that may not. */
interface Line {
  readonly label: string;
  readonly cells: readonly (readonly [text: string, mark: string])[];
}

const NAMES: OptionNames<FormatComparisonOptions> = { width: true, maxRows: true, all: true };
const GAP = 2;
/** A run gets a column this wide, gap included, or goes into a further table below. */
const MIN_COLUMN = 14;
const SECTIONS = ["attributes", "params", "datasets", "inputs", "code", "environment", "tags"] as const;

/**
 * Returns a comparison as plain text: a column for each run, the best of each metric marked with `*`. Metrics show the
 * best value by their goal, else the last. Names and values may come from other people, so no control character of
 * theirs reaches the terminal.
 */
export function formatComparison(comparison: RunComparison, options?: FormatComparisonOptions): string {
  return reading("comparison", () => {
    const { width = 100, maxRows = 200, all = false } = readOptions("formatComparison", options, NAMES);
    if (!Number.isSafeInteger(width) || width < 20) throw invalidArgument("width", "a whole number from 20", width);
    if (!Number.isSafeInteger(maxRows) || maxRows < 1) throw invalidArgument("maxRows", "a positive integer", maxRows);
    const { runs, metrics } = (comparison ?? {}) as Partial<RunComparison>;
    if (!Array.isArray(runs) || !Array.isArray(metrics))
      throw invalidArgument("comparison", "a result of compareRuns or compareRecords", comparison);
    if (runs.length === 0) return "no runs";

    const body = [
      ...titled(
        "metrics",
        metrics.map((metric) => metricLine(metric, runs)),
      ),
      ...SECTIONS.flatMap((name) =>
        titled(name, sectionLines(comparison[name], runs.length, all, name === "datasets" || name === "inputs")),
      ),
    ];
    const lines = [...head(runs), ...body.slice(0, maxRows)];
    const labels = lines.map(({ label }) => printable(label, Math.floor(width * 0.4)));
    const first = longest(labels);
    const perTable = Math.max(1, Math.floor((width - first) / MIN_COLUMN));
    let out: string[] = [];
    for (let from = 0; from < runs.length; from += perTable) {
      if (from > 0) out.push("");
      out = out.concat(table(labels, first, lines, from, Math.min(from + perTable, runs.length), width));
    }
    if (body.length > maxRows) out.push(`… ${body.length - maxRows} more rows`);
    const same = SECTIONS.flatMap((name) =>
      comparison[name].same.length ? [`${comparison[name].same.length} ${name}`] : [],
    );
    if (!all && same.length > 0) out.push(`same: ${same.join(", ")}`);
    return out.map((line) => printable(line.trimEnd(), width)).join("\n");
  });
}

function table(
  labels: readonly string[],
  first: number,
  lines: readonly Line[],
  from: number,
  to: number,
  width: number,
): string[] {
  const cap = Math.floor((width - first) / (to - from)) - GAP;
  const rows = [...labels];
  const pad = (text: string, length: number): string => text + " ".repeat(length - lengthOf(text));
  let before = first;
  for (let run = from; run < to; run++) {
    const cells = lines.map(({ cells }) => {
      const [text, mark] = cells[run] ?? ["", ""];
      return printable(text, cap - mark.length) + mark;
    });
    for (const [i, cell] of cells.entries()) rows[i] = pad(rows[i] as string, before + GAP) + cell;
    before += GAP + longest(cells);
  }
  return rows;
}

function titled(name: string, lines: readonly Line[]): Line[] {
  return lines.length === 0 ? [] : [{ label: name, cells: [] }, ...lines];
}

function head(runs: readonly ComparedRun[]): Line[] {
  const line = (label: string, text: (run: ComparedRun) => string): Line => ({
    label,
    cells: runs.map((run) => [text(run), ""]),
  });
  return [
    line("", ({ name }) => name),
    ...(["id", "experiment", "status"] as const).map((key) => line(key, (run) => run[key])),
    line("started", ({ startTime }) => timeText(startTime)),
    line("duration", ({ duration }) => (duration === undefined ? "-" : durationText(duration))),
  ];
}

function metricLine({ key, goal, goalConflict, values, best }: ComparedMetric, runs: readonly ComparedRun[]): Line {
  const what = goalConflict ? " (goals differ)" : goal ? ` (${goal.slice(0, 3)})` : "";
  return {
    label: `  ${key}${what}`,
    cells: values.map((summary, i) => {
      if (summary === undefined) return ["-", ""];
      const value = (goal && summary.best ? summary.best : summary.last).value;
      return [String(Number(value.toPrecision(6))), best.includes(runs[i]?.id as string) ? " *" : ""];
    }),
  };
}

function sectionLines(section: ComparedSection, count: number, all: boolean, hasVersions: boolean): Line[] {
  const readable = (value: unknown): unknown => (hasVersions && value ? versionsText(value as Version[]) : value);
  const cellsOf = (values: readonly unknown[], present?: readonly boolean[]): Line["cells"] => {
    const shown = values.map(readable);
    const text = valueTexts(present ? shown.filter((_, i) => present[i]) : shown);
    return shown.map((value, i) => [present?.[i] === false ? "-" : text(value), ""]);
  };
  const rows = section.differs.map(({ path, values, present }) => ({ path, cells: cellsOf(values, present) }));
  if (all) for (const { path, value } of section.same) rows.push({ path, cells: cellsOf(Array(count).fill(value)) });
  return rows.map(({ path, cells }) => ({ label: `  ${path}`, cells }));
}

interface Version {
  readonly version?: string;
  readonly digest: string;
}

function versionsText(versions: readonly Version[]): string {
  return versions
    .map(({ version, digest }) => `${version ? `${version} ` : ""}${digest.replace(/^[\w-]{1,20}:/, "").slice(0, 12)}`)
    .join(", ");
}
