import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, totalmem, type as osType, release } from "node:os";

/** A goal, and how near a measurement came. */
export interface Target {
  readonly what: string;
  readonly limit: string;
  readonly measured: string;
  readonly met: boolean;
}

/** What one benchmark found out. */
export interface Section {
  readonly title: string;
  /** How it was measured. */
  readonly method: string;
  /** First row: the heads. */
  readonly table: readonly (readonly string[])[];
  readonly targets: readonly Target[];
}

export function formatSection({ title, method, table }: Section): string {
  return [`## ${title}`, method, markdownTable(table)].join("\n\n");
}

export function formatTargets(sections: readonly Section[]): string {
  const rows = sections.flatMap(({ targets }) =>
    targets.map(({ what, limit, measured, met }) => [what, limit, measured, met ? "yes" : "**no**"]),
  );
  return markdownTable([["goal", "limit", "measured", "met"], ...rows]);
}

/** Packages whose version matters to the results. */
const PEERS = new Set(["better-sqlite3", "@dsnp/parquetjs", "hyparquet", "hyparquet-writer"]);

/** Machine, versions and date. */
export function formatMachine(): string {
  const { version, devDependencies } = packageFile("../package.json");
  const peers = Object.entries({ ...packageFile("./package.json").dependencies, ...devDependencies })
    .filter(([name]) => PEERS.has(name))
    .map((peer) => peer.join(" "))
    .join(", ");
  const cpu = cpus();
  return [
    `- ${new Date().toISOString().slice(0, 10)}, runledger ${version} (${commit()}), built package`,
    `- ${cpu.length} x ${cpu[0]?.model.trim() ?? "unknown processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${osType()} ${release()}`,
    `- Node ${process.versions.node}, V8 ${process.versions.v8}, ${peers}`,
  ].join("\n");
}

function packageFile(path: string): Record<"dependencies" | "devDependencies", Record<string, string>> & {
  version: string;
} {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as ReturnType<typeof packageFile>;
}

function commit(): string {
  try {
    const git = (...args: string[]): string => execFileSync("git", args, { encoding: "utf8", stdio: "pipe" }).trim();
    return `commit ${git("rev-parse", "--short", "HEAD")}${git("status", "--porcelain", "src") === "" ? "" : " with changes"}`;
  } catch {
    return "no git";
  }
}

function markdownTable([heads, ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(heads ?? []), line((heads ?? []).map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join(
    "\n",
  );
}
