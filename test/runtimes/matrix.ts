/** What is used of a test in a report of vitest. */
export interface ReportedTest {
  /** The name of the runtime, then that of the backend, unless the test is of the runtime as a whole. */
  readonly ancestorTitles: readonly string[];
  readonly title: string;
  readonly status: string;
  readonly meta?: { readonly version?: string; readonly backend?: string; readonly skipped?: string };
}

/** A report of vitest, from its reporter `json`. */
export interface VitestReport {
  readonly testResults: readonly { readonly name: string; readonly assertionResults: readonly ReportedTest[] }[];
}

/** The files whose tests call `describePlatform`, in the order of the matrix. */
export const PLATFORM_FILES: readonly string[] = ["runtimes", "workerd", "chromium", "firefox", "webkit"].map(
  (name) => `test/platforms/${name}.test.ts`,
);

const HEAD = ["| runtime | version | quickstart | conformance: cases passed |", "| --- | --- | --- | --- |"];

/** Returns the rows of a Markdown table that says what passed in each runtime, what failed, and what was not run and why. */
export function matrixOf({ testResults }: VitestReport): string[] {
  const rows = new Map<string, ReportedTest[]>();
  for (const file of PLATFORM_FILES) {
    const found = testResults.find(({ name }) => name.replaceAll("\\", "/").endsWith(file));
    if (found === undefined || found.assertionResults.length === 0)
      throw new Error(`the report has no tests of ${file}`);
    for (const test of found.assertionResults) {
      const name = test.ancestorTitles[0]!;
      rows.set(name, [...(rows.get(name) ?? []), test]);
    }
  }
  return [...HEAD, ...[...rows].map(([name, tests]) => rowOf(name, tests))];
}

function rowOf(name: string, tests: readonly ReportedTest[]): string {
  const first = tests.find(({ title }) => title === "the quickstart");
  const { version = "–", backend = "", skipped } = first?.meta ?? {};
  if (skipped !== undefined) return `| ${name} | – | not run: ${skipped} | not run |`;
  const quickstart = first?.status === "passed" ? `passed (${backend})` : "**failed**";
  const backends = new Set(tests.flatMap(({ ancestorTitles }) => ancestorTitles.slice(1)));
  const casesOf = (each: string): ReportedTest[] => tests.filter(({ ancestorTitles }) => ancestorTitles[1] === each);
  const conformance = [...backends].map((each) => `${each} ${outcomeOf(casesOf(each))}`).join(", ");
  return `| ${name} | ${version} | ${quickstart} | ${conformance} |`;
}

function outcomeOf(cases: readonly ReportedTest[]): string {
  const failed = cases.filter(({ status }) => status === "failed").length;
  if (failed > 0) return `**${failed} failed**`;
  const skipped = cases.find(({ meta }) => meta?.skipped !== undefined)?.meta?.skipped;
  if (skipped !== undefined) return `not run (${skipped})`;
  return String(cases.filter(({ status }) => status === "passed").length);
}

const [BEGIN, END] = ["<!-- runtimes -->", "<!-- /runtimes -->"];

/** Returns the text of a document between the marks of the matrix. */
export function blockOf(document: string): string {
  const [start, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (start < 0 || end < start) throw new Error(`the document has no ${BEGIN} and ${END}`);
  return document.slice(start + BEGIN.length, end);
}

/** Returns the document with another text between the marks. */
export function withBlock(document: string, block: string): string {
  return document.replace(`${BEGIN}${blockOf(document)}${END}`, () => `${BEGIN}${block}${END}`);
}
