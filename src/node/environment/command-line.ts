import { basename } from "node:path";
import { setOwn } from "../../bytes/dictionary.ts";
import type { Dictionary } from "../../journal/event.ts";
import { redactArguments, redactData } from "../../provenance/redaction/data.ts";
import type { Findings } from "./findings.ts";
import { fromHere, optionFromHere } from "./local-path.ts";

/** The environment variables that are recorded. All others are only counted. */
export const VARIABLES: readonly string[] = [
  "CI",
  "NODE_ENV",
  "TZ",
  "RANK",
  "WORLD_SIZE",
  "CUDA_VISIBLE_DEVICES",
  "OMP_NUM_THREADS",
  "SLURM_JOB_ID",
];

/** The most arguments, and the most characters of one, that are recorded. */
const MAX_ARGUMENTS = 1000;
const MAX_LENGTH = 10_000;

/**
 * Returns the command line without its secrets: the name of the runtime, its options, the script, and the arguments. The
 * script, and loaders in the options, are as seen from the working directory if they are in its project. `findings` gets
 * the places of the secrets.
 */
export function redactedCommand(
  findings: Findings,
  { execArgv, argv }: Pick<NodeJS.Process, "execArgv" | "argv"> = process,
): string[] {
  const [runtime = "", script, ...rest] = argv;
  const options = execArgv.slice(0, MAX_ARGUMENTS).map(optionFromHere);
  const command = [basename(runtime), ...options, ...(script === undefined ? [] : [fromHere(script)]), ...rest];
  const kept = command.slice(0, MAX_ARGUMENTS);
  const redacted = redactArguments(kept);
  for (const [i, argument] of redacted.entries())
    if (argument !== kept[i]) findings.redacted.push({ kind: "argument", place: `command[${i}]` });
  if (execArgv.length + argv.length > MAX_ARGUMENTS || redacted.some(({ length }) => length > MAX_LENGTH))
    findings.incomplete.push(`command: at most ${MAX_ARGUMENTS} arguments of ${MAX_LENGTH} characters are kept`);
  return redacted.map((argument) => argument.slice(0, MAX_LENGTH));
}

/** Returns the environment variables of these names without secrets, and how many others are set. */
export function redactVariables(
  names: readonly string[],
  findings: Findings,
  variables: NodeJS.ProcessEnv = process.env,
): Dictionary | undefined {
  const given: Dictionary<string> = {};
  for (const name of new Set(names)) {
    const value = variables[name];
    if (value !== undefined) setOwn(given, name, value);
  }
  const redacted = redactData(given);
  for (const [name, value] of Object.entries(given))
    if (redacted[name] !== value) findings.redacted.push({ kind: "variable", place: `variables.${name}` });
  const others = Object.keys(variables).filter((name) => !Object.hasOwn(given, name)).length;
  findings.add("otherVariables", others);
  return Object.keys(redacted).length > 0 ? redacted : undefined;
}
