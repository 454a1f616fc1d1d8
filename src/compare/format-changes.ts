import { type OptionNames, readOptions } from "../arguments/options.ts";
import { invalidArgument, reading } from "../errors/ledger-error.ts";
import { codeLines } from "./format-code-diff.ts";
import type { DatasetChange } from "./dataset-change.ts";
import type { MetricChange } from "./metric-change.ts";
import { lengthOf, longest, printable, timeText } from "./printable.ts";
import type { RunChanges } from "./run-changes.ts";
import type { ValueChange } from "./value-change.ts";
import { valueTexts } from "./value-identity.ts";

/** Options of `formatChanges`. */
export interface FormatChangesOptions {
  /** The greatest number of code points in a line, at least 20. Default 100. */
  readonly width?: number | undefined;
  /** The greatest number of lines, at least 10. Default 60: one page. */
  readonly maxLines?: number | undefined;
}

/** A part of the page: what it is about, its lines, and how many of them are shown at most. */
interface Part {
  readonly title: string;
  readonly lines: readonly string[];
  readonly most: number;
}

const NAMES: OptionNames<FormatChangesOptions> = { width: true, maxLines: true };
const RUN_KEYS: readonly (keyof RunChanges)[] = ["metrics", "datasets", "inputs", "params", "environment", "tags"];

/**
 * Returns what changed as one page of plain text: the status and the metrics first, worse ones at the top, then what may
 * be the reason: code, data sets, params, environment. Says how much it leaves out. No control character of names and
 * values reaches the terminal.
 */
export function formatChanges(changes: RunChanges, options?: FormatChangesOptions): string {
  return reading("changes", () => {
    const { width = 100, maxLines = 60 } = readOptions("formatChanges", options, NAMES);
    if (!Number.isSafeInteger(width) || width < 20) throw invalidArgument("width", "a whole number from 20", width);
    if (!Number.isSafeInteger(maxLines) || maxLines < 10)
      throw invalidArgument("maxLines", "a whole number from 10", maxLines);
    if (!isChanges(changes)) throw invalidArgument("changes", "a result of whatChanged", changes);
    const parts: readonly Part[] = [
      { title: "metrics", lines: table(changes.metrics.map(metricCells), width), most: 12 },
      { title: "code", lines: codeLines(changes.code), most: 24 },
      { title: "data sets", lines: changes.datasets.flatMap(datasetLines), most: 10 },
      { title: "artifacts used", lines: valueLines(changes.inputs, width, versionsText), most: 6 },
      { title: "params", lines: valueLines(changes.params, width), most: 15 },
      { title: "environment", lines: valueLines(changes.environment, width), most: 10 },
      { title: "tags", lines: valueLines(changes.tags, width), most: 6 },
    ];
    const out = [...headLines(changes), ...parts.flatMap(partLines)];
    const unchanged = parts.filter(({ lines }) => lines.length === 0).map(({ title }) => title);
    if (unchanged.length > 0) out.push(`unchanged: ${unchanged.join(", ")}`);
    if (out.length > maxLines) {
      const left = out.length - maxLines + 1;
      out.splice(maxLines - 1, left, `… ${left} more lines`);
    }
    return out.map((line) => printable(line, width).trimEnd()).join("\n");
  });
}

function isChanges(value: unknown): boolean {
  const { code, status, run, previous, ...rest } = (value ?? {}) as Partial<Record<keyof RunChanges, unknown>>;
  return (
    [code, status, run, previous].every((each) => typeof each === "object" && each !== null) &&
    RUN_KEYS.every((key) => Array.isArray((rest as Partial<RunChanges>)[key]))
  );
}

function headLines({ previous, run, chosen, status, code }: RunChanges): string[] {
  const why = {
    entry: `the run before it of ${code.entry.b ?? "the same script"}`,
    experiment: `the run before it in experiment ${run.experiment}`,
    against: "the run to compare with",
  }[chosen];
  const lines = [
    `${short(run.name)} (${run.id})`,
    `since ${short(previous.name)} (${previous.id}), started ${timeText(previous.startTime)}`,
    `  ${why ?? ""}`,
  ];
  const error = status.error ? `: ${status.error.name}: ${status.error.message}` : "";
  if (!status.same || error) lines.push(`status: ${status.after}${error}; it was ${status.before}`);
  return lines;
}

function partLines({ title, lines, most }: Part): string[] {
  if (lines.length === 0) return [];
  const shown = lines.slice(0, lines.length > most ? most - 1 : most).map((line) => `  ${line}`);
  const left = lines.length - shown.length;
  return ["", title, ...shown, ...(left > 0 ? [`  … ${left} more lines`] : [])];
}

function metricCells({ key, goal, verdict, before, after, difference }: MetricChange): string[] {
  const what = goal ? `${key} (${goal.slice(0, 3)})` : key;
  const text = (value: number | undefined): string => (value === undefined ? "-" : number(value));
  return [verdict, what, `${text(before)} → ${text(after)}`, differenceText(before, difference)];
}

function differenceText(before: number | undefined, difference: number | undefined): string {
  if (difference === undefined) return "";
  const sign = difference > 0 ? "+" : "";
  const percent = (difference / Math.abs(before ?? 0)) * 100;
  const share =
    Number.isFinite(percent) && Math.abs(percent) < 1e6 ? `, ${sign}${Number(percent.toPrecision(3))}%` : "";
  return `${sign}${number(difference)}${share}`;
}

function datasetLines({ name, context, kind, before, after, ...more }: DatasetChange): string[] {
  const { rows, addedColumns = [], removedColumns = [], retypedColumns = [] } = more;
  const facts = [
    ...(rows === undefined || rows === 0 ? [] : [`${Math.abs(rows)} rows ${rows > 0 ? "more" : "fewer"}`]),
    ...namesText("columns added", addedColumns),
    ...namesText("columns removed", removedColumns),
    ...namesText(
      "columns with another type",
      retypedColumns.map((column) => `${column.name} ${column.before} → ${column.after}`),
    ),
  ];
  return [
    `${short(name)}${context === undefined ? "" : ` / ${short(context)}`}: ${kind}, ${arrow(kind, versionsText(before), versionsText(after))}`,
    ...facts.map((fact) => `  ${fact}`),
  ];
}

function namesText(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const rest = names.length > 5 ? `, and ${names.length - 5} more` : "";
  return [`${what}: ${names.slice(0, 5).map(short).join(", ")}${rest}`];
}

function valueLines<T>(changes: readonly ValueChange<T>[], width: number, format?: (value: T) => string): string[] {
  return table(
    changes.map(({ path, kind, ...values }) => {
      const present = [values.before, values.after].filter(
        (_, i) => kind === "changed" || (kind === "added") === (i === 1),
      );
      const text = (value: unknown): string => (format ? format(value as T) : valueTexts(present)(value));
      return [
        path,
        arrow(kind, kind === "added" ? "" : text(values.before), kind === "removed" ? "" : text(values.after)),
      ];
    }),
    width,
  );
}

function arrow(kind: ValueChange["kind"], before: string, after: string): string {
  return kind === "added"
    ? `${short(after)} (new)`
    : kind === "removed"
      ? `${short(before)} (gone)`
      : `${short(before)} → ${short(after)}`;
}

function versionsText(versions: readonly { readonly version?: string; readonly digest: string }[]): string {
  return versions
    .slice(0, 10)
    .map(({ version, digest }) => `${version ? `${version} ` : ""}${digest.replace(/^[\w-]{1,20}:/, "").slice(0, 12)}`)
    .join(", ");
}

/** Returns rows of cells as lines with columns. Only the first columns of rows are padded. */
function table(rows: readonly (readonly string[])[], width: number): string[] {
  const cut = rows.map((cells) =>
    cells.map((cell, i) => printable(cell, Math.floor(width * (i === cells.length - 1 ? 1 : 0.5)))),
  );
  const widths = (cut[0] ?? []).map((_, i) => longest(cut.map((cells) => cells[i] ?? "")));
  return cut.map((cells) =>
    cells
      .map((cell, i) => cell + " ".repeat(widths[i]! - lengthOf(cell)))
      .join("  ")
      .trimEnd(),
  );
}

/** Returns a text that leaves room for others in its line. */
const short = (text: string): string => printable(text, 60);
const number = (value: number): string => String(Number(value.toPrecision(6)));
