/** Members that a reader may leave out. */
const OPTIONAL: ReadonlySet<string> = new Set(["overviews", "segments", "value"]);
/** Differences that are told. */
const MOST = 20;

/**
 * Returns where two trees of data differ, a line each. Numbers are the same if their bits are, but NaN is one value; keys
 * have no order, lists have.
 */
export function differences(wanted: unknown, found: unknown): string[] {
  const lines: string[] = [];
  compare(wanted, found, "", lines);
  return lines.length > MOST ? [...lines.slice(0, MOST), `and ${lines.length - MOST} more`] : lines;
}

/** Paths of lists whose order means nothing. */
const UNORDERED = /\.record\.damage$/;

/** Paths of the columns of series: float64 values in base64. */
const SERIES = /^\.(?:runs\..*\.(?:histories|latest)|overviews)\..*\.(?:steps|times|values)$/s;

function numbersOf(base64: string): number[] {
  const bytes = Buffer.from(base64, "base64");
  return Array.from({ length: Math.floor(bytes.length / 8) }, (_, i) => bytes.readDoubleLE(8 * i));
}

function sorted(list: readonly unknown[]): unknown[] {
  const entries = list.map((item) => [JSON.stringify(Object.entries(item as object).sort()), item] as const);
  return entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, item]) => item);
}

type Branch = { readonly [name: string]: unknown };
const isBranch = (value: unknown): value is Branch =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function compare(wanted: unknown, found: unknown, path: string, lines: string[]): void {
  if (Array.isArray(wanted) && Array.isArray(found)) {
    if (wanted.length !== found.length) lines.push(`${path}: ${found.length} items in place of ${wanted.length}`);
    else {
      const [a, b] = UNORDERED.test(path) ? [sorted(wanted), sorted(found)] : [wanted, found];
      a.forEach((item, i) => compare(item, b[i], `${path}[${i}]`, lines));
    }
  } else if (SERIES.test(path) && typeof wanted === "string" && typeof found === "string") {
    const [a, b] = [numbersOf(wanted), numbersOf(found)];
    if (a.length !== b.length) lines.push(`${path}: ${b.length} numbers in place of ${a.length}`);
    const at = a.findIndex((number, i) => !Object.is(number, b[i]));
    if (at >= 0) lines.push(`${path}[${at}]: ${show(b[at])} in place of ${show(a[at])}`);
  } else if (isBranch(wanted) && isBranch(found)) compareBranches(wanted, found, path, lines);
  else if (!Object.is(wanted, found)) lines.push(`${path}: ${show(found)} in place of ${show(wanted)}`);
}

function compareBranches(wanted: Branch, found: Branch, path: string, lines: string[]): void {
  for (const key of Object.keys(wanted)) {
    const here = `${path}.${key}`;
    if (Object.hasOwn(found, key)) compare(wanted[key], found[key], here, lines);
    else if (!OPTIONAL.has(key)) lines.push(`${here} is missing`);
  }
  for (const key of Object.keys(found))
    if (!Object.hasOwn(wanted, key)) lines.push(`${path}.${key} should not be there`);
}

function show(value: unknown): string {
  const text = typeof value === "bigint" ? `${value}n` : Object.is(value, -0) ? "-0" : (JSON.stringify(value) ?? "");
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
