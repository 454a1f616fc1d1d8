import type { Dictionary } from "../../journal/event.ts";
import { redactVariables, redactedCommand, VARIABLES } from "./command-line.ts";
import { containerLimits } from "./container-limits.ts";
import type { EnvironmentOptions } from "./environment-options.ts";
import { Findings } from "./findings.ts";
import { queryGpus } from "./nvidia-smi.ts";
import { describeProject } from "./project.ts";
import { describeTensorFlow } from "./tensorflow.ts";

export { describeTensorFlow } from "./tensorflow.ts";

/** What does not change while the process runs, by working directory and whether GPUs are asked for. */
const known = new Map<string, Promise<Findings>>();

/**
 * Returns what the environment of a run records besides what `captureEnvironment` returns. What cannot be found is left
 * out. `incomplete` says in words what is not permitted or cannot be read, and `redacted` says where a secret was
 * replaced.
 */
export async function describeEnvironment(options: EnvironmentOptions): Promise<Dictionary> {
  const lasting = await describeOnce(options.gpu === true);
  const now = new Findings();
  now.add("tfjs", describeTensorFlow());
  await now.look("locale", () => Intl.DateTimeFormat().resolvedOptions().locale);
  await now.look("timeZone", () => Intl.DateTimeFormat().resolvedOptions().timeZone);
  await now.look("command", () => redactedCommand(now));
  const names = [...VARIABLES, ...(options.variables ?? [])];
  await now.look("variables", () => redactVariables(names, now));
  return { ...lasting.found, ...now.found, ...Findings.remarks(lasting, now) };
}

function describeOnce(withGpus: boolean): Promise<Findings> {
  let directory = "";
  try {
    directory = process.cwd();
  } catch {
    // Not permitted, or the directory is gone.
  }
  const key = `${withGpus} ${directory}`;
  let findings = known.get(key);
  if (findings === undefined) known.set(key, (findings = describeMachine(directory, withGpus)));
  return findings;
}

async function describeMachine(directory: string, withGpus: boolean): Promise<Findings> {
  const findings = new Findings();
  await Promise.all([
    findings.look("container", () => containerLimits()),
    describeProject(findings, directory),
    withGpus && findings.look("gpus", () => queryGpus()),
  ]);
  return findings;
}
