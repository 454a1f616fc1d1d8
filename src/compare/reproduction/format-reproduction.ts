import { readOptions } from "../../arguments/options.ts";
import { invalidArgument, reading } from "../../errors/ledger-error.ts";
import type { Dictionary } from "../../journal/event.ts";
import { isNested } from "../../journal/params.ts";
import { leavesOf } from "../compared-section.ts";
import { timeText } from "../printable.ts";
import { valueTexts } from "../value-identity.ts";
import { codeDirectory, codeSteps, START } from "./code-steps.ts";
import { installSteps } from "./install-steps.ts";
import { checkCommand } from "./ledger-commands.ts";
import { machinePaths } from "./machine-paths.ts";
import type { Reproduction } from "./reproduction.ts";
import { commandWord, comment, enterDirectory, isShellWord, quotedComment, shellWord } from "./shell-word.ts";

/** The most arguments of the command line that are printed, and the longest line. */
const MAX_ARGUMENTS = 100;
const MAX_LINE = 20_000;

/** Options of `formatReproduction`. */
export interface FormatReproductionOptions {
  /** The greatest number of params, data sets and remarks in a list. The rest is counted. Default 30. */
  readonly maxItems?: number | undefined;
  /**
   * The place of the ledger for the commands that read it, as `openLedger` of `runledger/node` takes it. A relative place
   * is seen from the directory in which the steps begin. Default `"./runs"`.
   */
  readonly place?: string | undefined;
}

/**
 * Returns a plan as steps that a person can follow: get the code, install, get the data, run, check. Each line is a
 * command that can be pasted, or a comment. Values from the record are quoted for a POSIX shell, also in comments, because
 * zsh runs a pasted comment as a command. Read the commands before you run them: the record says what somebody ran.
 */
export function formatReproduction(plan: Reproduction, options?: FormatReproductionOptions): string {
  return reading("plan", () => {
    const { maxItems = 30, place = "./runs" } = readOptions("formatReproduction", options, {
      maxItems: true,
      place: true,
    });
    if (!Number.isSafeInteger(maxItems) || maxItems < 1)
      throw invalidArgument("maxItems", "a positive integer", maxItems);
    if (typeof place !== "string" || place === "") throw invalidArgument("place", "the place of a ledger", place);
    if (!isPlan(plan)) throw invalidArgument("plan", "a result of ledger.reproduction", plan);
    const { run, code, missing } = plan;
    const list = (lines: readonly string[]): string[] => [
      ...lines.slice(0, maxItems),
      ...(lines.length > maxItems ? [`# … ${lines.length - maxItems} more`] : []),
    ];
    const steps: readonly (readonly [title: string, lines: readonly string[]])[] = [
      ["Get the code", [`START="$PWD"`, ...(code ? codeSteps(code, run.id, place) : ["# the run recorded no code"])]],
      ["Install", installSteps(plan)],
      ["Get the data", list(dataSteps(plan))],
      ["Run it", [...runSteps(plan), ...list(paramLines(plan.params)), ...seedLines(plan)]],
      ["Check it", checkSteps(run.id, place)],
    ];
    const out = [
      comment`run ${run.id} of experiment ${run.experiment}: ${run.name}`,
      comment`status ${run.status}, started ${timeText(run.startTime)}`,
      ...steps.flatMap(([title, lines], i) => ["", `# ${i + 1}. ${title}`, ...lines.map((line) => `   ${line}`)]),
      "",
      ...(missing.length > 0
        ? ["# The record does not hold:", ...list(missing.map(quotedComment)).map((line) => `   ${line}`)]
        : []),
    ];
    // A line that is cut short would leave a quote open.
    return out
      .map((line) => (line.length > MAX_LINE ? "   # a line is left out because it is too long" : line))
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

function dataSteps({ datasets, inputs }: Reproduction): string[] {
  const lines = [
    ...datasets.map(({ name, context, digest, uri, artifact }) => {
      const from = artifact === undefined ? uri : `ledger.openArtifact(${JSON.stringify(artifact)})`;
      const full = `${name}${context === undefined ? "" : ` / ${context}`}`;
      return from === undefined
        ? comment`data set ${full} ${digest} from where it is: not recorded`
        : comment`data set ${full} ${digest} from ${from}`;
    }),
    ...inputs.map(
      ({ name, version, digest }) =>
        comment`artifact ${name}:${version} ${digest} from ${`ledger.openArtifact(${JSON.stringify(`${name}@${digest}`)})`}`,
    ),
  ];
  return lines.length > 0 ? lines : ["# the run recorded no data set"];
}

function runSteps({ command, code }: Reproduction): string[] {
  if (!command) return ["# the command line is not recorded"];
  const [program = "", ...args] = command.slice(0, MAX_ARGUMENTS);
  const line = [commandWord(program), ...args.map(shellWord)].join(" ");
  const isWhole = command.length <= MAX_ARGUMENTS && command.every(isShellWord);
  const whereUnknown = "# the directory in which it was started is not recorded, or was outside of the working tree";
  return [
    ...(code === undefined ? [] : code.directory === undefined ? [whereUnknown] : enterDirectory(code.directory)),
    ...machinePaths(command).map(quotedComment),
    isWhole ? line : `# not all arguments can be printed: ${line}`,
  ];
}

function checkSteps(id: string, place: string): string[] {
  return [
    "# NEW_RUN is the id of the new run, and NEW_LEDGER the place that the program opened:",
    `# a relative one is below ${codeDirectory(id)}`,
    `cd ${START}`,
    checkCommand(place, id),
  ];
}

function paramLines(params: Dictionary): string[] {
  return leavesOf(params).map(([keys, value]) => comment`param ${keys.join(".")} = ${valueTexts([value, 0])(value)}`);
}

function seedLines({ seeds }: Reproduction): string[] {
  const names = seeds.slice(0, 10).map(({ path }) => path);
  return seeds.length === 0 ? [] : [`${comment`seeds: ${names.join(" ")}`}${seeds.length > 10 ? " …" : ""}`];
}
