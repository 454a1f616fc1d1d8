import { readOptions } from "../../arguments/options.ts";
import { invalidArgument, reading } from "../../errors/ledger-error.ts";
import type { Dictionary } from "../../journal/event.ts";
import { isNested } from "../../journal/params.ts";
import { leavesOf } from "../compared-section.ts";
import { printable, timeText } from "../printable.ts";
import { valueTexts } from "../value-identity.ts";
import type { ReproducedCode, Reproduction } from "./reproduction.ts";
import { isCommitId, isPlainRemote, shellWord } from "./shell-word.ts";

/** Options of `formatReproduction`. */
export interface FormatReproductionOptions {
  /** The greatest number of params, data sets and remarks in a list. The rest is counted. Default 30. */
  readonly maxItems?: number | undefined;
}

const INSTALL: ReadonlyMap<string, string> = new Map([
  ["npm", "npm ci"],
  ["pnpm", "pnpm install --frozen-lockfile"],
  ["yarn", "yarn install --immutable"],
  ["bun", "bun install --frozen-lockfile"],
  ["deno", "deno install --frozen"],
]);

/**
 * Returns a plan as steps that a person can follow: get the code, install, get the data, run, check. Values from the
 * record are quoted for a POSIX shell. Read the commands before you run them: the record says what somebody ran.
 */
export function formatReproduction(plan: Reproduction, options?: FormatReproductionOptions): string {
  return reading("plan", () => {
    const { maxItems = 30 } = readOptions("formatReproduction", options, { maxItems: true });
    if (!Number.isSafeInteger(maxItems) || maxItems < 1)
      throw invalidArgument("maxItems", "a positive integer", maxItems);
    if (!isPlan(plan)) throw invalidArgument("plan", "a result of ledger.reproduction", plan);
    const { run, code, missing } = plan;
    const list = (lines: readonly string[]): string[] => [
      ...lines.slice(0, maxItems),
      ...(lines.length > maxItems ? [`… ${lines.length - maxItems} more`] : []),
    ];
    const steps: readonly (readonly [title: string, lines: readonly string[]])[] = [
      ["Get the code", code ? codeSteps(code, run.id) : ["# the run recorded no code"]],
      ["Install", installSteps(plan)],
      ["Get the data", list(dataSteps(plan))],
      ["Run it", [...runSteps(plan), ...list(paramLines(plan.params)), ...seedLines(plan)]],
      ["Check it", [`checkReproduction(await ledger.getRun(${JSON.stringify(run.id)}), await ledger.getRun(again))`]],
    ];
    const out = [
      `${run.name} (${run.id}) of experiment ${run.experiment}`,
      `${run.status}, started ${timeText(run.startTime)}`,
      ...steps.flatMap(([title, lines], i) => ["", `${i + 1}. ${title}`, ...lines.map((line) => `   ${line}`)]),
      "",
      ...(missing.length > 0 ? ["The record does not hold:", ...list(missing).map((line) => `   ${line}`)] : []),
    ];
    return out
      .map((line) => printable(line, 4000).trimEnd())
      .join("\n")
      .trimEnd();
  });
}

function isPlan(value: unknown): value is Reproduction {
  const { run, params, environment, datasets, inputs, seeds, missing } = (value ?? {}) as Partial<Reproduction>;
  return (
    [run, params, environment].every((each) => isNested(each)) &&
    [datasets, inputs, seeds, missing].every((each) => Array.isArray(each))
  );
}

function codeSteps(
  { commit, branch, remotes, patch, archive, untracked, submodules }: ReproducedCode,
  id: string,
): string[] {
  const directory = `reproduce-${/^[\w-]+$/.test(id) ? id : "run"}`;
  const archived = archive
    ? [
        `# ${commit === undefined ? "save" : "or save"} ${archive.read} as sources.zip: ${archive.size} bytes, ${archive.digest}`,
      ]
    : [];
  if (commit === undefined) {
    if (archive) return [...archived, `unzip sources.zip -d ${directory} && cd ${directory}`];
    return ["# the record names no commit"];
  }
  if (!isCommitId(commit)) return [`# at commit ${commit}`];
  return [
    `# in a clone of the repository${branch === undefined ? "" : `, on branch ${branch}`}`,
    ...remotes.map(({ name, url }) =>
      isPlainRemote(url) ? `# ${name}: git clone -- ${shellWord(url)}` : `# ${name}: ${url}`,
    ),
    `git worktree add --detach ../${directory} ${commit} && cd ../${directory}`,
    ...(submodules.length > 0 ? ["git submodule update --init"] : []),
    ...(patch
      ? [
          `# save ${patch.read} as ../changes.patch: ${patch.size} bytes, ${patch.digest}`,
          "git apply --whitespace=nowarn ../changes.patch",
        ]
      : []),
    ...untracked.slice(0, 10).map(({ path, size }) => `# not stored: ${path}, ${size} bytes`),
    ...(untracked.length > 10 ? [`# not stored: ${untracked.length - 10} more files`] : []),
    ...archived,
  ];
}

function installSteps({ environment, code }: Reproduction): string[] {
  const { runtime, os, packageManager, tfjs } = environment;
  const lockfile = code?.lockfile;
  const manager = text(packageManager, "name");
  return [
    `# ${text(runtime, "name") ?? "runtime not recorded"} ${text(runtime, "version") ?? ""}, ${text(os, "name") ?? "system not recorded"} ${text(os, "arch") ?? ""}`,
    ...(isNested(tfjs)
      ? [`# TensorFlow.js ${text(tfjs, "version") ?? ""}, backend ${text(tfjs, "backend") ?? "not recorded"}`]
      : []),
    ...(lockfile ? [`# ${lockfile.path} ${lockfile.digest}`] : []),
    ...(manager !== undefined && INSTALL.has(manager) ? [INSTALL.get(manager)!] : lockfile ? ["npm ci"] : []),
  ];
}

function dataSteps({ datasets, inputs }: Reproduction): string[] {
  const lines = [
    ...datasets.map(({ name, context, digest, uri, artifact }) => {
      const from = artifact === undefined ? uri : `ledger.openArtifact(${JSON.stringify(artifact)})`;
      return `# ${name}${context === undefined ? "" : ` / ${context}`} ${digest} from ${from ?? "where it is: not recorded"}`;
    }),
    ...inputs.map(
      ({ name, version, digest }) =>
        `# ${name}:${version} ${digest} from ledger.openArtifact(${JSON.stringify(`${name}@${digest}`)})`,
    ),
  ];
  return lines.length > 0 ? lines : ["# the run recorded no data set"];
}

function runSteps({ command }: Reproduction): string[] {
  if (!command) return ["# the command line is not recorded"];
  const shown = command.slice(0, 100).map(shellWord);
  return [`${shown.join(" ")}${command.length > 100 ? " # …" : ""}`];
}

function paramLines(params: Dictionary): string[] {
  return leavesOf(params).map(
    ([keys, value]) => `# ${keys.join(".")} = ${printable(valueTexts([value, 0])(value), 200)}`,
  );
}

function seedLines({ seeds }: Reproduction): string[] {
  const names = seeds.slice(0, 10).map(({ path }) => path);
  return seeds.length === 0 ? [] : [`# seeds: ${names.join(", ")}${seeds.length > 10 ? ", …" : ""}`];
}

function text(data: unknown, key: string): string | undefined {
  const value = isNested(data) ? data[key] : undefined;
  return typeof value === "string" ? value : undefined;
}
